"""Translating many segments with a loaded model: batches by length, results in input order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.finetune.adapters import Adapter
from core.finetune.memory_shortage import is_memory_short

Rows = list[list[int]]
Generate = Callable[[Rows], Rows]


@dataclass(frozen=True)
class Decoded:
    """Translations of some segments.

    Attributes:
        hypotheses: One a source, in the order of the sources.
        num_capped: How many were cut at the length limit.
    """

    hypotheses: list[str]
    num_capped: int


def length_batches(lengths: Sequence[int], slots: int) -> list[list[int]]:
    """Groups indices, longest first, so that length times segments stays below `slots`."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    batches: list[list[int]] = []
    for index in order:
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= slots:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def translate(
    model: Any,
    adapter: Adapter,
    sources: Sequence[str],
    *,
    max_source_length: int,
    max_target_length: int,
    num_beams: int,
    synced: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Decoded:
    """Translates sources.

    Args:
        model: An encoder-decoder model in evaluation mode.
        adapter: Tokenizer and languages.
        sources: Segments in the source language.
        max_source_length: Longer sources are cut, in tokens.
        max_target_length: Translations end here, in tokens.
        num_beams: Beam size, 1 = greedy.
        synced: True when processes share the weights (ZeRO-3) and must step together.
        on_progress: Called with (segments done, segments) after each batch.
    """
    encoded = adapter.encode_sources(sources, max_source_length)
    hypotheses = [""] * len(sources)
    capped = done = 0
    slots = max(max_source_length, 8192 // num_beams)
    generate = partial(
        _generated, model, adapter, length=max_target_length, num_beams=num_beams, synced=synced
    )
    for batch in length_batches([len(ids) for ids in encoded], slots):
        outputs = _in_parts(generate, [encoded[i] for i in batch], may_halve=not synced)
        eos = adapter.tokenizer.eos_token_id
        capped += sum(eos not in ids[1:] for ids in outputs)  # the first token starts decoding
        for index, text in zip(batch, adapter.decode(outputs), strict=True):
            hypotheses[index] = text
        done += len(batch)
        if on_progress:
            on_progress(done, len(sources))
    return Decoded(hypotheses, capped)


def _in_parts(generate: Generate, rows: Rows, *, may_halve: bool) -> Rows:
    """Gives what `generate` does, by halves where memory does not suffice for all rows at once.

    How long translations become, nobody knows beforehand: one that never ends keeps its whole
    batch growing. Processes that share the weights must step together, and cannot try again.
    """
    try:
        return generate(rows)
    except (MemoryError, RuntimeError) as error:
        if not may_halve or len(rows) == 1 or not is_memory_short(error):
            raise
    _give_memory_back()  # here, where the error no longer holds what it was at
    half = len(rows) // 2
    parts = (_in_parts(generate, part, may_halve=True) for part in (rows[:half], rows[half:]))
    return [ids for part in parts for ids in part]


def _give_memory_back() -> None:
    import gc

    import torch

    gc.collect()
    torch.cuda.empty_cache()  # does nothing without a GPU


def _generated(
    model: Any,
    adapter: Adapter,
    rows: Rows,
    *,
    length: int,
    num_beams: int,
    synced: bool,
) -> Rows:
    """Gives the ids that follow the sources in `rows`, with special tokens and padding."""
    import torch

    device = next(model.parameters()).device
    inputs, mask = padded(rows, int(adapter.tokenizer.pad_token_id))
    # Not inference_mode(): the weights that ZeRO-3 gathers inside it could not train again.
    with torch.no_grad():
        outputs: Rows = model.generate(
            input_ids=torch.tensor(inputs, device=device),
            attention_mask=torch.tensor(mask, device=device),
            forced_bos_token_id=adapter.forced_bos_token_id,
            max_new_tokens=length,
            num_beams=num_beams,
            do_sample=False,
            synced_gpus=synced,
        ).tolist()
    return outputs


def padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[list[list[int]], list[list[int]]]:
    """Gives rows filled up with `pad` to the longest, and the mask that marks the real tokens."""
    width = max(len(row) for row in rows)
    filled = [[*row, *[pad] * (width - len(row))] for row in rows]
    mask = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
    return filled, mask
