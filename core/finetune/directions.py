"""The directions of a run, each with an adapter of its own: their tokenizers hold the languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.errors import ConfigError
from core.finetune.adapters import Adapter, bind, bind_run
from core.finetune.new_languages import NewLanguage, add_languages
from core.finetune.settings import FineTuneSettings


@dataclass(frozen=True)
class Directions:
    """How the model is told what it translates.

    Attributes:
        main: From the run's source language into its target language.
        reverse: The other way round; None where the run learns one direction.
        new: The languages that the run teaches the model.
    """

    main: Adapter
    reverse: Adapter | None = None
    new: tuple[NewLanguage, ...] = ()

    def adapter(self, *, is_reversed: bool) -> Adapter:
        """Gives the adapter of a direction that the run learns."""
        if not is_reversed:
            return self.main
        assert self.reverse is not None
        return self.reverse


def bind_directions(load: Callable[[], Any], settings: FineTuneSettings) -> Directions:
    """Binds the model's tokenizer, another one for each direction.

    Args:
        load: Gives a tokenizer of the model that nobody else has.
        settings: Languages, and whether both directions are learnt.

    Raises:
        ModelError: The tokenizer cannot be had, or does not know one of the languages.
        ConfigError: Both directions are asked of a model that knows one.
    """
    main, new = bind_run(load(), settings)
    if not settings.both_directions:
        return Directions(main, new=tuple(new))
    check_tells_direction(main)
    tokenizer = load()
    add_languages(tokenizer, settings)
    reverse = bind(tokenizer, settings.tgt_lang, settings.src_lang)
    return Directions(main, reverse, tuple(new))


def check_tells_direction(adapter: Adapter) -> None:
    """Refuses models that are not told the target language: they would not know which is meant.

    Raises:
        ConfigError: The model is one of these.
    """
    if adapter.forced_bos_token_id is None and not adapter.source_prefix:
        raise ConfigError(
            f"This {adapter.family} model translates one direction and cannot be told another; "
            "both_directions needs one that can.",
            hint="Switch both directions off, or choose a multilingual model such as NLLB-200.",
        )
