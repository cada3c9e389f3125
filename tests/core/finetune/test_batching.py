from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from core.finetune.batching import BatchPlan, Lengths, Step, total_steps
from core.finetune.settings import FineTuneSettings
from core.storage.workspace import PROJECT

LENGTHS = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=1, max_size=80).map(
    lambda rows: Lengths([row[0] for row in rows], [row[1] for row in rows])
)

CHANGES = st.fixed_dictionaries(
    {
        "batching": st.sampled_from(["token budget", "fixed size"]),
        "tokens_per_batch": st.integers(16, 400),
        "batch_size": st.integers(1, 20),
        "gradient_accumulation": st.integers(1, 4),
        "seed": st.integers(0, 5),
    }
)
PROCESSES = st.integers(1, 4)


def plan_of(lengths: Lengths, processes: int, **values: Any) -> BatchPlan:
    return BatchPlan(lengths, FineTuneSettings.parse(values), processes)


def possible(plan: BatchPlan) -> list[Step]:
    """Gives the first epoch; skips the example where the segments are too few for one step."""
    try:
        return plan.epoch(0)
    except ConfigError:
        assume(False)
        raise


@settings(max_examples=80)
@given(LENGTHS, CHANGES, PROCESSES)
def test_every_segment_is_seen_exactly_once_an_epoch(
    lengths: Lengths, values: dict[str, Any], processes: int
) -> None:
    steps = possible(plan_of(lengths, processes, **values))
    seen = [i for step in steps for group in step for batch in group for i in batch]
    assert sorted(seen) == list(range(len(lengths.source)))


@settings(max_examples=80)
@given(LENGTHS, CHANGES, PROCESSES)
def test_every_process_has_a_batch_in_every_part_of_every_step(
    lengths: Lengths, values: dict[str, Any], processes: int
) -> None:
    """So the number of batches is a multiple of processes times accumulation."""
    for step in possible(plan_of(lengths, processes, **values)):
        assert len(step) == values["gradient_accumulation"]
        for group in step:
            assert len(group) == processes
            assert all(group)


@settings(max_examples=60)
@given(LENGTHS, CHANGES, PROCESSES)
def test_number_of_steps_is_the_same_in_every_epoch(
    lengths: Lengths, values: dict[str, Any], processes: int
) -> None:
    plan = plan_of(lengths, processes, **values)
    count = len(possible(plan))
    assert {len(plan.epoch(epoch)) for epoch in range(1, 5)} == {count}


@settings(max_examples=80)
@given(LENGTHS, CHANGES, PROCESSES)
def test_no_batch_is_larger_than_asked(
    lengths: Lengths, values: dict[str, Any], processes: int
) -> None:
    for step in possible(plan_of(lengths, processes, **values)):
        for group in step:
            for batch in group:
                slots = len(batch) * max(lengths.longest(i) for i in batch)
                if values["batching"] == "fixed size":
                    assert len(batch) <= values["batch_size"]
                else:
                    assert slots <= values["tokens_per_batch"] or len(batch) == 1


@settings(max_examples=40)
@given(LENGTHS, CHANGES, PROCESSES)
def test_counted_tokens_are_those_of_the_corpus(
    lengths: Lengths, values: dict[str, Any], processes: int
) -> None:
    plan = plan_of(lengths, processes, **values)
    steps = possible(plan)
    assert sum(map(plan.num_tokens, steps)) == sum(lengths.target)
    assert sum(plan.step_slots(step)[0] for step in steps) == sum(lengths.source) + sum(
        lengths.target
    )
    assert 0 <= plan.padding_share() < 1


LINE_OF_PLAN = """
import json, sys
from core.finetune.batching import BatchPlan, Lengths
from core.finetune.settings import FineTuneSettings
settings = FineTuneSettings.parse(json.loads(sys.argv[1]))
lengths = Lengths(list(range(1, 200)), list(range(200, 1, -1)))
print(json.dumps([BatchPlan(lengths, settings, 2).epoch(epoch) for epoch in (0, 3)]))
"""


