"""Forecasts of runs whose end is known."""

import pytest

from core.emissions.course import EnergyCourse, PhaseBand
from core.emissions.energy import Energy, Phase
from core.emissions.forecast import Forecast, Steps, forecast
from core.emissions.records import Measured

# kWh of a run of four epochs of ten steps: 20 before training, 5 each step, 10 each evaluation,
# 2 each checkpoint, and 20 for the test split at the end.
PREPARE, TEST, STEP, EVALUATE, SAVE = 4.0, 20.0, 5.0, 10.0, 2.0
WHOLE = PREPARE + TEST + 4 * (10 * STEP + EVALUATE + SAVE) + TEST


def course(
    *parts: tuple[str, float], attempt: int = 1, after: EnergyCourse | None = None
) -> EnergyCourse:
    """A course of such phases and kWh, after another one."""
    bands = list(after.bands) if after else []
    for phase, kwh in parts:
        bands.append(PhaseBand(phase, attempt, 0.0, 1.0, Energy(cpu_kwh=kwh)))
    total = sum(each.energy.total_kwh for each in bands)
    measured = Measured(phases={"train": Phase(60.0, Energy(cpu_kwh=total))})
    return EnergyCourse(bands=bands, measured=measured)


def told(found: EnergyCourse, step: int, every: int = 10) -> Forecast | None:
    return forecast(found, Steps(step, 40, 10, every))


OPENING = (("prepare", PREPARE), ("evaluate", TEST))
ROUND = (("train", 10 * STEP), ("evaluate", EVALUATE), ("save", SAVE))


def test_nothing_is_foretold_before_the_first_epoch_is_complete() -> None:
    assert told(course(), 0) is None
    assert told(course(*OPENING), 0) is None
    assert told(course(*OPENING, ("train", 9 * STEP)), 9) is None
    # Its steps are done, but nothing of them was measured.
    assert told(course(*OPENING), 10) is None


@pytest.mark.parametrize(
    ("parts", "step"),
    [
        ((*ROUND, ("train", STEP)), 11),
        ((*ROUND, ("train", 9 * STEP)), 19),
        ((*ROUND, ("train", 10 * STEP)), 20),
        ((*ROUND, ("train", 10 * STEP), ("evaluate", 4.0)), 20),
        ((*ROUND, *ROUND, ("train", 0.0)), 20),
        ((*ROUND, *ROUND, *ROUND, *ROUND), 40),
        ((*ROUND, *ROUND, *ROUND, *ROUND, ("save", 0.0), ("evaluate", 12.0)), 40),
    ],
)
def test_even_epochs_foretell_the_end_wherever_one_asks(
    parts: tuple[tuple[str, float], ...], step: int
) -> None:
    found = told(course(*OPENING, *parts), step)
    assert found is not None
    # Evaluations are owed step by step, so that the forecast does not jump when one begins.
    assert found.kwh == pytest.approx(WHOLE)
    assert found.low_kwh == found.high_kwh == found.kwh


def test_the_range_goes_from_the_cheapest_to_the_dearest_round() -> None:
    parts = (*ROUND, ("train", 40.0), *ROUND[1:], ("train", 65.0), *ROUND[1:], ("train", 0.0))
    found = told(course(*OPENING, *parts), 30)
    assert found is not None and found.num_rounds == 3
    before = 24 + 62 + 52 + 77 + TEST
    expected = (before + 52, before + 62, before + 77)
    assert (found.low_kwh, found.kwh, found.high_kwh) == pytest.approx(expected)


def test_steps_tell_where_no_evaluation_is_complete() -> None:
    # Evaluated every thirty steps: after the first epoch there are only steps to go by.
    found = told(course(*OPENING, ("train", 15 * STEP)), 15, every=30)
    assert found is not None and found.num_rounds == 0
    assert found.kwh == pytest.approx(24 + 40 * STEP + TEST)


def test_a_run_of_one_epoch_is_told_of_after_a_tenth() -> None:
    early = forecast(course(*OPENING, ("train", 9.0)), Steps(9, 100, 100, 50))
    later = forecast(course(*OPENING, ("train", 10.0)), Steps(10, 100, 100, 50))
    assert early is None and later is not None
    assert later.kwh == pytest.approx(24 + 100 + TEST)


def test_what_a_killed_attempt_lost_counts_but_is_not_foretold_again() -> None:
    killed = course(*OPENING, *ROUND, ("train", 7 * STEP))
    resumed = course(("prepare", PREPARE), *ROUND, ("train", STEP), attempt=2, after=killed)
    found = told(resumed, 21)
    assert found is not None
    assert found.kwh == pytest.approx(WHOLE + PREPARE + 7 * STEP)
    # Until there is another round, the one that was broken off has to do.
    first_lost = course(*OPENING, ("train", 7 * STEP))
    only = course(("prepare", PREPARE), *ROUND, ("train", STEP), attempt=2, after=first_lost)
    found = told(only, 11)
    assert found is not None and found.kwh > WHOLE + PREPARE + 7 * STEP


def test_it_is_never_less_than_what_was_taken() -> None:
    # The end of the run took more than it did before training.
    parts = (*ROUND, *ROUND, *ROUND, *ROUND, ("evaluate", 3 * TEST))
    found = course(*OPENING, *parts)
    last = told(found, 40)
    assert last is not None and last.kwh == pytest.approx(found.total_kwh)
    assert last.kwh > WHOLE
