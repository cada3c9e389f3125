"""How each model family is told the languages: prefixes, suffixes and the first target token.

A misspelt code is silently turned into `<unk>` by every one of these tokenizers, and a model
so trained translates into the wrong language; so each code is checked here, once for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ModelError
from core.finetune.new_languages import NewLanguage, add_languages, m2m100_code
from core.finetune.settings import FineTuneSettings
from core.languages import Language, language, language_name, selectable_languages


@dataclass(frozen=True)
class Adapter:
    """A tokenizer bound to one direction.

    Attributes:
        family: `NLLB`, `M2M100`, `mBART-50`, `Marian` or `T5`.
        tokenizer: The family's tokenizer with both languages set.
        source_prefix: Text put before each source (T5 and multilingual Marian), or empty.
        forced_bos_token_id: The token that generation must begin with, None if there is none.
        fp16_is_safe: False for families trained in bf16, whose fp16 runs end in NaN.
    """

    family: str
    tokenizer: Any
    source_prefix: str = ""
    forced_bos_token_id: int | None = None
    fp16_is_safe: bool = True

    def encode_sources(self, sources: Sequence[str], max_length: int) -> list[list[int]]:
        """Gives token ids with special tokens, at most `max_length` a segment."""
        if not sources:  # a process whose part of a small split is empty
            return []
        texts = [self.source_prefix + source for source in sources]
        encoded = self.tokenizer(texts, truncation=True, max_length=max_length)
        return [list(ids) for ids in encoded["input_ids"]]

    def encode_targets(self, targets: Sequence[str], max_length: int) -> list[list[int]]:
        """Gives label ids with special tokens, at most `max_length` a segment."""
        encoded = self.tokenizer(text_target=list(targets), truncation=True, max_length=max_length)
        return [list(ids) for ids in encoded["input_ids"]]

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Gives the text of generated ids without special tokens."""
        # M2M100's tokenizer of Transformers 5 does not count its language codes as special.
        rows = [[i for i in row if i != self.forced_bos_token_id] for row in ids]
        texts = self.tokenizer.batch_decode(rows, skip_special_tokens=True)
        return [str(text).strip() for text in texts]


def bind(tokenizer: Any, src_lang: str, tgt_lang: str) -> Adapter:
    """Binds a tokenizer to a direction.

    Args:
        tokenizer: As `AutoTokenizer.from_pretrained` gives it.
        src_lang: FLORES-200 code.
        tgt_lang: FLORES-200 code.

    Raises:
        ModelError: The family is unknown, or the model does not know one of the languages.
    """
    name = type(tokenizer).__name__.removesuffix("Fast")
    if name not in _BINDERS:
        raise ModelError(
            f"The model's tokenizer is a {name}, which adaptMLLM cannot fine-tune for translation.",
            hint="Choose an NLLB, M2M100, mBART-50, OPUS-MT (Marian), T5 or MADLAD model.",
        )
    return _BINDERS[name](tokenizer, language(src_lang), language(tgt_lang))


def bind_run(tokenizer: Any, settings: FineTuneSettings) -> tuple[Adapter, list[NewLanguage]]:
    """Binds a tokenizer to a run's direction, and adds the languages that the run teaches.

    Raises:
        ModelError: The family is unknown, or it neither knows a language nor can be taught it.
    """
    new = add_languages(tokenizer, settings)
    return bind(tokenizer, settings.src_lang, settings.tgt_lang), new


def _bind_nllb(tokenizer: Any, source: Language, target: Language) -> Adapter:
    for code in (source.code, target.code):
        _require_token(tokenizer, "NLLB", code, code)
    tokenizer.src_lang = source.code
    tokenizer.tgt_lang = target.code
    # Newer versions put the code first; a checkpoint of the older suffix form says so itself.
    forced = tokenizer.convert_tokens_to_ids(target.code)
    return Adapter("NLLB", tokenizer, forced_bos_token_id=int(forced))


