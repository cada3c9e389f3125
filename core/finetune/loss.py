"""The loss of a batch: cross-entropy summed over its label tokens."""

from __future__ import annotations

from typing import Any, Protocol

from core.finetune.decoding import padded
from core.finetune.segments import Encoded

IGNORED = -100


class Callee(Protocol):
    """What a loss is computed with: an engine, or a loaded model."""

    @property
    def module(self) -> Any:
        """The model."""

    def forward(self, **inputs: Any) -> Any:
        """Calls it."""


class Loss:
    """Computes the loss of batches with the model of an engine."""

    def __init__(self, engine: Callee, pad: int, device: Any) -> None:
        self._engine = engine
        self._pad = pad
        self._device = device

    def summed(self, split: Encoded, batch: list[int], smoothing: float = 0.0) -> Any:
        """Gives the cross-entropy summed over the label tokens of a batch (natural log)."""
        import torch
        from torch.nn.functional import cross_entropy

        device = self._device
        inputs, mask = padded([split.sources[i] for i in batch], self._pad)
        targets = [split.targets[i] for i in batch]
        labels, _ = padded(targets, IGNORED)
        # Teacher forcing: the decoder sees the labels one place to the right.
        start = int(self._engine.module.config.decoder_start_token_id)
        shifted, _ = padded([[start, *ids[:-1]] for ids in targets], self._pad)
        logits = self._engine.forward(
            input_ids=torch.tensor(inputs, device=device),
            attention_mask=torch.tensor(mask, device=device),
            decoder_input_ids=torch.tensor(shifted, device=device),
            use_cache=False,
        ).logits
        return cross_entropy(
            logits.float().flatten(0, 1),
            torch.tensor(labels, device=device).flatten(),
            ignore_index=IGNORED,
            reduction="sum",
            label_smoothing=smoothing,
        )
