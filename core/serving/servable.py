"""A prepared model on disk: `servable.json` says what it is, beside weights and tokenizer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.errors import ConfigError, ModelError
from core.languages import language_name
from core.storage.files import read_json, write_json

SERVABLE_FILE = "servable.json"
TOKENIZER_FOLDER = "tokenizer"


@dataclass(frozen=True)
class Servable:
    """What a prepared model is and can do.

    Attributes:
        name: What people call the model.
        model: Its canonical name.
        family: As in `core.finetune.adapters`, such as `NLLB`.
        engine: `ctranslate2` or `transformers`.
        engine_reason: Why Transformers serves it; empty for CTranslate2.
        quantization: How the weights are stored.
        sources, targets: FLORES-200 codes of the languages it translates from and to.
        licence: The base model's licence, as far as it is known.
        notice: What users must be told about the licence; may be empty.
        max_target_length: Longest translation of one sentence, in tokens.
        num_beams: Beam size of the comparison, the default of a service.
        size_bytes: The weights on disk.
        max_positions: Longest source and translation that the model has positions for, in tokens;
            0 = no limit of its own.
        provenance: Where it came from: run, step, base model, revision, corpus.
        created_at: UTC ISO-8601.
    """

    name: str
    model: str
    family: str
    engine: str
    engine_reason: str
    quantization: str
    sources: list[str]
    targets: list[str]
    licence: str
    notice: str
    max_target_length: int
    num_beams: int
    size_bytes: int
    created_at: str
    max_positions: int = 0
    provenance: dict[str, Any] = field(default_factory=dict)

    def targets_of(self, src_lang: str) -> list[str]:
        """Gives the languages that `src_lang` can be translated into; [] if it is no source."""
        if src_lang not in self.sources:
            return []
        return [code for code in self.targets if code != src_lang]

    @property
    def languages(self) -> list[str]:
        """All languages, the sources first."""
        return list(dict.fromkeys([*self.sources, *self.targets]))

    def require(self, src_lang: str, tgt_lang: str) -> None:
        """Checks that a direction is offered.

        Raises:
            ConfigError: It is not; the hint names what is.
        """
        if tgt_lang in self.targets_of(src_lang):
            return
        targets = self.targets_of(src_lang)
        known = ", ".join(map(_named, (targets or self.sources)[:8]))
        what = f"From {language_name(src_lang)} it goes" if targets else "It translates"
        raise ConfigError(
            f"This service does not translate {_named(src_lang)} into {_named(tgt_lang)}.",
            hint=f"{what} {'into' if targets else 'from'} {known or 'nothing'}.",
        )

    def save(self, folder: Path) -> None:
        """Writes `servable.json` into `folder`; it comes last, when all else is there."""
        write_json(folder / SERVABLE_FILE, asdict(self))


def _named(code: str) -> str:
    return f"{language_name(code)} ({code})"


def is_servable(folder: Path) -> bool:
    """Whether a folder holds a prepared model."""
    return (folder / SERVABLE_FILE).exists()


def load_servable(folder: Path) -> Servable:
    """Gives what a prepared model is.

    Raises:
        ModelError: The folder holds none, or a damaged one.
    """
    try:
        return Servable(**read_json(folder / SERVABLE_FILE))
    except FileNotFoundError:
        raise ModelError(
            f"The folder {folder} holds no prepared model: {SERVABLE_FILE} is missing.",
            hint="Prepare the model on the Deploy page or by `python -m core deploy prepare`.",
        ) from None
    except (OSError, json.JSONDecodeError, TypeError) as error:
        raise ModelError(
            f"{folder / SERVABLE_FILE} cannot be read: {error}.", hint="Prepare the model again."
        ) from None
