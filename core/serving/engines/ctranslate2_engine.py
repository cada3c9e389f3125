"""CTranslate2: quantized weights, no Python between tokens."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.host import SHORT_SPIN, accelerator, num_cores
from core.serving.codec import Codec, Encoded
from core.serving.engines.engine import DecodeOptions


class CTranslate2Engine:
    """A converted model on processors or a GPU.

    Attributes:
        num_workers: Batches that are translated at the same time; they share the weights.
    """

    def __init__(self, folder: Path, codec: Codec, *, threads: int, tokens_per_batch: int) -> None:
        """Loads the converted model in `folder`.

        Raises:
            ModelError: Its files cannot be read.
        """
        for name, value in SHORT_SPIN.items():
            os.environ.setdefault(name, value)
        import ctranslate2

        device = (
            "cuda" if accelerator() == "cuda" and ctranslate2.get_cuda_device_count() else "cpu"
        )
        self._tokenizer = codec.tokenizer
        self._tokens_per_batch = tokens_per_batch
        cores = threads or num_cores()
        # Measured on two busy cores: two workers of one thread translated many lines faster than
        # one of two, in `bench serving` in every turn; a lone sentence of a large model can be
        # slower.
        self.num_workers = 2 if device == "cpu" and cores > 1 else 1
        try:
            self._translator: Any = ctranslate2.Translator(
                str(folder),
                device=device,
                compute_type="default",
                inter_threads=self.num_workers,
                intra_threads=cores // self.num_workers,
            )
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(
                f"The converted model in {folder} cannot be loaded: {reason}.",
                hint="Prepare the model again.",
            ) from error

    def generate(
        self, batch: Sequence[Encoded], options: DecodeOptions
    ) -> list[list[tuple[int, ...]]]:
        """Gives for each source its translations as token ids, the best first."""
        to_tokens, to_ids = (
            self._tokenizer.convert_ids_to_tokens,
            self._tokenizer.convert_tokens_to_ids,
        )
        firsts = [row.first_id for row in batch]
        penalty = options.length_penalty
        results = self._translator.translate_batch(
            [to_tokens(list(row.ids)) for row in batch],
            target_prefix=[None if i is None else [to_tokens(i)] for i in firsts],
            max_batch_size=self._tokens_per_batch,
            batch_type="tokens",
            beam_size=options.num_beams,
            num_hypotheses=options.num_hypotheses,
            max_decoding_length=options.max_length,
            min_decoding_length=0,  # the original may find that nothing is to be said, too
            no_repeat_ngram_size=options.no_repeat_ngram_size,
            **({} if penalty is None else {"length_penalty": penalty}),
        )
        return [[tuple(to_ids(row)) for row in result.hypotheses] for result in results]

    def close(self) -> None:
        """Frees the weights."""
        self._translator.unload_model()
