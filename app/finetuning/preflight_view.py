"""What a run needs before it is launched: memory, disk, advice, a dry run, the learning rate."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache
from app.access.visiting import visitor_name
from app.components.live_charts import Chart, Series, live_charts
from app.finetuning.dry_run_view import dry_run_box
from app.state import session
from app.text import plain, size
from core.errors import AdaptMLLMError
from core.finetune.preflight.check import Preflight, preflight, refusal
from core.finetune.preflight.corpus_lengths import corpus_lengths
from core.finetune.preflight.terms import Moment, Need
from core.finetune.schedule import curve, planned_steps, schedule_notes
from core.finetune.settings import FineTuneSettings


def preflight_view(settings: FineTuneSettings) -> bool:
    """Shows the preflight of a run, and gives whether it is to be launched although it is refused.

    Args:
        settings: As they stand in the form.
    """
    st.subheader("Preflight", anchor=False)
    if settings.is_elsewhere:
        st.caption("What the other machines have is not known here, so memory is not checked.")
        _learning_rate(settings)
        return False
    try:
        found = preflight(cache.workspace(), settings)
    except AdaptMLLMError as error:  # the box below says the same with a way out
        st.text(error.message)
        return False
    with st.container(border=True, key="finetune.preflight"):
        _bars(found)
        is_forced = _advice(found)
        _formula(found)
    dry_run_box(settings, by=visitor_name())
    _learning_rate(settings)
    return is_forced


def _bars(found: Preflight) -> None:
    columns = st.columns(3)
    places = list(columns)
    if found.estimate is None:
        with places.pop(0):
            st.text("Memory: unknown")
            st.caption(
                "The size of this model is not known before it is here. A dry run measures it."
            )
    else:
        for need in found.estimate.needs:
            with places.pop(0):
                _bar(need.place, need.num_bytes, found.memories.of(need.place), _note(found, need))
    with places.pop(0):
        note = "checkpoints, model, outputs"
        if found.download_bytes:
            note += f"; {size(found.download_bytes)} more come from the hub"
        _bar("disk", found.disk.num_bytes, found.disk_free_bytes, note)


def _bar(name: str, needed: int, has: int, note: str) -> None:
    share = needed / has if has else 1.0
    label = name[0].upper() + name[1:]
    st.text(f"{label}: {size(needed)} of {size(has)}")
    st.progress(min(1.0, share))
    fits = needed <= has
    st.badge(
        "fits" if fits else "too little",
        color="green" if fits else "red",
        icon=":material/check:" if fits else ":material/error:",
    )
    st.caption(plain(note))


def _note(found: Preflight, need: Need) -> str:
    assert found.estimate is not None
    when = found.estimate.calibrated
    how = (
        f"calibrated by a dry run of {when[:10]}"
        if when
        else (f"estimated, ± {found.estimate.margin(need.place):.0%}")
    )
    return f"most while {need.peak.name}; {how}"


def _advice(found: Preflight) -> bool:
    """Shows what would fit; gives whether somebody ticked that the run is launched anyway."""
    if found.estimate is None or found.estimate.fits(found.memories):
        return False
    short = [
        need for need in found.estimate.needs if 0 < found.memories.of(need.place) < need.num_bytes
    ]
    st.text(refusal(found, short[0]))
    if not found.advice:
        st.text("No change or pair of changes that is known here would fit; take a smaller model.")
    for number, advice in enumerate(found.advice):
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.text(f"{advice.words}: {advice.needs_words()}")
        if right.button("Apply", key=f"finetune.advice.{number}", width="stretch"):
            session().replace_draft({**session().draft, **advice.values})
            st.rerun()
    if not found.estimate.lacks(found.memories):
        st.caption("The estimate is near the limit: the run is not refused, and may still fail.")
        return False
    return st.checkbox(
        "Launch anyway",
        key="finetune.force",
        help="The estimate may be wrong. A run that runs out of memory fails with a reason.",
    )


def _formula(found: Preflight) -> None:
    with st.expander("How this is counted"):
        needs = () if found.estimate is None else found.estimate.needs
        for need in needs:
            st.markdown(f"**{need.place}**, by part of the run; the largest counts")
            for moment in need.moments:
                _terms(moment)
            if need.factor != 1:
                st.caption(f"× {need.factor:g}: what the dry run measured, by this sum.")
        _terms(found.disk)
        if found.estimate is not None and not found.estimate.lengths.is_measured:
            st.caption(
                "No tokens of this corpus were counted with this model: its longest segments are "
                "taken to be as long as the settings allow. *Tokens of a base model* on the "
                "corpus's page counts them."
            )


def _terms(moment: Moment) -> None:
    st.text(f"{moment.name}: {size(moment.num_bytes)}")
    rows = {
        term.name: {"Size": size(term.num_bytes), "Formula": term.formula} for term in moment.terms
    }
    st.table(pd.DataFrame.from_dict(rows, orient="index"))  # a table wraps its long formulas


def _learning_rate(settings: FineTuneSettings) -> None:
    """Shows the learning rate over the run, and what is odd about it."""
    lengths = corpus_lengths(cache.workspace(), settings)
    steps = planned_steps(
        settings,
        lengths.num_train,
        max(lengths.mean_source, lengths.mean_target),
        is_measured=lengths.is_measured,
    )
    with st.expander("Learning rate over the run"):
        x, y = curve(settings, steps.total)
        chart = Chart("rate", "Learning rate", "step", "learning rate", (Series("planned", x, y),))
        live_charts([chart], key="finetune.schedule")
        about = "" if steps.is_exact else "about "
        warmup = min(settings.warmup_steps, steps.total // 2)
        st.caption(
            f"{about}{steps.total:,} steps, {about}{steps.per_epoch:,} an epoch · warm-up "
            f"{warmup:,} steps · peak {settings.learning_rate:g}"
        )
    for note in schedule_notes(settings, steps):
        st.caption(plain(note))
