"""The form of a batch: test set, systems, limits, prompt, and the forecast of its cost."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.access.visiting import visitor_name
from app.playground import prompt_form
from app.playground.labels import system_label
from app.problem_views import problem, shown_in_place
from app.state import session
from app.text import counted
from core.corpora.perturbing import perturbations_for
from core.errors import AdaptMLLMError
from core.languages import language_name
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace
from core.systems.batch import batches as core_batches
from core.systems.batch.budget import usd
from core.systems.batch.forecast import Forecast, forecast
from core.systems.batch.settings import NO_PERTURBATION, BatchSettings
from core.systems.catalogue import all_systems


def batch_form(workspace: Workspace) -> None:
    """Shows what is translated by whom, what it will cost, and the button that starts it."""
    corpora = [corpus for corpus in workspace.corpora.all() if corpus.num_test or corpus.num_dev]
    systems = all_systems(workspace)
    if not corpora or not systems:
        st.info("A batch needs a corpus with test segments, and a system.")
        return
    key = f"batch.{session().batch_id}"
    known = {info.id: info for info in systems}
    corpus, values = _test_set_fields(corpora, key)
    chosen = st.multiselect(
        "Systems",
        list(known),
        format_func=lambda each: system_label(known[each]),
        key=f"{key}.systems",
        wrap=True,
        help="Endpoints need their key in an environment variable: a key for this session only "
        "does not reach the job.",
    )
    values["systems"] = tuple(chosen)
    values |= _limit_fields(corpus, str(values["split"]), key)
    values |= _perturbation_field(str(values["src_lang"]), key)
    with st.expander("Prompt and parameters", icon=":material/edit_note:"):
        choice = prompt_form.prompt_form(workspace, systems, key=f"{key}.prompt")
        parameters = prompt_form.parameter_form(key=f"{key}.parameters")
    values |= {"prompt": choice.model_dump(), "parameters": parameters.model_dump()}
    if chosen:
        _forecast_and_start(workspace, values)
    else:
        st.caption("Choose at least one system to see what it will cost.")


def _test_set_fields(corpora: list[Corpus], key: str) -> tuple[Corpus, dict[str, object]]:
    columns = st.columns(3)
    with columns[0]:
        corpus = st.selectbox(
            "Test set", corpora, format_func=lambda each: each.name, key=f"{key}.corpus"
        )
    with columns[1]:
        splits = [name for name in ("test", "dev") if corpus.counts[name]]
        split = st.selectbox(
            "Split",
            splits,
            format_func=lambda each: f"{each} · {counted(corpus.counts[each], 'segment')}",
            key=f"{key}.split.{corpus.id}",
        )
    with columns[2]:
        src_lang, tgt_lang = st.selectbox(
            "Direction",
            [(corpus.src_lang, corpus.tgt_lang), (corpus.tgt_lang, corpus.src_lang)],
            format_func=lambda pair: f"{language_name(pair[0])} → {language_name(pair[1])}",
            key=f"{key}.direction.{corpus.id}",
        )
    direction = {"src_lang": src_lang, "tgt_lang": tgt_lang}
    return corpus, {"corpus": corpus.id, "split": split, **direction}


def _limit_fields(corpus: Corpus, split: str, key: str) -> dict[str, object]:
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    with left:
        count = st.number_input(
            "Segments",
            0,
            corpus.counts[split],
            0,
            key=f"{key}.count.{corpus.id}.{split}",
            help="Only the first so many; 0 = all. Fewer make another test set.",
        )
    with middle:
        budget = st.number_input(
            "Budget (USD)",
            0.0,
            1e6,
            None,
            format="%g",
            placeholder="no limit",
            key=f"{key}.budget",
            help="The batch stops before it costs more; empty or 0 = no limit.",
        )
    with right:
        uses_cache = st.toggle(
            "Use paid answers again",
            value=True,
            key=f"{key}.cache",
            help="Exactly the same question to the same endpoint is not paid for twice.",
        )
    return {"num_segments": int(count), "budget_usd": budget or 0.0, "uses_cache": uses_cache}


def _perturbation_field(src_lang: str, key: str) -> dict[str, object]:
    known: dict[str, str] = {NO_PERTURBATION: "The sources as they are."}
    known |= {name: said for name, said in perturbations_for(src_lang).items()}
    chosen = st.selectbox(
        "Sources",
        list(known),
        format_func=lambda each: "as they are" if each == NO_PERTURBATION else f"perturbed: {each}",
        key=f"{key}.perturbation.{src_lang}",
        help="Perturbed sources show how robust systems are: *Evaluate → Robustness* sets them "
        "beside the clean ones.",
    )
    if chosen != NO_PERTURBATION:
        st.caption(known[chosen])
    return {"perturbation": chosen}


def _forecast_and_start(workspace: Workspace, values: dict[str, object]) -> None:
    try:
        settings = BatchSettings.parse(values)
        core_batches.check_start(workspace, settings)
        found = forecast(workspace, settings)
    except AdaptMLLMError as error:
        problem("Cannot be started yet", error.message, error.hint)
        return
    st.dataframe(
        _forecast_table(found),
        hide_index=True,
        width="stretch",
        column_config={"System": st.column_config.TextColumn(width="medium", pinned=True)},
        placeholder="–",
        key="batch.forecast",
    )
    total = sum(each.cost_usd for each in found)
    st.caption(
        f"About {usd(total)} in all, estimated from the prompts of a sample; prices are those "
        "of the endpoints' settings."
    )
    if st.button("Start", type="primary", icon=":material/play_arrow:", key="batch.start"):
        tab = session()
        with shown_in_place("The batch was not started"):
            core_batches.start(workspace, settings, batch_id=tab.batch_id, by=visitor_name())
            tab.renew_batch_id()
            tab.notice = "The batch is in its queue."
            st.rerun()


def _forecast_table(found: list[Forecast]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "System": each.info.name,
                "Segments": each.num_segments,
                "Prompt tokens": each.usage.prompt_tokens or None,
                "Answer tokens": each.usage.completion_tokens or None,
                "USD": each.cost_usd or None,
                "Seconds a call": each.seconds,
            }
            for each in found
        ]
    )
