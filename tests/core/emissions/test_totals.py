import pytest

from core.emissions.totals import GROUPINGS, NO_SYSTEM, grand_total, totals
from core.errors import ConfigError
from tests.core.emissions.made_energy import some_jobs


@pytest.mark.parametrize("by", GROUPINGS)
def test_every_grouping_adds_up_to_the_same_sum(by: str) -> None:
    found = some_jobs()
    whole = grand_total(found)
    groups = totals(found, by)
    assert sum(each.energy.total_kwh for each in groups) == pytest.approx(whole.energy.total_kwh)
    assert whole.energy.total_kwh == pytest.approx(0.5083 + 2 * 0.00042 + 0.0014)
    assert (whole.num_jobs, whole.seconds) == (4, 3690 + 200 + 50)


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        ("run", [("EN–GA", 1), ("no run", 1), ("trial 1", 1), ("trial 2", 1)]),
        ("search", [("no search", 2), ("s1", 2)]),
        ("kind", [("run", 3), ("translation", 1)]),
        ("phase", [("train", 3), ("evaluate", 1), ("translate", 1), ("prepare", 1)]),
        ("device", [("GPU", 3), ("RAM", 4), ("CPU", 4)]),
        ("system", [("EN–GA", 2), ("nllb", 1), (NO_SYSTEM, 1)]),
        ("month", [("2026-10", 1), ("2026-11", 3)]),
        ("person", [("Ana", 3), ("nobody named", 1)]),
    ],
)
def test_groups_come_largest_first_and_months_in_order(
    by: str, labels: list[tuple[str, int]]
) -> None:
    assert [(each.label, each.num_jobs) for each in totals(some_jobs(), by)] == labels


def test_months_are_in_order_whatever_they_took() -> None:
    assert [each.label for each in totals(some_jobs()[::-1], "month")] == ["2026-10", "2026-11"]


def test_a_device_has_its_own_energy_only() -> None:
    gpu = totals(some_jobs(), "device")[0]
    assert gpu.energy.gpu_kwh == pytest.approx(0.466)
    assert gpu.energy.total_kwh == gpu.energy.gpu_kwh


def test_runs_of_one_title_stay_apart_and_searches_can_be_named() -> None:
    found = [*some_jobs()[1:2] * 1, *some_jobs()[1:3]]
    same = [each for each in totals(found, "run") if each.label.startswith("trial")]
    assert [each.key for each in same] == ["run-2", "run-3"]
    named = totals(some_jobs(), "search", names={"s1": "Learning rates"})
    assert named[1].label == "Learning rates"


def test_an_unknown_grouping_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be added up by 'colour'"):
        totals([], "colour")
    assert totals([], "run") == []
