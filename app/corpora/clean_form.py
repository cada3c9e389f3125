"""A version without what the data doctor flagged: by which checks, how many rows, what name."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.corpora.finding_rows import reason_label
from app.corpora.starting import name_field, start_work, work_key
from app.text import plain
from core.corpora.checking import CheckSettings
from core.corpora.cleaned import CleanSettings
from core.corpora.doctor.examining import Examination
from core.corpora.doctor.findings import Findings
from core.storage.corpus_job_records import CorpusJob
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.workspace import Workspace

STAYS = (
    "The uploaded files and this version stay as they are. Every row that is left out is kept with "
    "its reasons in the new version's part *Left out*, where it can be taken back."
)


def clean_form(
    workspace: Workspace,
    corpus: Corpus,
    work: CorpusJob,
    asked: CheckSettings,
    found: Examination,
    findings: Findings,
) -> None:
    """Shows which checks count and what would remain, and starts the cleaning."""
    cleaned = [split for split in SPLITS if asked.doctor.cleans(split) and corpus.counts[split]]
    counts = {key: sum(found.count(key, split) for split in cleaned) for key in found.counts}
    options = [key for key, count in counts.items() if count]
    with st.container(border=True, key="doctor.clean"):
        st.markdown("**Make a cleaned version**")
        if not options and not asked.doctor.has_repairs:
            st.caption(
                "Only rows of dev and test were flagged, and those stay unless *Clean dev and "
                "test, too* was on in the check."
            )
            return
        reasons = _reasons(counts, options, work) if options else ()
        left = _left(corpus, findings, cleaned, reasons)
        st.text(_remaining(corpus, left))
        st.caption(_about_held_out(cleaned))
        name, problem = name_field(workspace, corpus, ", cleaned", key="doctor.clean.name")
        missing = _missing(options, reasons, left) or problem
        if missing:
            st.caption(plain(missing))
        pressed = st.button(
            "Clean: make a version without these",
            type="primary",
            icon=":material/cleaning_services:",
            key=work_key("doctor.clean.go"),
            disabled=bool(missing),
            help=plain(missing) or "Starts a job; nothing is deleted.",
        )
        if pressed:
            wanted = CleanSettings(corpus=corpus.id, name=name, check=work.id, reasons=reasons)
            start_work(workspace, "clean", wanted, refusal="The cleaning was not started")


def _reasons(counts: dict[str, int], options: Sequence[str], work: CorpusJob) -> tuple[str, ...]:
    chosen = st.pills(
        "Leave out what these checks flag",
        options,
        selection_mode="multi",
        default=list(options),
        format_func=lambda key: f"{reason_label(key)} · {counts[key]:,}",
        key=f"doctor.clean.{work.id}",
        help="Click one to let its rows stay. A row stays if no chosen check flagged it.",
    )
    return tuple(chosen)


def _left(
    corpus: Corpus, findings: Findings, cleaned: Sequence[str], reasons: Sequence[str]
) -> dict[str, int]:
    """Gives how many rows of each cleaned split would be left."""
    return {
        split: corpus.counts[split] - len(findings.numbers(split, reasons)) for split in cleaned
    }


def _remaining(corpus: Corpus, left: dict[str, int]) -> str:
    words = [
        f"{split} keeps {rows:,} of {corpus.counts[split]:,} rows" for split, rows in left.items()
    ]
    gone = sum(corpus.counts[split] - rows for split, rows in left.items())
    return f"{'; '.join(words)}. {gone:,} would be left out.".capitalize()


def _about_held_out(cleaned: Sequence[str]) -> str:
    if {"dev", "test"} & set(cleaned):
        return f"Dev and test are cleaned, too, as the check's settings say. {STAYS}"
    return (
        "Dev and test keep all their rows, so that scores stay comparable; *Clean dev and test, "
        f"too* among the checks changes that. {STAYS}"
    )


def _missing(options: Sequence[str], reasons: Sequence[str], left: dict[str, int]) -> str:
    if options and not reasons:
        return "Choose at least one check."
    empty = [split for split, rows in left.items() if not rows]
    if empty:
        return f"Nothing of {empty[0]} would be left: choose fewer checks or loosen them."
    return ""
