"""Transformers: the original weights, for families that CTranslate2 cannot convert."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from core.finetune.decoding import padded
from core.finetune.models import load_model
from core.host import accelerator
from core.serving.codec import Codec, Encoded
from core.serving.engines.engine import DecodeOptions


class TransformersEngine:
    """A model by PyTorch, whole batches at once.

    Attributes:
        num_workers: 1: PyTorch's own threads already use every core.
    """

    num_workers = 1

    def __init__(self, folder: Path, codec: Codec, *, threads: int) -> None:
        """Loads the model in `folder`; imports torch.

        Raises:
            ModelError: Its files cannot be read.
        """
        import torch

        if threads:
            torch.set_num_threads(threads)
        self._device = "cuda" if accelerator() == "cuda" else "cpu"
        self._model = load_model(str(folder), dtype="auto").to(self._device).eval()
        self._model.generation_config.max_length = None  # max_new_tokens comes with each call
        self._pad_id = int(codec.tokenizer.pad_token_id)
        self._lock = threading.Lock()  # generate() keeps state in the model

    def generate(
        self, batch: Sequence[Encoded], options: DecodeOptions
    ) -> list[list[tuple[int, ...]]]:
        """Gives for each source its translations as token ids, the best first."""
        found: list[list[tuple[int, ...]]] = [[] for _ in batch]
        # The forced first token is one for a whole call, so each target language is a call.
        for first_id in dict.fromkeys(row.first_id for row in batch):
            indices = [i for i, row in enumerate(batch) if row.first_id == first_id]
            rows = self._generate([batch[i].ids for i in indices], first_id, options)
            for index, hypotheses in zip(indices, rows, strict=True):
                found[index] = hypotheses
        return found

    def _generate(
        self, rows: list[tuple[int, ...]], first_id: int | None, options: DecodeOptions
    ) -> list[list[tuple[int, ...]]]:
        import torch

        inputs, mask = padded(rows, self._pad_id)
        penalty = options.length_penalty
        with self._lock, torch.inference_mode():
            outputs = self._model.generate(
                input_ids=torch.tensor(inputs, device=self._device),
                attention_mask=torch.tensor(mask, device=self._device),
                forced_bos_token_id=first_id,
                max_new_tokens=options.max_length,
                num_beams=options.num_beams,
                num_return_sequences=options.num_hypotheses,
                no_repeat_ngram_size=options.no_repeat_ngram_size,
                do_sample=False,
                **({} if penalty is None else {"length_penalty": penalty}),
            ).tolist()
        count = options.num_hypotheses
        return [
            [tuple(ids) for ids in outputs[first : first + count]]
            for first in range(0, len(outputs), count)
        ]

    def close(self) -> None:
        """Lets go of the model."""
        del self._model
