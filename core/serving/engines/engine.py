"""What the service needs from the machinery that translates, and how one is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.errors import HostError
from core.serving.codec import Codec, Encoded
from core.serving.servable import Servable


@dataclass(frozen=True)
class DecodeOptions:
    """How translations are searched for; sentences with equal options share a batch.

    Attributes:
        num_beams: Beam size, 1 = greedy.
        num_hypotheses: Translations wanted of each source, at most `num_beams`.
        max_length: Translations end here, in tokens.
        no_repeat_ngram_size: No n-gram of this many tokens may come twice; 0 = they may.
        length_penalty: Power of its length that divides a translation's log probability in a
            beam search; None = as the model has it.
    """

    num_beams: int = 1
    num_hypotheses: int = 1
    max_length: int = 256
    no_repeat_ngram_size: int = 0
    length_penalty: float | None = None


class Engine(Protocol):
    """Something that translates batches; calls may come from several threads at once."""

    num_workers: int

    def generate(
        self, batch: Sequence[Encoded], options: DecodeOptions
    ) -> list[list[tuple[int, ...]]]:
        """Gives for each source its translations as token ids, the best first."""

    def close(self) -> None:
        """Lets go of the model."""


def open_engine(
    folder: Path, servable: Servable, codec: Codec, *, threads: int, tokens_per_batch: int
) -> Engine:
    """Loads a prepared model.

    Args:
        folder: Where `servable.json` is.
        servable: What it says.
        codec: The tokenizer, loaded.
        threads: Processor threads in all; 0 = all cores.
        tokens_per_batch: Longest sentence times sentences that are translated at once.

    Raises:
        HostError: There is too little memory for it.
        ModelError: The files cannot be read.
    """
    check_memory(servable)
    if servable.engine == "transformers":
        from core.serving.engines.transformers_engine import TransformersEngine

        return TransformersEngine(folder, codec, threads=threads)
    from core.serving.engines.ctranslate2_engine import CTranslate2Engine

    return CTranslate2Engine(folder, codec, threads=threads, tokens_per_batch=tokens_per_batch)


def check_memory(servable: Servable) -> None:
    """Refuses a model that cannot fit, before the system ends the process for it.

    Raises:
        HostError: Less memory is free than the weights take, with a tenth on top for working.
    """
    import psutil

    needed = int(servable.size_bytes * 1.1) + 50_000_000
    free = psutil.virtual_memory().available
    if needed > free:
        raise HostError(
            f"Serving {servable.name!r} needs about {needed / 1e9:.1f} GB of memory and "
            f"{free / 1e9:.1f} GB are free.",
            hint="End other programs, or prepare the model with int8.",
        )
