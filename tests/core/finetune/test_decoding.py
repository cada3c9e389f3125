from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.finetune.adapters import Adapter
from core.finetune.decoding import length_batches, padded, translate


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(50, 300))
def test_every_segment_is_in_one_batch_and_no_batch_is_too_large(
    lengths: list[int], slots: int
) -> None:
    batches = length_batches(lengths, slots)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) * max(lengths[i] for i in batch) <= slots
    longest = [lengths[i] for batch in batches for i in batch]
    assert longest == sorted(lengths, reverse=True)


def test_rows_are_filled_up_and_the_mask_marks_the_tokens() -> None:
    rows, mask = padded([[5, 6, 7], [8]], 1)
    assert rows == [[5, 6, 7], [8, 1, 1]]
    assert mask == [[1, 1, 1], [1, 0, 0]]


END, PAD, START = 2, 1, 0


class LetterTokenizer:
    """One token a letter."""

    pad_token_id, eos_token_id = PAD, END

    def __call__(self, texts: list[str], **options: Any) -> dict[str, list[list[int]]]:
        length = options["max_length"]
        return {"input_ids": [[*map(ord, text)][: length - 1] + [END] for text in texts]}

    def batch_decode(self, rows: list[list[int]], skip_special_tokens: bool) -> list[str]:
        assert skip_special_tokens
        return ["".join(chr(i) for i in row if i > END) for row in rows]


class Echo:
    """A model that gives its input back, and never ends a segment that begins with `x`."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def parameters(self) -> Iterator[Any]:
        import torch

        return iter([torch.zeros(1)])

    def generate(self, **inputs: Any) -> Any:
        import torch

        self.calls.append(inputs)
        ids = inputs["input_ids"].clone()
        ids[(ids[:, 0] == ord("x"))[:, None] & (ids == END)] = ord("x")
        return torch.cat([torch.full((len(ids), 1), END), ids], dim=1)


@pytest.mark.parametrize("num_beams", [1, 4])
def test_translations_come_back_in_the_order_of_the_sources(num_beams: int) -> None:
    sources = [
        letter * length
        for letter, length in zip("abcdxfgx", [3, 90, 1, 40, 7, 60, 2, 5], strict=True)
    ]
    model, seen = Echo(), []
    decoded = translate(
        model,
        Adapter("T5", LetterTokenizer(), forced_bos_token_id=START),
        sources,
        max_source_length=100,
        max_target_length=33,
        num_beams=num_beams,
        synced=True,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    endless = [source + "x" if source.startswith("x") else source for source in sources]
    assert decoded.hypotheses == endless
    assert decoded.num_capped == 2
    assert seen[-1] == (8, 8)
    (call, *_) = model.calls
    assert call["max_new_tokens"] == 33
    assert call["num_beams"] == num_beams
    assert call["forced_bos_token_id"] == START
    assert call["synced_gpus"] is True
    assert call["do_sample"] is False


class Small(Echo):
    """A model with memory for two segments at once."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def generate(self, **inputs: Any) -> Any:
        if len(inputs["input_ids"]) > 2:
            raise self.error
        return super().generate(**inputs)


def translated(model: Any, sources: list[str], *, synced: bool = False) -> list[str]:
    adapter = Adapter("T5", LetterTokenizer(), forced_bos_token_id=START)
    lengths = {"max_source_length": 9, "max_target_length": 9}
    decoded = translate(model, adapter, sources, **lengths, num_beams=1, synced=synced)
    return decoded.hypotheses


SHORT = [
    RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
]


@pytest.mark.parametrize("error", SHORT, ids=lambda error: type(error).__name__)
def test_a_batch_that_does_not_fit_is_translated_by_halves(error: Exception) -> None:
    sources = ["abc", "de", "f", "gh", "ijklm", "n", "o"]
    model = Small(error)
    assert translated(model, sources) == sources
    assert max(len(call["input_ids"]) for call in model.calls) == 2
    # Nothing can be halved where processes step together, nor is every fault one of memory.
    with pytest.raises(type(error)):
        translated(Small(error), sources, synced=True)
    with pytest.raises(RuntimeError, match="index out of range"):
        translated(Small(RuntimeError("index out of range")), sources)


def test_no_sources_give_no_translations() -> None:
    decoded = translate(
        Echo(),
        Adapter("T5", LetterTokenizer()),
        [],
        max_source_length=9,
        max_target_length=9,
        num_beams=1,
    )
    assert decoded.hypotheses == []
    assert decoded.num_capped == 0
