"""A run's budget of energy: whether it is kept, and how one says so."""

from __future__ import annotations

from typing import Literal

from core.emissions.amounts import kwh_words

BudgetState = Literal["none", "within", "forecast above", "above"]
BudgetAction = Literal["warn", "stop and save"]

_GOES_ON = "It goes on: the budget only warns."


def budget_state(used_kwh: float, forecast_kwh: float | None, budget_kwh: float) -> BudgetState:
    """Says whether a run keeps its budget.

    Args:
        used_kwh: What the present attempt took, of all devices, without PUE.
        forecast_kwh: What it will have taken at its end; None while nobody can say.
        budget_kwh: What it may take; 0 = no budget.
    """
    if budget_kwh <= 0:
        return "none"
    if used_kwh > budget_kwh:
        return "above"
    return "forecast above" if (forecast_kwh or 0.0) > budget_kwh else "within"


def budget_sentence(
    used_kwh: float,
    forecast_kwh: float | None,
    budget_kwh: float,
    action: BudgetAction = "warn",
    *,
    is_resumed: bool = False,
    has_ended: bool = False,
) -> str:
    """Says it in a sentence with figures; "" where there is no budget.

    Args:
        used_kwh: As for `budget_state`.
        forecast_kwh: As there.
        budget_kwh: As there.
        action: What happens above the budget.
        is_resumed: Whether it is not the first attempt; the budget counts each anew.
        has_ended: Whether the run has ended; nothing more is foretold then.
    """
    state = budget_state(used_kwh, None if has_ended else forecast_kwh, budget_kwh)
    who = "Since it was resumed, the run" if is_resumed else "The run"
    who_took = f"{who} {'took' if has_ended else 'has taken'} {kwh_words(used_kwh)}"
    of_budget = f"its budget of {kwh_words(budget_kwh)} (without PUE)"
    if state == "none":
        return ""
    if state == "within":
        return f"{who_took}, {used_kwh / budget_kwh:.0%} of {of_budget}."
    stops = action == "stop and save"
    if state == "forecast above":
        kwh = forecast_kwh or 0.0
        then = "It will be stopped and saved when it gets there." if stops else _GOES_ON
        will = f"{who} will take about {kwh_words(kwh)}"
        return f"{will}, {_more(kwh, budget_kwh)} than {of_budget}. {then}"
    now = "It is being stopped and saved." if stops else _GOES_ON
    told = f"{who_took}, {_more(used_kwh, budget_kwh)} than {of_budget}."
    return told if has_ended else f"{told} {now}"


def _more(kwh: float, budget_kwh: float) -> str:
    share = kwh / budget_kwh - 1
    return "a little more" if share < 0.005 else f"{share:.0%} more"
