"""Languages that a run teaches to NLLB or M2M100: a token each, and the embedding it starts from.

The token is put behind all others, so that every id the model has learnt stays. Its embedding is a
copy of a related language's: the model begins by taking the one for the other. Tokens and ids are
kept in the tokenizer's own configuration, and the saved model translates into the language again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelError, TrainingError
from core.finetune.settings import FineTuneSettings
from core.languages import Language, language

ADDED = "added_languages"
"""Where tokenizer_config.json holds the codes of added languages with their ids."""


@dataclass(frozen=True)
class NewLanguage:
    """A language that the base model does not know.

    Attributes:
        code: Its code, such as `cor_Latn`.
        like: Code of the related language that its embedding is copied from.
        token: What names it in the model's vocabulary.
        token_id: The token's id.
        like_id: The id of the related language's token.
    """

    code: str
    like: str
    token: str
    token_id: int
    like_id: int


def m2m100_code(item: Language) -> str:
    """Gives the code of M2M100 for a language; for one that is added, its own."""
    return item.m2m100 or item.code


def add_languages(tokenizer: Any, settings: FineTuneSettings) -> list[NewLanguage]:
    """Adds the tokens of a run's languages that the model does not know, as the settings ask.

    A language that the model knows is left as it is, so that a run from a model that was taught
    the language goes on where that one ended.

    Raises:
        ModelError: The family cannot be taught, or does not know the related language.
        TrainingError: Another token lost its id.
    """
    sides = (
        (settings.src_lang, settings.src_lang_like),
        (settings.tgt_lang, settings.tgt_lang_like),
    )
    added = []
    for code, like in sides:
        if like and (new := _added(tokenizer, language(code), language(like))):
            added.append(new)
    return added


def _added(tokenizer: Any, item: Language, like: Language) -> NewLanguage | None:
    kind = type(tokenizer).__name__.removesuffix("Fast")
    if kind not in _FAMILIES:
        raise ModelError(
            f"{item.name} ({item.code}) cannot be added to this model: only NLLB and M2M100 name "
            "languages by tokens that can be added.",
            hint="Choose one of these, or leave src_lang_like and tgt_lang_like empty.",
        )
    known, add = _FAMILIES[kind]
    if known(tokenizer, item) is not None:
        return None
    like_id = known(tokenizer, like)
    if like_id is None:
        raise ModelError(
            f"{item.name} cannot begin as {like.name} ({like.code}): the model does not know that "
            "language either.",
            hint="Choose a related language that the model knows.",
        )
    before = _ids(tokenizer)
    token = add(tokenizer, item)
    token_id = known(tokenizer, item)
    moved = [name for name, number in before.items() if _id(tokenizer, name) != number]
    if moved or token_id is None or token_id in before.values():
        raise TrainingError(
            f"Adding {item.code} changed the id of {moved[0] if moved else item.code}: the model "
            "would be told a wrong language."
        )
    _remember(tokenizer, item.code, token_id)
    return NewLanguage(item.code, like.code, token, token_id, like_id)


def _ids(tokenizer: Any) -> dict[str, int]:
    """Gives the ids of all tokens that name languages or mark text."""
    marks = [*tokenizer.get_added_vocab(), *tokenizer.all_special_tokens]
    marks += getattr(tokenizer, "lang_token_to_id", {})
    return {token: _id(tokenizer, token) for token in marks}


def _id(tokenizer: Any, token: str) -> int:
    return int(tokenizer.convert_tokens_to_ids(token))


def _nllb_id(tokenizer: Any, item: Language) -> int | None:
    found = tokenizer.convert_tokens_to_ids(item.code)
    return None if found in (None, tokenizer.unk_token_id) else int(found)


def _add_to_nllb(tokenizer: Any, item: Language) -> str:
    # Not by the constructor's extra_special_tokens: they would replace the 202 codes.
    tokenizer.add_tokens([item.code], special_tokens=True)
    return item.code


def _m2m100_id(tokenizer: Any, item: Language) -> int | None:
    token = tokenizer.lang_code_to_token.get(m2m100_code(item))
    return None if token is None else int(tokenizer.lang_token_to_id[token])


def _add_to_m2m100(tokenizer: Any, item: Language) -> str:
    return _register(tokenizer, item.code, max(tokenizer.lang_token_to_id.values()) + 1)


def _register(tokenizer: Any, code: str, token_id: int) -> str:
    """Makes an M2M100 tokenizer take `code` for one of its languages."""
    from transformers import AddedToken

    # `add_tokens` would give it the id of Afrikaans: that tokenizer does not count its language
    # tokens among its vocabulary.
    token = f"__{code}__"
    tokenizer.lang_code_to_token[code] = token
    tokenizer.lang_token_to_id[token] = tokenizer.lang_code_to_id[code] = token_id
    tokenizer.id_to_lang_token[token_id] = token
    tokenizer._added_tokens_decoder[token_id] = AddedToken(token, special=True)
    tokenizer._added_tokens_encoder[token] = token_id
    return token


_FAMILIES = {
    "NllbTokenizer": (_nllb_id, _add_to_nllb),
    "M2M100Tokenizer": (_m2m100_id, _add_to_m2m100),
}


def _remember(tokenizer: Any, code: str, token_id: int) -> None:
    tokenizer.init_kwargs[ADDED] = {**tokenizer.init_kwargs.get(ADDED, {}), code: token_id}
    spare = getattr(tokenizer, "num_madeup_words", 0)
    if spare:  # M2M100's embeddings have rows for so many tokens more
        tokenizer.num_madeup_words = tokenizer.init_kwargs["num_madeup_words"] = spare - 1


def restore_languages(tokenizer: Any) -> None:
    """Makes a tokenizer that was loaded from the disk take its added languages for languages."""
    if hasattr(tokenizer, "lang_code_to_token"):  # NLLB's tokens are all that it needs
        for code, token_id in tokenizer.init_kwargs.get(ADDED, {}).items():
            _register(tokenizer, code, int(token_id))


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Writes a tokenizer so that Transformers can load it, whatever language it is bound to."""
    bound = getattr(tokenizer, "src_lang", None)
    is_added = hasattr(tokenizer, "lang_code_to_token") and bound in tokenizer.init_kwargs.get(
        ADDED, {}
    )
    if not is_added:
        tokenizer.save_pretrained(folder)
        return
    # M2M100's constructor looks its source language up before anything can be added.
    tokenizer.src_lang = "en"
    try:
        tokenizer.save_pretrained(folder)
    finally:
        tokenizer.src_lang = bound


def add_rows(model: Any, new: Sequence[NewLanguage]) -> None:
    """Gives the new tokens the embeddings of the related languages, and tied weights stay tied.

    The published models have spare rows, which are taken first; else the embeddings grow.
    """
    import torch

    if not new:
        return
    size = model.get_input_embeddings().weight.shape[0]
    needed = max(item.token_id for item in new) + 1
    if needed > size:
        model.resize_token_embeddings(needed, mean_resizing=False)
        model.tie_weights()
    with torch.no_grad():
        output = model.get_output_embeddings().weight
        for weight in {id(w): w for w in (model.get_input_embeddings().weight, output)}.values():
            for item in new:
                weight[item.token_id] = weight[item.like_id]
