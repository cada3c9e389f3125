"""The parts of the Fine-tune page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app import cache
from app.corpora.leak_badge import leak_warning
from app.finetuning.data_form import part_label
from app.finetuning.download_view import hub_model
from app.finetuning.recipe_badges import recipe_badge
from app.forms import group_fields, groups_of
from app.state import session
from app.text import plain, rows_of
from core.errors import AdaptMLLMError, DataError, ModelError
from core.finetune import runs
from core.finetune.command import missing_operators
from core.finetune.deepspeed_config import deepspeed_config
from core.finetune.family import known_languages
from core.finetune.launching import shown_command
from core.finetune.models import HUB_MODELS, source_of_run
from core.finetune.preview import Preview
from core.finetune.recipes import RECIPES, SCRATCH, STARTER
from core.finetune.settings import FineTuneSettings
from core.host import cxx_compiler
from core.languages import language_name
from core.setup import has_starter, set_up
from core.storage.corpus_records import Corpus

OTHER = "Another hub id or folder …"
RECIPES_IN_A_ROW = 3


def recipe_buttons() -> None:
    """Shows the recipes; a click replaces the whole draft but keeps corpus and direction."""
    st.subheader("Recipe", anchor=False)
    for row in rows_of(list(RECIPES.items()), RECIPES_IN_A_ROW):
        for column, (name, (purpose, values)) in zip(st.columns(len(row)), row, strict=True):
            with column, st.container(border=True, height="stretch"):
                if st.button(name, key=f"finetune.recipe.{name}", width="stretch"):
                    fields = ("corpus", "src_lang", "tgt_lang")
                    kept: dict[str, Any] = {f: v for f, v in session().draft.items() if f in fields}
                    session().replace_draft({**values, **kept})
                    st.rerun()
                st.caption(purpose)
                recipe_badge(name)


def model_and_corpus(
    corpora: Sequence[Corpus], values: Mapping[str, Any], *, key: str
) -> dict[str, Any]:
    """Shows name, base model, corpus and direction, and gives what was chosen.

    For a run from scratch the model's sizes are shown and given too.
    """
    left, right = st.columns(2)
    with left:
        base_model = _base_model(str(values.get("base_model", STARTER)), key=key)
        revision = hub_model(cache.workspace(), base_model, values, key=key)
        name = st.text_input(
            "Name of the run",
            value=values.get("name", ""),
            key=f"{key}.name",
            max_chars=200,
            placeholder="Empty: base model and direction",
        )
    with right:
        direction = corpus_and_direction(corpora, values, key=key)
        likes = _new_languages(base_model, direction, values, key=key)
    return {
        "base_model": base_model,
        **revision,
        "name": name,
        **direction,
        **likes,
        **(_scratch_sizes(values, key=key) if base_model == SCRATCH else {}),
    }


def corpus_and_direction(
    corpora: Sequence[Corpus], values: Mapping[str, Any], *, key: str
) -> dict[str, Any]:
    """Shows corpus and direction, and gives what was chosen."""
    ids = [corpus.id for corpus in corpora]
    by_id = dict(zip(ids, corpora, strict=True))
    wanted = str(values.get("corpus", ""))
    wanted = next((each.id for each in corpora if wanted in (each.id, each.name)), wanted)
    is_gone = bool(wanted) and wanted not in ids
    chosen = st.selectbox(
        "Corpus",
        ids,
        index=None if is_gone else ids.index(wanted) if wanted else 0,
        placeholder="Choose …",
        format_func=lambda corpus_id: by_id[corpus_id].name,
        key=f"{key}.corpus",
    )
    if chosen is None:
        raise DataError(
            "The corpus of these settings is not here any more.", hint="Choose another one."
        )
    corpus = by_id[chosen]
    directions = [(corpus.src_lang, corpus.tgt_lang), (corpus.tgt_lang, corpus.src_lang)]
    now = (values.get("src_lang"), values.get("tgt_lang"))
    direction = st.radio(
        "Direction",
        directions,
        index=directions.index(now) if now in directions else 0,
        format_func=lambda pair: f"{language_name(pair[0])} → {language_name(pair[1])}",
        key=f"{key}.direction.{chosen}",
        horizontal=True,
    )
    counts = " · ".join(f"{split} {count:,}" for split, count in corpus.counts.items())
    st.caption(counts + (" · synthetic" if corpus.is_synthetic else ""))
    leak_warning(corpus)
    return {"corpus": corpus.id, "src_lang": direction[0], "tgt_lang": direction[1]}


def _new_languages(
    base_model: str, direction: Mapping[str, Any], values: Mapping[str, Any], *, key: str
) -> dict[str, Any]:
    """Asks what a language begins as that the model does not know; shows nothing otherwise."""
    found = {"src_lang_like": "", "tgt_lang_like": ""}
    try:
        known = known_languages(cache.workspace(), base_model) if base_model != SCRATCH else ()
    except ModelError:
        return found  # what is wrong with the model is said below
    options = ["", *(item.code for item in known)]
    for side in ("src_lang", "tgt_lang"):
        code = direction[side]
        if not known or code in options:
            continue
        now = values.get(f"{side}_like", "")
        found[f"{side}_like"] = st.selectbox(
            f"The model does not know {language_name(code)}; it begins as",
            options,
            index=options.index(now) if now in options else 0,
            format_func=lambda like: f"{language_name(like)} · {like}" if like else "Choose …",
            key=f"{key}.{side}_like.{code}",
            help="The language is added to the model, and its embedding begins as that of the "
            "language you choose: the nearest relative in the same script.",
        )
    return found


def _scratch_sizes(values: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    with st.container(border=True, key="finetune.scratch"):
        st.markdown("**From scratch**")
        names = groups_of(FineTuneSettings)["From scratch"]
        return group_fields(FineTuneSettings, names, values, key=key)


def method_fields(values: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Shows the method and the fields that it uses, and gives what was chosen."""
    names = groups_of(FineTuneSettings)["Method"]
    chosen = group_fields(FineTuneSettings, ["method"], values, key=key)
    is_lora = chosen["method"] == "lora"
    used = [name for name in names[1:] if name.startswith("lora_") == is_lora]
    # A part that was frozen before LoRA was chosen would contradict it, unseen.
    chosen["freeze"] = "nothing"
    return {**chosen, **group_fields(FineTuneSettings, used, values, key=key)}


