"""What LLMs probably take, always as a range, and when fine-tuning has paid for itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import streamlit as st

from app.forms import group_fields
from app.navigation import page_path
from app.problem_views import problem, shown_in_place
from app.state import session
from app.text import plain
from core.corpora.sample import SAMPLE_NAME
from core.emissions.amounts import co2_words, kwh_words, two_digits
from core.emissions.carbon import Basis, chosen_pue
from core.emissions.inference import Inference, measured, newest_of_each
from core.emissions.inference_badges import found_by_words
from core.errors import AdaptMLLMError
from core.storage.workspace import Workspace
from core.systems.catalogue import all_systems
from core.systems.footprint.answer_lengths import (
    Text,
    default_text,
    text_of,
    text_of_corpus,
    text_of_sample,
)
from core.systems.footprint.break_even import (
    BreakEven,
    FineTuning,
    break_even,
    fine_tunings_of,
)
from core.systems.footprint.estimated import LlmEstimate, estimate
from core.systems.footprint.model_size import ModelSize, size_of, store_size
from core.systems.protocol import SystemInfo

ESTIMATED = "estimated"


def llm_estimates(workspace: Workspace, basis: Basis | None) -> None:
    """Shows what each LLM endpoint probably takes, or what is missing to say so."""
    llms = _llms(workspace)
    if not llms:
        st.info("There is no LLM endpoint yet. Set one up, and what it takes is estimated here.")
        st.page_link(page_path("settings"), label="Set up an endpoint", icon=":material/settings:")
        return
    text = _chosen_text(workspace)
    found, refused = _estimated(workspace, llms.values(), text)
    if found:
        _table(found, basis)
    for info, error in refused:
        problem(f"{plain(info.name)} is not estimated", error.message, error.hint)
    llm_form(workspace)


def llm_form(workspace: Workspace) -> None:
    """Shows the form that says how large an endpoint's LLM is."""
    llms = _llms(workspace)
    if not llms:
        return
    key = f"emissions.llm.{session().form_version}"
    with st.expander("Say how large an LLM is", icon=":material/straighten:"):
        st.caption(
            "For models that EcoLogits does not know, such as your own. What is said here counts "
            "before what it knows; 0 takes it back."
        )
        system = st.selectbox(
            "Endpoint", list(llms), format_func=lambda each: llms[each].name, key=f"{key}.system"
        )
        if system is None:
            return
        with shown_in_place("The size cannot be shown"):
            now = size_of(workspace, llms[system]).model_dump()
            names = ["active_b", "total_b"]
            values = group_fields(ModelSize, names, now, key=f"{key}.{system}")
        if st.button("Save", icon=":material/save:", key=f"{key}.save"):
            with shown_in_place("Nothing was saved"):
                store_size(workspace, system, ModelSize.parse(values))
                session().form_version += 1
                session().notice = f"Saved the size of {llms[system].name}."
                st.rerun()


def break_even_view(workspace: Workspace, basis: Basis | None) -> None:
    """Shows after how many translations a fine-tuned model has paid for its training."""
    tuned = _fine_tuned(workspace)
    llms = _llms(workspace)
    if not tuned or not llms:
        st.info(_what_is_missing(has_tuned=bool(tuned), has_llms=bool(llms)))
        return
    left, right = st.columns(2)
    with left:
        chosen = st.selectbox(
            "Fine-tuned model",
            list(tuned),
            format_func=lambda each: label_of(tuned[each][0]),
            key="emissions.break_even.system",
            persist_state="session",
        )
    with right:
        llm_id = st.selectbox(
            "Against",
            list(llms),
            format_func=lambda each: llms[each].name,
            key="emissions.break_even.llm",
            persist_state="session",
        )
    local, tuning = tuned[chosen or next(iter(tuned))]
    with shown_in_place("It cannot be compared"):
        llm = estimate(workspace, llms[llm_id or next(iter(llms))], text_of(local.translated))
        pue = basis.pue if basis else chosen_pue(workspace)
        _comparison(break_even(tuning, local, llm, pue=pue), tuning, llm, pue)
        local_by = f"Local model: {found_by_words(local)}; LLM: {ESTIMATED}."
        st.caption(plain(local_by))
        _notes([llm])


def label_of(measurement: Inference) -> str:
    """Names a measured model so that its versions differ."""
    parts = (measurement.name, measurement.quantization, measurement.version[:8])
    return " · ".join(part for part in parts if part)


