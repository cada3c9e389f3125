"""What a corpus is counted in tokens of: base model, direction, and where the trainer cuts."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.corpora.sides import side_names
from app.finetuning.form import OTHER
from app.forms import group_fields
from app.state import session
from core.finetune.models import HUB_MODELS
from core.finetune.recipes import SCRATCH, STARTER
from core.finetune.settings import FineTuneSettings
from core.finetune.token_task import TokenSettings
from core.storage.corpus_records import Corpus

LENGTHS = ["max_source_length", "max_target_length"]
STARTER_LABEL = "Starter model · tiny, untrained · built on this machine"


def token_fields(corpus: Corpus, *, key: str) -> dict[str, Any]:
    """Shows the fields and gives what they hold; they start from what Fine-tune holds."""
    draft = {**FineTuneSettings().model_dump(include=set(LENGTHS)), **session().draft}
    key = f"{key}.{session().draft_version}"
    left, right = st.columns(2)
    with left:
        base_model = _model_select(str(draft.get("base_model", STARTER)), key=key)
    with right:
        is_reversed = _direction_radio(corpus, draft, key=key)
    lengths = group_fields(TokenSettings, LENGTHS, draft, key=key)
    return {
        "corpus": corpus.id,
        "base_model": base_model,
        "is_reversed": is_reversed,
        **lengths,
    }


def _model_select(value: str, *, key: str) -> str:
    """Gives a model whose tokens are known before a run; empty while none was typed."""
    if value == SCRATCH:  # it learns its tokens when its run begins
        value = next(iter(HUB_MODELS))
    known = [STARTER, *HUB_MODELS]
    chosen: str = st.selectbox(
        "Base model",
        [*known, OTHER],
        index=known.index(value) if value in known else len(known),
        format_func=lambda each: (
            f"{each} — {HUB_MODELS[each]}"
            if each in HUB_MODELS
            else {STARTER: STARTER_LABEL}.get(each, each)
        ),
        key=f"{key}.base_model",
        help="Of a hub model only the tokenizer is downloaded, a few MB.",
    )
    if chosen != OTHER:
        return chosen
    return st.text_input(
        "Hub id or folder",
        value="" if value in known else value,
        key=f"{key}.other_model",
        max_chars=500,
        placeholder="owner/name or /path/to/model",
    ).strip()


def _direction_radio(corpus: Corpus, draft: dict[str, Any], *, key: str) -> bool:
    source, target = side_names(corpus)
    is_turned = (draft.get("src_lang"), draft.get("tgt_lang")) == (corpus.tgt_lang, corpus.src_lang)
    labels = {False: f"{source} → {target}", True: f"{target} → {source}"}
    return bool(
        st.radio(
            "Direction",
            list(labels),
            index=int(is_turned),
            format_func=labels.__getitem__,
            key=f"{key}.direction.{corpus.id}",
            horizontal=True,
            help="Some models translate one way only, and some mark the languages by tokens.",
        )
    )
