"""Advice: whatever is advised fits by the estimate, and gentler changes come first."""

from typing import Any

import pytest

from core.finetune.preflight.advice import advise
from core.finetune.preflight.hub_shapes import published_shape
from core.finetune.preflight.longest_batch import assumed_lengths
from core.finetune.preflight.memory import Estimate, Memories, estimate
from core.finetune.settings import FineTuneSettings

GB = 10**9


def estimator(on_gpu: bool) -> Any:
    def estimated(settings: FineTuneSettings) -> Estimate | None:
        shape = published_shape(settings.base_model)
        lengths = assumed_lengths(settings, 10_000)
        return None if shape is None else estimate(shape, settings, lengths, on_gpu=on_gpu)

    return estimated


CASES = [
    (model, precision, batching, processes, gpu_gb, host_gb)
    for model in ("facebook/nllb-200-distilled-600M", "facebook/nllb-200-3.3B", "google/mt5-base")
    for precision in ("fp32", "bf16")
    for batching in ("token budget", "fixed size")
    for processes in (1, 2)
    for gpu_gb, host_gb in ((0, 8), (0, 32), (8, 32), (16, 64), (24, 64), (80, 128))
]


@pytest.mark.parametrize(
    ("model", "precision", "batching", "processes", "gpu_gb", "host_gb"), CASES
)
def test_what_is_advised_fits(
    model: str, precision: str, batching: str, processes: int, gpu_gb: int, host_gb: int
) -> None:
    settings = FineTuneSettings.parse(
        {
            "base_model": model, "precision": precision, "batching": batching, "batch_size": 32,
            "num_processes": processes, "tokens_per_batch": 4096, "num_beams": 5,
        }
    )  # fmt: skip
    memories = Memories(host_gb * GB, gpu_gb * GB, 2 if gpu_gb else 0)
    estimated = estimator(bool(gpu_gb))
    advice = advise(settings, memories, estimated)
    if estimated(settings).fits(memories):
        assert advice == []
    for each in advice:
        changed = settings.changed(**each.values)
        assert estimated(changed).fits(memories)
        assert estimated(changed) == each.estimate
        assert any(getattr(settings, name) != value for name, value in each.values.items())
    assert [each.cost for each in advice] == sorted(each.cost for each in advice)
    assert len({frozenset(each.values) for each in advice}) == len(advice)


def test_halved_batches_keep_the_tokens_of_an_update() -> None:
    settings = FineTuneSettings(
        base_model="facebook/nllb-200-distilled-600M", tokens_per_batch=8192, precision="bf16"
    )
    advice = advise(settings, Memories(64 * GB, 32 * GB, 1), estimator(True))
    first = advice[0].values
    assert first["tokens_per_batch"] * first["gradient_accumulation"] == 8192
    assert set(first) == {"tokens_per_batch", "gradient_accumulation"}


def test_pair_where_no_single_change_is_enough() -> None:
    settings = FineTuneSettings(base_model="facebook/nllb-200-3.3B", precision="bf16")
    advice = advise(settings, Memories(40 * GB, 24 * GB, 1), estimator(True))
    assert advice and all(each.estimate.fits(Memories(40 * GB, 24 * GB, 1)) for each in advice)
    assert any(" and " in each.words or "smaller" in each.words for each in advice)


def test_nothing_is_advised_where_nothing_is_known_or_nothing_helps() -> None:
    unknown = FineTuneSettings(base_model="somebody/unheard-of")
    assert advise(unknown, Memories(GB), estimator(False)) == []
    known = FineTuneSettings(base_model="facebook/nllb-200-distilled-600M")
    assert advise(known, Memories(GB // 10), estimator(False)) == []