@pytest.mark.parametrize("batching", ["token budget", "fixed size"])
def test_plan_is_the_same_in_every_process(batching: str) -> None:
    """Also where Python hashes text with another seed, as every process does."""
    values = {"batching": batching, "gradient_accumulation": 2}
    found = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", LINE_OF_PLAN, json.dumps(values)],
                cwd=PROJECT,
                env={"PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
            ).stdout
        )
        for seed in ("1", "2")
    ]
    lengths = Lengths(list(range(1, 200)), list(range(200, 1, -1)))
    mine = [plan_of(lengths, 2, **values).epoch(epoch) for epoch in (0, 3)]
    assert found == [mine, mine]


@pytest.mark.parametrize("batching", ["token budget", "fixed size"])
def test_epochs_and_seeds_differ(batching: str) -> None:
    lengths = Lengths([7] * 500, [9] * 500)
    plan = plan_of(lengths, 1, batching=batching, seed=1)
    other = plan_of(lengths, 1, batching=batching, seed=2)
    assert plan.epoch(0) == plan.epoch(0)
    assert plan.epoch(0) != plan.epoch(1)
    assert plan.epoch(0) != other.epoch(0)


@pytest.mark.parametrize(
    ("num_segments", "processes", "accumulation", "sentence"),
    [
        (3, 2, 2, "3 training segments are too few for steps of 4 batches."),
        (1, 1, 8, "1 training segments are too few for steps of 8 batches."),
    ],
)
def test_too_few_segments_are_one_sentence(
    num_segments: int, processes: int, accumulation: int, sentence: str
) -> None:
    lengths = Lengths([5] * num_segments, [5] * num_segments)
    plan = plan_of(lengths, processes, gradient_accumulation=accumulation)
    with pytest.raises(ConfigError) as caught:
        plan.epoch(0)
    assert caught.value.message == sentence
    assert caught.value.hint


def test_exactly_enough_segments_make_one_step() -> None:
    plan = plan_of(Lengths([5] * 4, [5] * 4), 2, gradient_accumulation=2)
    assert [[len(batch) for batch in group] for group in plan.epoch(0)[0]] == [[1, 1], [1, 1]]


def test_segment_longer_than_the_budget_stands_alone() -> None:
    plan = plan_of(Lengths([5, 90, 5], [5, 5, 5]), 1, tokens_per_batch=20)
    batches = sorted(batch for step in plan.epoch(0) for group in step for batch in group)
    assert [sorted(batch) for batch in batches] in ([[0, 2], [1]], [[1], [0, 2]])


@pytest.mark.parametrize(
    ("num_epochs", "max_steps", "expected"), [(3, 0, 30), (3, 7, 7), (3, 99, 30), (1, 10, 10)]
)
def test_run_ends_after_its_epochs_or_steps(num_epochs: int, max_steps: int, expected: int) -> None:
    plan = plan_of(Lengths([1], [1]), 1, num_epochs=num_epochs, max_steps=max_steps)
    assert total_steps(plan, 10) == expected


def bpe_lengths(folder: Path) -> Lengths:
    """Counts the tokens of the training segments with a joint BPE of 8,000 pieces."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    files = [folder / "train.en", folder / "train.ga"]
    texts = [file.read_text(encoding="utf-8").splitlines() for file in files]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=8000, special_tokens=["<unk>"], show_progress=False)
    tokenizer.train_from_iterator([text for side in texts for text in side], trainer)
    # Language code and end of segment are added, and nothing is longer than the default.
    source, target = (
        [min(len(encoding.ids) + 2, 128) for encoding in tokenizer.encode_batch(side)]
        for side in texts
    )
    return Lengths(source, target)


def test_token_budget_leaves_almost_no_padding_on_loresmt(loresmt: Path) -> None:
    lengths = bpe_lengths(loresmt)
    by_budget = plan_of(lengths, 1, batching="token budget", tokens_per_batch=1920)
    assert by_budget.padding_share() <= 0.08
    assert plan_of(lengths, 2, gradient_accumulation=4).padding_share() <= 0.08
    at_random = plan_of(lengths, 1, batching="fixed size", batch_size=32)
    assert at_random.padding_share() > 0.3