def _base_model(value: str, *, key: str) -> str:
    labels = {
        STARTER: "Starter model · tiny, untrained · built on this machine",
        SCRATCH: "From scratch · random weights, pieces learnt from the corpus",
        **HUB_MODELS,
    }
    options = [*labels, OTHER]
    chosen = st.selectbox(
        "Base model",
        options,
        index=options.index(value if value in labels else OTHER),
        format_func=lambda option: (
            f"{option} — {labels[option]}" if option in HUB_MODELS else labels.get(option, OTHER)
        ),
        key=f"{key}.base_model",
        help="Hub models are downloaded when the run starts; check their licences "
        "(NLLB: CC BY-NC 4.0).",
    )
    if chosen != OTHER:
        return chosen
    shown = "" if value in labels else value
    typed = st.text_input(
        "Hub id or folder",
        value=shown,
        key=f"{key}.other_model",
        placeholder="owner/name or /path/to/model",
    ).strip()
    if not typed:
        raise ModelError("No base model was named.", hint="Type a hub id or a folder.")
    return typed


def model_sees(settings: FineTuneSettings) -> None:
    """Shows the first segments as the trainer will encode them, special tokens included."""
    st.subheader("What the model will see", anchor=False)
    try:
        is_local = (
            settings.base_model == SCRATCH
            or Path(source_of_run(cache.workspace(), "", settings)).is_dir()
        )
    except ModelError as error:
        st.text(str(error))
        return
    if not is_local and not st.toggle(
        "Fetch the model's tokenizer from the hub and show it",
        key="finetune.fetch_tokenizer",
        help="Downloads a few MB; the model itself is fetched when the run starts.",
    ):
        return
    try:
        seen = cache.preview(settings)
    except AdaptMLLMError as error:
        with st.container(border=True):
            st.text(error.message)
            st.text(error.hint)
        return
    with st.container(border=True, key="finetune.sees"):
        _seen(seen, settings)


