from __future__ import annotations

import pytest

from core.systems.batch.budget import Budget, BudgetError, usd


def test_calls_that_fit_are_allowed_and_the_next_one_is_not() -> None:
    budget = Budget(1.0)
    for _ in range(4):
        budget.reserve(0.25)
        budget.settle(0.25, 0.25)
    assert budget.spent_usd == 1.0
    with pytest.raises(BudgetError) as caught:
        budget.reserve(0.01)
    assert caught.value.message == (
        "The budget of 1 USD is used up: 1 USD are spent, and the next call would exceed it."
    )
    assert caught.value.hint == "What is translated is kept. Raise the budget and resume."


def test_calls_under_way_count() -> None:
    budget = Budget(1.0)
    for _ in range(4):
        budget.reserve(0.25)
    with pytest.raises(BudgetError):
        budget.reserve(0.25)
    budget.settle(0.25, 0.0)  # one that failed costs nothing
    budget.reserve(0.25)


def test_what_a_call_cost_takes_the_place_of_the_forecast() -> None:
    budget = Budget(1.0)
    budget.reserve(0.25)
    budget.settle(0.25, 0.875)
    assert budget.spent_usd == 0.875
    with pytest.raises(BudgetError):
        budget.reserve(0.25)
    budget.reserve(0.125)


def test_refused_call_sets_nothing_aside() -> None:
    budget = Budget(1.0)
    for _ in range(3):
        with pytest.raises(BudgetError):
            budget.reserve(1.5)
    budget.reserve(1.0)


def test_budget_counts_what_earlier_attempts_cost() -> None:
    budget = Budget(1.0, spent_usd=0.75)
    budget.reserve(0.25)
    with pytest.raises(BudgetError, match=r"0\.75 USD are spent"):
        budget.reserve(0.25)
    with pytest.raises(BudgetError):
        Budget(1.0, spent_usd=2.0).reserve(1e-12)


def test_sums_of_prices_may_use_the_budget_up_to_its_end() -> None:
    budget = Budget(0.3)
    for _ in range(3):  # 0.1 + 0.1 + 0.1 > 0.3 in binary
        budget.reserve(0.1)
    for _ in range(3):
        budget.settle(0.1, 0.1)
    with pytest.raises(BudgetError):
        budget.reserve(0.000001)
    cents = Budget(10.0)
    for _ in range(1000):
        cents.reserve(0.01)
        cents.settle(0.01, 0.01)
    with pytest.raises(BudgetError):
        cents.reserve(0.01)


def test_no_limit_lets_every_call_begin() -> None:
    budget = Budget(0.0)
    for _ in range(100):
        budget.reserve(1e9)
        budget.settle(1e9, 1e9)
    assert budget.spent_usd == 1e11


def test_call_that_costs_nothing_is_always_allowed() -> None:
    budget = Budget(0.5)
    budget.reserve(0.5)
    budget.settle(0.5, 0.5)
    budget.reserve(0.0)
    Budget(1.0, spent_usd=2.0).reserve(0.0)  # a free system goes on when a paid one is too dear


def test_a_tiny_budget_is_told_without_powers_of_ten() -> None:
    with pytest.raises(BudgetError) as caught:
        Budget(1e-7).reserve(2.5e-6)
    assert caught.value.message == (
        "The budget of 0.0000001 USD is less than the first call may cost, 0.0000025 USD."
    )


def test_what_is_set_aside_is_told() -> None:
    budget = Budget(1.0)
    budget.reserve(0.75)
    with pytest.raises(BudgetError, match="0 USD are spent, 0.75 USD are set aside for calls"):
        budget.reserve(0.5)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0.0, "0 USD"),
        (0.5, "0.5 USD"),
        (0.1 + 0.2, "0.3 USD"),
        (1234567.0, "1234567 USD"),
        (12.345678, "12.3457 USD"),
        (0.00012345678, "0.0001235 USD"),
        (1e-9, "0.000000001 USD"),
    ],
)
def test_amounts_have_the_decimals_that_they_need(amount: float, text: str) -> None:
    assert usd(amount) == text