def _comparison(found: BreakEven, tuning: FineTuning, llm: LlmEstimate, pue: float) -> None:
    runs = f"All {tuning.num_runs:,} runs of its search." if tuning.num_runs > 1 else None
    with st.container(horizontal=True):
        st.metric("Fine-tuning", kwh_words(found.fine_tuning_kwh), border=True, help=runs)
        local = kwh_words(found.local_kwh * 1000)
        st.metric("Local, 1,000 segments", local, border=True, help="Measured.")
        about = f"{llm.model}; estimated by {llm.estimated_by}."
        words = llm.kwh_per_1000_segments.words(kwh_words)
        st.metric("LLM, 1,000 segments", words, border=True, help=plain(about))
    st.markdown(f"**{found.words[0].upper()}{found.words[1:]}.**")
    st.caption(
        f"Fine-tuning and local model with PUE {pue:g}, the LLM with that of its data centre. With "
        "the same grid on both sides it is the same for the CO2eq of electricity."
    )


def _what_is_missing(*, has_tuned: bool, has_llms: bool) -> str:
    missing = []
    if not has_tuned:
        missing.append("a fine-tuned model that was measured above, and its run as well")
    if not has_llms:
        missing.append("an LLM endpoint (Settings)")
    return (
        "Each segment that a small model translates instead of an LLM may save energy; here you "
        f"see when that has paid for the training. It needs {' and '.join(missing)}."
    )


def _fine_tuned(workspace: Workspace) -> dict[str, tuple[Inference, FineTuning]]:
    """Gives the measured models whose training was measured, by the measurement's id."""
    found = newest_of_each(measured(workspace))
    tunings = fine_tunings_of(workspace, {each.system_id for each in found})
    return {
        each.id: (each, tunings[each.system_id]) for each in found if each.system_id in tunings
    }  # base models have none


def _llms(workspace: Workspace) -> Mapping[str, SystemInfo]:
    return {info.id: info for info in all_systems(workspace) if info.is_llm}


def _estimated(
    workspace: Workspace, infos: Iterable[SystemInfo], text: Text
) -> tuple[list[LlmEstimate], list[tuple[SystemInfo, AdaptMLLMError]]]:
    found, refused = [], []
    for info in infos:
        try:
            found.append(estimate(workspace, info, text))
        except AdaptMLLMError as error:
            refused.append((info, error))
    return found, refused


def _chosen_text(workspace: Workspace) -> Text:
    """Shows whose segments the LLMs are asked about, and gives them."""
    corpora = {corpus.id: corpus for corpus in workspace.corpora.all() if corpus.num_test}
    if not corpora:
        return default_text(workspace)
    chosen = st.selectbox(
        "Segments of the test split of",
        list(corpora),
        format_func=lambda each: corpora[each].name,
        key="emissions.llm.corpus",
        persist_state="session",
        help="How long the answers are decides what they take.",
    )
    with shown_in_place("These segments cannot be read"):
        return text_of_corpus(workspace, corpora[chosen or next(iter(corpora))])
    st.caption(f"The segments of the bundled {SAMPLE_NAME} are taken instead.")
    return text_of_sample()


def _table(found: Sequence[LlmEstimate], basis: Basis | None) -> None:
    rows = [
        {
            "Endpoint": each.name,
            "Taken for": each.model,
            "1,000 segments": each.kwh_per_1000_segments.words(kwh_words),
            "Million characters": each.kwh_per_million_characters.words(kwh_words),
            "CO2eq of 1,000 segments": (
                each.co2_kg_per_1000_segments(basis).words(co2_words) if basis else None
            ),
            "CO2eq of a million": (
                each.co2_kg_per_million_characters(basis).words(co2_words) if basis else None
            ),
            "Found by": [ESTIMATED],
            "Tokens a segment": each.tokens.words(two_digits),
            "Tokens": each.tokens_from,
        }
        for each in found
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        placeholder="–",
        key="emissions.llms",
        alt="What LLMs probably take",
        column_config={
            "Found by": st.column_config.MultiselectColumn(options=[ESTIMATED], color=["orange"])
        },
    )
    grid = f"{basis.grid.label}: {basis.grid.g_per_kwh:.1f} g/kWh" if basis else "no grid chosen"
    st.caption(
        plain(
            f"{found[0].estimated_by}, with the data centre's PUE and the making of its hardware; "
            f"{grid}. It counts the tokens of answers, not those of prompts."
        )
    )
    _notes(found)


def _notes(found: Sequence[LlmEstimate]) -> None:
    lines = [f"{each.name}: {note}" for each in found for note in each.notes]
    if lines:
        with st.expander("What makes this less sure", icon=":material/help:"):
            st.text("\n".join(lines))