def _seen(seen: Preview, settings: FineTuneSettings) -> None:
    several = len(seen.parts) > 1
    for row in seen.rows if several else seen.rows[:2]:
        if several:
            st.caption(plain(part_label(seen.parts[row.part])))
        st.text("Source   " + " ".join(row.source_tokens))
        st.text("Label    " + " ".join(row.label_tokens))
    forced = seen.forced_token or "none (the model has one direction or takes it from a prefix)"
    st.text(f"First token of every translation: {forced}")
    matches = not seen.forced_token or seen.rows[0].label_tokens[0] == seen.forced_token
    st.badge(
        f"{seen.family}: labels begin with the right language code" if matches else "mismatch",
        color="green" if matches else "red",
        icon=":material/check:" if matches else ":material/error:",
    )
    st.caption(
        f"Unknown tokens: source {seen.unknown_source:.1%}, target {seen.unknown_target:.1%} · "
        f"cut at the maximum length: source {seen.cut_source:.1%}, target "
        f"{seen.cut_target:.1%} · measured on {seen.num_measured:,} training segments"
    )
    for code, like in seen.added_languages.items():
        st.text(
            f"New to the model: {language_name(code)} ({code}) begins as "
            f"{language_name(like)} ({like})"
        )
    if seen.num_pieces:
        st.caption(
            f"{seen.num_pieces:,} pieces learnt from the training segments, "
            f"{settings.scratch_pieces:,} asked for"
        )
    if max(seen.unknown_source, seen.unknown_target) > 0.01:
        st.warning("The model does not know more than 1 % of the tokens of this corpus.")


def command_and_config(settings: FineTuneSettings) -> None:
    """Shows the exact command and the DeepSpeed configuration."""
    with st.expander("Command and DeepSpeed configuration"):
        command = shown_command(settings, Path("RUN/settings.json"))
        st.code(command, language=None, wrap_lines=True)
        if settings.engine == "deepspeed":
            st.code(json.dumps(deepspeed_config(settings), indent=1), language="json")
            if missing_operators(settings) and not settings.is_elsewhere:
                st.caption("DeepSpeed will first compile a part of itself: one to two minutes.")
        st.download_button(
            "Settings file",
            json.dumps(settings.model_dump(), indent=1, ensure_ascii=False),
            file_name="settings.json",
            mime="application/json",
            key="finetune.settings_file",
            icon=":material/download:",
            help="The same run from the terminal: `python -m core finetune --settings FILE`.",
        )


def what_prevents(settings: FineTuneSettings, *, is_forced: bool = False) -> str:
    """Shows why a launch would be refused, with a way out; gives the reason, empty if none.

    Args:
        settings: As they stand in the form.
        is_forced: Whether too little memory is no reason.
    """
    try:
        runs.check_launch(cache.workspace(), settings, is_forced=is_forced)
        return ""
    except AdaptMLLMError as error:
        problem = str(error)
    with st.container(border=True, key="finetune.problem"):
        st.badge("Cannot be launched yet", icon=":material/error:", color="red")
        st.text(problem)
        lacks_compiler = missing_operators(settings) and not cxx_compiler()
        if lacks_compiler and st.button("Train without DeepSpeed", key="finetune.plain"):
            plain = {"engine": "plain", "offload": "none"}
            session().replace_draft({**session().draft, **plain})
            st.rerun()
        starter_button(settings)
    return problem


def starter_button(settings: FineTuneSettings) -> None:
    """Offers to build the starter model where it is missing."""
    if settings.base_model != STARTER or has_starter(cache.workspace()):
        return
    if st.button("Build the starter model", key="finetune.build_starter"):
        with st.spinner("Building the starter model: a few seconds …"):
            set_up(cache.workspace())
        st.rerun()
