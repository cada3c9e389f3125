"""The dry run on the page Fine-tune: its button, its progress, what it measured."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache
from app.errors import shown_to_user
from app.problem_views import problem, shown_in_place, why_it_ended
from app.state import session, set_widget, widget_value
from app.text import STATE_MEANINGS, duration, plain, size, state_badge
from core.errors import TrainingError
from core.finetune.preflight import dry_run
from core.finetune.preflight.dry_run import DryRun
from core.finetune.preflight.projection import projection
from core.finetune.settings import FineTuneSettings
from core.jobs import queue

INTERVAL_S = 2.0
_ID = "finetune.dry_run_id"


def dry_run_box(settings: FineTuneSettings, *, by: str) -> None:
    """Shows the button, and the dry run that this tab started last, or one that works.

    Args:
        settings: As they stand in the form.
        by: Who starts it.
    """
    found = _last()
    is_live = found is not None and not found.state.has_ended
    left, right = st.columns([1, 3], vertical_alignment="center")
    with left:
        if st.button(
            "Dry run",
            icon=":material/labs:",
            key="finetune.dry_run",
            disabled=is_live,
            width="stretch",
        ):
            with shown_in_place("The dry run was not started"):
                set_widget(_ID, dry_run.start(cache.workspace(), settings, by=by))
                st.rerun()
    right.caption(
        "Two steps on the longest batch, a checkpoint, the model saved and reloaded, a few "
        "segments translated: measures memory and time in a minute or two."
    )
    if found is not None:
        _live(found.id)


def _last() -> DryRun | None:
    # Of another tab, or of this one before it was reloaded.
    dry_run_id = widget_value(_ID) or dry_run.unfinished(cache.workspace())
    if not dry_run_id:
        return None
    try:
        return dry_run.get(cache.workspace(), str(dry_run_id))
    except TrainingError:  # swept away
        return None


def _live(dry_run_id: str) -> None:
    was_live = not dry_run.get(cache.workspace(), dry_run_id).state.has_ended

    @st.fragment(run_every=INTERVAL_S if was_live else None)
    def shown() -> None:
        with shown_to_user():
            if was_live:
                queue.advance(cache.workspace())
            found = dry_run.get(cache.workspace(), dry_run_id)
            if was_live and found.state.has_ended:
                st.rerun()  # the estimate above is calibrated now
            with st.container(border=True, key="finetune.dry_run_box"):
                _shown(found)

    shown()


def _shown(found: DryRun) -> None:
    st.text(f"Dry run of {found.settings.display_name}")
    state_badge(found.state.state)
    if not found.state.has_ended:
        st.caption(plain(STATE_MEANINGS.get(found.state.state, "")))
        if st.button("Stop", key="finetune.dry_run.stop", icon=":material/stop:"):
            with shown_in_place("It could not be stopped"):
                dry_run.stop(cache.workspace(), found.id)
        return
    why_it_ended(found.state, key="finetune.dry_run.reason")
    result = found.result
    if result.get("outcome") == "out of memory":
        problem(
            "Memory ran out",
            f"{result['place'][0].upper()}{result['place'][1:]} ran out while {result['part']}: "
            "the run itself would end there.",
            "Apply one of the changes above, or make batches smaller.",
            result["message"],
        )
    elif result:
        _measured(found)
        if found.settings != _like(found.settings):
            st.caption("Measured with other settings than the form holds now.")


def _like(settings: FineTuneSettings) -> FineTuneSettings:
    """Gives the form's settings as a dry run would have them."""
    draft = {**session().draft, "corpus": settings.corpus, "keep_checkpoints": 1}
    try:
        return FineTuneSettings.model_validate(draft)
    except ValueError:
        return settings


def _measured(found: DryRun) -> None:
    result = found.result
    num_dev = cache.workspace().corpora.get(found.settings.corpus).counts.get("dev", 0)
    whole = projection(found.settings, result, num_dev)
    host = sum(result["host_peak_bytes"]) + result["launcher_bytes"]
    figures = [
        ("Host memory at most", size(host)),
        ("A step", duration(whole.seconds_per_step)),
        ("Tokens a second", f"{whole.tokens_per_s:,.0f}"),
        ("Whole run", f"{duration(whole.least_s)} to {duration(whole.most_s)}"),
    ]
    if result["gpu_peak_bytes"]:
        figures.insert(0, ("GPU memory at most", size(max(result["gpu_peak_bytes"]))))
    for column, (label, value) in zip(st.columns(len(figures)), figures, strict=True):
        with column:
            st.caption(label)
            st.text(value)
    parts = [{"Part": part, "Seconds": seconds} for part, seconds in result["parts"].items()]
    with st.expander("Parts and translations"):
        st.dataframe(pd.DataFrame(parts), hide_index=True, width="stretch")
        st.caption(f"A checkpoint takes {size(result['checkpoint_bytes'])}.")
        if result["first_token"]:
            st.text(f"First token of every translation: {result['first_token']}")
        for row in result["translations"]:
            st.text(f"{row['source']}\n→ {row['translation']}")
