"""The data doctor: what is looked for, what was found, and a version without it."""

from __future__ import annotations

import streamlit as st

from app.corpora.clean_form import clean_form
from app.corpora.doctor_form import changed_words, doctor_fields, what_is_wrong
from app.corpora.doctor_found import check_table, figures
from app.corpora.finding_rows import asked_fields, finding_page, kept_findings
from app.corpora.starting import start_work, work_key
from app.text import ago, duration, plain
from core.corpora.checking import CheckSettings, examination_of, last_check
from core.corpora.doctor.checks import CHECKS
from core.corpora.doctor.examining import FINDINGS_NAME
from core.storage.corpus_job_records import CorpusJob
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


def doctor_view(workspace: Workspace, corpus: Corpus) -> None:
    """Shows the form of a check, and what the newest one found."""
    work = last_check(workspace, corpus.id)
    last = CheckSettings.parse(work.settings) if work else None
    if work is None:
        st.info(
            f"Not checked yet. The data doctor looks at every pair for {len(CHECKS)} kinds of "
            "trouble: blank or repeated pairs, lengths that do not fit, a wrong language or "
            "script, lost numbers, links and tags, garbled characters, shifted lines. It only "
            "looks: what is left out is decided afterwards, and goes into a new version."
        )
    _check_form(workspace, corpus, last, key=f"doctor.{work.id if work else corpus.id}")
    if work is not None and last is not None:
        _found(workspace, corpus, work, last)


def _check_form(
    workspace: Workspace, corpus: Corpus, last: CheckSettings | None, *, key: str
) -> None:
    with st.container(border=True, key="doctor.form"):
        name, doctor = doctor_fields(last, key=key)
        missing = what_is_wrong(doctor)
        pressed = st.button(
            "Check again" if last else "Check",
            type="secondary" if last else "primary",
            icon=":material/stethoscope:",
            key=work_key("doctor.check"),
            disabled=bool(missing),
            help=missing or "Looks at every row as a job and changes nothing.",
        )
        if missing:
            st.caption(missing)
        if pressed and doctor is not None:
            settings = CheckSettings(corpus=corpus.id, preset=name, doctor=doctor)
            start_work(workspace, "check", settings, refusal="The check was not started")


def _found(workspace: Workspace, corpus: Corpus, work: CorpusJob, asked: CheckSettings) -> None:
    found = examination_of(work)
    st.subheader("What was found", anchor=False)
    st.caption(
        plain(
            f"Checked {ago(work.job.ended_at or work.created_at)} · {changed_words(asked)} · took "
            f"{duration(found.seconds)} · a version never changes, so this still holds"
        )
    )
    figures(found, asked.doctor)
    for note in found.notes:
        st.caption(plain(note))
    if not sum(found.num_flagged.values()):
        st.success("No row was flagged by these checks.", icon=":material/check:")
        return
    check_table(found)
    findings = kept_findings(workspace.corpus_job_folder(work.id) / FINDINGS_NAME)
    clean_form(workspace, corpus, work, asked, found, findings)
    st.subheader("Flagged rows", anchor=False)
    key = f"doctor.rows.{work.id}"
    shown = finding_page(
        corpus, findings, asked_fields(findings, with_split=True, key=key), key=key
    )
    if shown is not None and not shown.chosen:
        st.caption("Choose a row to read it in full.")
