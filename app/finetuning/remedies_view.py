"""What would help a failed run, and what was found about any run, with corrected copies."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.navigation import page_path
from app.state import session
from core.finetune.advice import Advice, corrected
from core.finetune.changes import Remedy
from core.finetune.evidence import Finding, Severity
from core.storage.run_records import Run

NUM_SHOWN = 3  # remedies; the others are a click away
BADGES: dict[Severity, tuple[str, str]] = {
    "problem": ("red", ":material/error:"),
    "warning": ("orange", ":material/warning:"),
    "note": ("blue", ":material/info:"),
}


def advice_view(run: Run, advice: Advice) -> None:
    """Shows the cause of a failure with its remedies, and the findings."""
    if advice.cause:
        _diagnosis(run, advice)
    if advice.findings:
        _findings(run, advice.findings)


def _diagnosis(run: Run, advice: Advice) -> None:
    with st.container(border=True, key="run.diagnosis"):
        st.markdown("**What happened, and what would help**")
        st.text(advice.meaning)
        for number, remedy in enumerate(advice.remedies[:NUM_SHOWN], start=1):
            _remedy(run, remedy, key=f"run.remedy.{number}", is_first=number == 1)
        rest = advice.remedies[NUM_SHOWN:]
        if rest:
            with st.expander(f"{len(rest)} more ways" if len(rest) > 1 else "One more way"):
                for number, remedy in enumerate(rest, start=NUM_SHOWN + 1):
                    _remedy(run, remedy, key=f"run.remedy.{number}")
        if not advice.remedies:
            st.caption("No change of the settings helps against this.")


def _findings(run: Run, findings: Sequence[Finding]) -> None:
    with st.container(border=True, key="run.findings"):
        st.markdown("**Findings**")
        for finding in findings:
            _finding(run, finding)


def _finding(run: Run, finding: Finding) -> None:
    colour, icon = BADGES[finding.severity]
    with st.container(key=f"run.finding.{finding.code}", gap="xsmall"):
        st.badge(finding.severity, color=colour, icon=icon)  # type: ignore[arg-type]
        st.text(finding.sentence)
        if finding.advice:
            st.caption(finding.advice)
        if finding.remedy:
            _remedy(run, finding.remedy, key=f"run.remedy.{finding.code}")


def _remedy(run: Run, remedy: Remedy, *, key: str, is_first: bool = False) -> None:
    """Shows a change and the button that opens a copy of the run with it."""
    text, action = st.columns(
        [3, 1.3], vertical_alignment="center"
    )  # on phones one below the other
    with text, st.container(gap=None):
        st.text(remedy.diff)
        st.caption(remedy.why)
    if action.button(
        "Open corrected copy",
        icon=":material/build:",
        key=key,
        type="primary" if is_first else "secondary",
        help="Fills Fine-tune with these settings; nothing is launched yet.",
        width="stretch",
    ):
        open_corrected(run, remedy)


def open_corrected(run: Run, remedy: Remedy) -> None:
    """Fills Fine-tune with the settings of a run and a remedy applied."""
    session().replace_draft(corrected(run, remedy).model_dump())
    session().notice = f"Changed: {remedy.diff}."
    st.switch_page(page_path("finetune"))
