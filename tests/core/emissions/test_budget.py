"""What is said of a budget of energy."""

import pytest

from core.emissions.budget import BudgetState, budget_sentence, budget_state


@pytest.mark.parametrize(
    ("used_kwh", "forecast_kwh", "budget_kwh", "state"),
    [
        (0.5, 2.0, 0.0, "none"),
        (0.5, None, 1.0, "within"),
        (0.5, 1.0, 1.0, "within"),
        (0.5, 1.01, 1.0, "forecast above"),
        (1.0, 1.0, 1.0, "within"),
        (1.001, 1.5, 1.0, "above"),
    ],
)
def test_a_budget_is_kept_or_not(
    used_kwh: float, forecast_kwh: float | None, budget_kwh: float, state: BudgetState
) -> None:
    assert budget_state(used_kwh, forecast_kwh, budget_kwh) == state


@pytest.mark.parametrize(
    ("figures", "action", "has_ended", "sentence"),
    [
        ((0.5, None, 0.0), "warn", False, ""),
        (
            (0.5, 0.9, 1.0),
            "warn",
            False,
            "The run has taken 0.50 kWh, 50% of its budget of 1.0 kWh (without PUE).",
        ),
        (
            (0.5, 2.0, 1.0),
            "warn",
            True,
            "The run took 0.50 kWh, 50% of its budget of 1.0 kWh (without PUE).",
        ),
        (
            (0.5, 1.2, 1.0),
            "warn",
            False,
            "The run will take about 1.2 kWh, 20% more than its budget of 1.0 kWh (without PUE). "
            "It goes on: the budget only warns.",
        ),
        (
            (0.5, 1.2, 1.0),
            "stop and save",
            False,
            "The run will take about 1.2 kWh, 20% more than its budget of 1.0 kWh (without PUE). "
            "It will be stopped and saved when it gets there.",
        ),
        (
            (1.1, 1.2, 1.0),
            "stop and save",
            False,
            "The run has taken 1.1 kWh, 10% more than its budget of 1.0 kWh (without PUE). "
            "It is being stopped and saved.",
        ),
        (
            (1.1, 1.2, 1.0),
            "warn",
            False,
            "The run has taken 1.1 kWh, 10% more than its budget of 1.0 kWh (without PUE). "
            "It goes on: the budget only warns.",
        ),
        (
            (1.001, None, 1.0),
            "stop and save",
            True,
            "The run took 1.0 kWh, a little more than its budget of 1.0 kWh (without PUE).",
        ),
    ],
)  # fmt: skip
def test_it_is_said_with_figures(
    figures: tuple[float, float | None, float], action: str, has_ended: bool, sentence: str
) -> None:
    assert budget_sentence(*figures, action, has_ended=has_ended) == sentence  # type: ignore[arg-type]
