"""The rows that a version was made without: why, a way back for each, and all of them as a file."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.corpora.download_routes import rejected_url
from app.corpora.finding_rows import Asked, Shown, asked_fields, finding_page, kept_findings
from app.corpora.pair_texts import question_key
from app.corpora.starting import name_field, start_work, work_key
from app.text import counted, plain
from core.corpora.doctor.findings import Findings
from core.corpora.formats.rejected import MAX_SHEET_ROWS, RejectedFormat
from core.corpora.restored import RestoreSettings
from core.corpora.storing import REJECTED_FILE
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

FORMATS: dict[RejectedFormat, str] = {
    "tmx": "For translation tools",
    "tsv": "For spreadsheets and scripts",
    "xlsx": "For Excel and LibreOffice",
}
MOST_AT_ONCE = 10_000  # their places are stored with the new version


def rejected_view(workspace: Workspace, corpus: Corpus) -> None:
    """Shows the rows that were left out, and takes some of them back."""
    path = workspace.corpus_folder(corpus.id) / REJECTED_FILE
    if not sum((corpus.details.get("rejected") or {}).values()) or not path.exists():
        st.info(
            "Nothing was left out of this version. What an import cannot use, or a cleaning or a "
            "removal of leaks leaves out, is listed here with its reasons."
        )
        return
    findings = kept_findings(path)
    is_import = corpus.details.get("made_by") in (None, "import")
    if is_import:
        st.caption(
            "The import could not use these rows: a side is blank or was never translated, so "
            "there is nothing to learn from them, and nothing to take back. Correct them in the "
            "file at the place that is named, and import it again."
        )
    else:
        st.caption(
            "Numbers are those of the rows in the version before. Choose rows to take them back: "
            "each comes to its old place, in a new version."
        )
    key = f"rejected.{corpus.id}"
    asked = asked_fields(findings, with_split=not is_import, key=key)
    shown = finding_page(
        corpus,
        findings,
        asked,
        key=key,
        is_of_import=is_import,
        mode="single-row" if is_import else "multi-row",
    )
    if shown is not None and not is_import:
        _take_back(workspace, corpus, findings, asked, shown, key=key)
    _downloads(corpus, findings.count)


def _take_back(
    workspace: Workspace,
    corpus: Corpus,
    findings: Findings,
    asked: Asked,
    shown: Shown,
    *,
    key: str,
) -> None:
    """Shows what is taken back, and starts it."""
    with st.container(border=True, key="rejected.back"):
        takes_all = False
        if shown.total > len(shown.rows):
            takes_all = st.toggle(
                f"All {shown.total:,} rows that match, not only the chosen ones",
                # Of another filter it is another switch: it would mean other rows.
                key=f"{key}.all.{question_key(asked)}",
                disabled=shown.total > MOST_AT_ONCE,
                help=f"At most {MOST_AT_ONCE:,} at once. For more, clean the version before "
                "again with fewer checks.",
            )
        count = shown.total if takes_all else len(shown.chosen)
        name, problem = name_field(workspace, corpus, "", key=f"{key}.name")
        missing = problem if count else "Choose rows in the table first."
        if shown.total > len(shown.rows) and not takes_all:
            st.caption("Only rows chosen on this page are taken back.")
        pressed = st.button(
            _label(count, shown, takes_all=takes_all),
            type="primary",
            icon=":material/undo:",
            key=work_key("rejected.go"),
            disabled=bool(missing),
            help=plain(missing) or "Makes a new version; this one stays as it is.",
        )
        if missing:
            st.caption(plain(missing))
        if pressed:
            rows = _all_matching(findings, asked) if takes_all else _places(shown)
            settings = RestoreSettings(corpus=corpus.id, name=name, rows=tuple(rows))
            start_work(workspace, "restore", settings, refusal="No row was taken back")


def _label(count: int, shown: Shown, *, takes_all: bool) -> str:
    if not count:
        return "Take back rows"
    is_part = shown.total > len(shown.rows) and not takes_all
    return f"Take back {counted(count, 'row')}{' of this page' if is_part else ''}"


def _places(shown: Shown) -> Sequence[tuple[str, int]]:
    return [(each.split, each.number) for each in shown.chosen]


def _all_matching(findings: Findings, asked: Asked) -> Sequence[tuple[str, int]]:
    found = findings.page(
        check=asked.check, split=asked.split, search=asked.search, limit=MOST_AT_ONCE
    )
    return [(each.split, each.number) for each in found]


def _downloads(corpus: Corpus, count: int) -> None:
    is_too_long = count >= MAX_SHEET_ROWS
    too_long = f"A sheet of Excel holds {MAX_SHEET_ROWS:,} rows: take one of the other files."
    with st.container(horizontal=True, vertical_alignment="center", key="rejected.downloads"):
        st.caption(f"All {counted(count, 'row')} with their reasons:")
        for kind, purpose in FORMATS.items():
            is_off = kind == "xlsx" and is_too_long
            st.link_button(
                kind.upper() if kind != "xlsx" else "Excel",
                rejected_url(corpus.id, kind),
                icon=":material/download:",
                disabled=is_off,
                help=too_long if is_off else purpose,
            )
    if is_too_long:
        st.caption(too_long)