def _bind_m2m100(tokenizer: Any, source: Language, target: Language) -> Adapter:
    for item in (source, target):
        if m2m100_code(item) not in tokenizer.lang_code_to_token:
            raise _unknown_language("M2M100", item.code)
    tokenizer.src_lang = m2m100_code(source)
    tokenizer.tgt_lang = m2m100_code(target)
    forced = tokenizer.get_lang_id(m2m100_code(target))
    return Adapter("M2M100", tokenizer, forced_bos_token_id=int(forced))


def _bind_mbart50(tokenizer: Any, source: Language, target: Language) -> Adapter:
    for item in (source, target):
        if not item.mbart50:
            raise _unknown_language("mBART-50", item.code)
        _require_token(tokenizer, "mBART-50", item.mbart50, item.code)
    tokenizer.src_lang = source.mbart50
    tokenizer.tgt_lang = target.mbart50
    forced = tokenizer.convert_tokens_to_ids(target.mbart50)
    return Adapter("mBART-50", tokenizer, forced_bos_token_id=int(forced))


def _bind_marian(tokenizer: Any, _source: Language, target: Language) -> Adapter:
    codes = [code for code in tokenizer.get_vocab() if code.startswith(">>")]
    if not codes:  # a model of one direction names no language
        return Adapter("Marian", tokenizer)
    wanted = [f">>{code}<<" for code in (target.code, target.code[:3], target.iso)]
    for code in wanted:
        if code in codes:
            return Adapter("Marian", tokenizer, source_prefix=f"{code} ")
    raise _unknown_language("OPUS-MT", target.code)


def _bind_t5(tokenizer: Any, source: Language, target: Language) -> Adapter:
    vocabulary = tokenizer.get_vocab()
    # MADLAD names the script only where a language is written in several.
    for madlad in (f"<2{target.iso}_{target.code[4:]}>", f"<2{target.iso}>"):
        if madlad in vocabulary:
            return Adapter("T5", tokenizer, source_prefix=f"{madlad} ", fp16_is_safe=False)
    if "<2en>" in vocabulary:
        raise _unknown_language("MADLAD", target.code)
    prefix = f"translate {language_name(source.code)} to {language_name(target.code)}: "
    return Adapter("T5", tokenizer, source_prefix=prefix, fp16_is_safe=False)


def known_directions(tokenizer: Any, src_lang: str, tgt_lang: str) -> tuple[list[str], list[str]]:
    """Gives the languages (sources, targets) that a model's tokenizer knows, as FLORES-200 codes.

    A family that names no source language translates from `src_lang`; one that names no language
    at all knows its one direction only.
    """
    adapter = bind(tokenizer, src_lang, tgt_lang)
    codes = [item.code for item in selectable_languages()]
    if adapter.forced_bos_token_id is not None:
        known = [code for code in codes if _knows(tokenizer, code, code)]
        return known, known
    if adapter.source_prefix.startswith((">>", "<2")):
        return [src_lang], [code for code in codes if _knows(tokenizer, src_lang, code)]
    return [src_lang], [tgt_lang]


def _knows(tokenizer: Any, src_lang: str, tgt_lang: str) -> bool:
    try:
        bind(tokenizer, src_lang, tgt_lang)
    except ModelError:
        return False
    return True


def _require_token(tokenizer: Any, family: str, token: str, code: str) -> None:
    if tokenizer.convert_tokens_to_ids(token) in (None, tokenizer.unk_token_id):
        raise _unknown_language(family, code)


def _unknown_language(family: str, code: str) -> ModelError:
    if family in TAUGHT_FAMILIES:
        hint = (
            "Choose a model that does, or teach it this one: name a related language that it knows "
            "in src_lang_like or tgt_lang_like."
        )
    else:
        hint = "Choose a model that does, such as NLLB-200, or another direction."
    return ModelError(
        f"This {family} model does not know {language_name(code)} ({code}).", hint=hint
    )


_BINDERS = {
    "NllbTokenizer": _bind_nllb,
    "M2M100Tokenizer": _bind_m2m100,
    "MBart50Tokenizer": _bind_mbart50,
    "MarianTokenizer": _bind_marian,
    "T5Tokenizer": _bind_t5,
}
TOKENIZER_CLASSES = tuple(_BINDERS)
TAUGHT_FAMILIES = ("NLLB", "M2M100")  # those that a run can teach a new language
