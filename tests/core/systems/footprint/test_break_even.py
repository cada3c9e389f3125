"""After how many segments a fine-tuned model has paid for its training."""

from __future__ import annotations

import pytest

from core.emissions.energy import Energy, Phase
from core.emissions.stored import to_record
from core.errors import DataError
from core.storage.workspace import Workspace
from core.systems.footprint.answer_lengths import Text
from core.systems.footprint.break_even import (
    FineTuning,
    break_even,
    fine_tuning_of,
    fine_tunings_of,
)
from core.systems.footprint.estimated import LlmEstimate
from core.systems.footprint.span import Span
from tests.core.emissions.made_energy import made
from tests.core.emissions.made_inference import made_inference

TEXT = Text("a text", "eng_Latn", "gle_Latn", 50, 20)


def llm(low_kwh: float, high_kwh: float) -> LlmEstimate:
    tokens, embodied = Span(20, 20), Span(0, 0)
    kwh = Span(low_kwh, high_kwh)
    return LlmEstimate("endpoint:a", "LLM", "8 B", TEXT, tokens, "", kwh, embodied, (), "a test")


@pytest.mark.parametrize(
    ("pue", "span", "earliest", "latest", "words"),
    [
        # The local model takes 0.004 kWh for 1,000 segments: 4e-6 kWh each.
        (
            1.0,
            (6e-6, 14e-6),
            50_000,
            250_000,
            "after 50,000 to 250,000 segments (2,500,000 to 12,000,000 characters)",
        ),
        (
            2.0,
            (6e-6, 28e-6),
            50_000,
            None,
            "after 50,000 segments (2,500,000 characters) at the earliest; never, if the LLM takes "
            "as little as it may",
        ),
        (
            1.0,
            (1e-6, 4e-6),
            None,
            None,
            "never: the local model takes as much for each segment, or more",
        ),
    ],
)
def test_training_is_paid_for_by_what_each_segment_saves(
    pue: float,
    span: tuple[float, float],
    earliest: float | None,
    latest: float | None,
    words: str,
) -> None:
    tuning = FineTuning(kwh=0.5, num_runs=1, title="demo")
    found = break_even(tuning, made_inference(), llm(*span), pue=pue)
    assert found.earliest == (earliest and pytest.approx(earliest))
    assert found.latest == (latest and pytest.approx(latest))
    assert found.fine_tuning_kwh == 0.5 * pue
    assert found.local_kwh == pytest.approx(4e-6 * pue)
    assert found.words == words


def test_the_whole_search_is_part_of_the_training(workspace: Workspace) -> None:
    small = {"train": Phase(100, Energy(0.1))}
    for job_id, study in (("run-1", "s1"), ("run-2", "s1"), ("run-3", "s2"), ("run-4", "")):
        workspace.energy.put(to_record(made(job_id, study=study, phases=small)))
    workspace.energy.put(to_record(made("batch-1", "translation", phases=small)))
    found = fine_tuning_of(workspace, "model:run-1")
    assert (found.kwh, found.num_runs, found.title) == (pytest.approx(0.2), 2, "EN–GA")
    assert fine_tuning_of(workspace, "model:run-4").kwh == pytest.approx(0.1)
    assert fine_tuning_of(workspace, "model:run-3@50").kwh == pytest.approx(0.1)
    several = ["model:run-1", "model:run-3@50", "model:starter"]
    assert set(fine_tunings_of(workspace, several)) == {"model:run-1", "model:run-3@50"}
    for nothing in ("model:starter", "model:batch-1"):
        with pytest.raises(DataError, match="No fine-tuning of this model was measured"):
            fine_tuning_of(workspace, nothing)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span(1.2, 3.4), "1.2 to 3.4 Wh"),
        (Span(0.5, 3.4), "500 mWh to 3.4 Wh"),
        (Span(2, 2), "about 2.0 Wh"),
    ],
)
def test_a_range_is_said_with_its_unit_once(span: Span, words: str) -> None:
    def told(value: float) -> str:
        return f"{value:.1f} Wh" if value >= 1 else f"{value * 1000:.0f} mWh"

    assert span.words(told) == words
