from __future__ import annotations

import pytest

from core.annotate.campaign_data import CampaignData
from core.annotate.mqm_weights import find_preset
from core.annotate.results.error_profile import UNCATEGORISED, UNDECIDED, ErrorCount, profile_errors
from core.annotate.results.table import error_rows
from tests.core.annotate.results.judged import campaign, item, marked, scored

PRESET = find_preset("wmt23")


@pytest.fixture
def data() -> CampaignData:
    return campaign(
        [
            item("r1", 0, 0, marked("Major Style/Awkward", "minor style/awkward", "minor Other")),
            item("r2", 0, 0, marked("major Style/Awkward", "no-error No-error")),
            item("r1", 1, 0, marked()),
            item("r1", 0, 1, marked("minor", is_non_translation=True)),
            item("r1", 1, 1, marked("HOTW-test x")),
        ],
        gold={(0, 0): marked("minor Style/Unidiomatic")},
    )


def found(counts: tuple[ErrorCount, ...]) -> dict[tuple[str, str, str], tuple[int, float]]:
    return {
        (each.system, each.category, each.severity): (each.count, each.points) for each in counts
    }


def test_errors_are_counted_by_category_and_severity_whatever_their_case(
    data: CampaignData,
) -> None:
    profile = profile_errors(data, PRESET)
    assert found(profile.counts) == {
        ("A", "Style/Awkward", "major"): (2, 10),
        ("A", "Style/Awkward", "minor"): (1, 1),
        ("A", "Other", "minor"): (1, 1),
        ("B", "Non-translation!", "major"): (1, 25),
    }
    assert profile.severities == ("major", "minor")
    assert list(found(profile.counts))[0] == ("A", "Style/Awkward", "major")


def test_rates_are_for_a_hundred_judgements_and_shares_add_up_to_1(data: CampaignData) -> None:
    profile = profile_errors(data, PRESET)
    assert profile.num_judgements == {"A": 3, "B": 2}
    first = profile.counts[0]
    assert first.per_100 == pytest.approx(200 / 3) and first.share == pytest.approx(10 / 12)
    for system in "AB":
        assert sum(each.share or 0 for each in profile.counts if each.system == system) == 1
    row = error_rows(profile)[0]
    assert (row["n_judgements"], row["preset"]) == (3, "wmt23")


def test_categories_add_severities_up_and_dimensions_their_categories(data: CampaignData) -> None:
    assert found(profile_errors(data, PRESET).categories)["A", "Style/Awkward", ""] == (3, 11)
    totals = found(profile_errors(data, PRESET).dimensions)
    assert totals["A", "Style", ""] == (3, 11) and totals["A", "Other", ""] == (1, 1)


def test_with_gold_the_adjudicated_errors_count_instead(data: CampaignData) -> None:
    profile = profile_errors(data, PRESET, uses_gold=True)
    assert profile.num_judgements == {"A": 2, "B": 2}
    assert ("A", "Style/Unidiomatic", "minor") in found(profile.counts)
    assert not any(each.category == "Other" for each in profile.counts)


def test_spans_without_category_or_severity_are_told_so_and_free_errors_have_no_share() -> None:
    data = campaign([item("r", 0, 0, marked("neutral ", " ", score=80))], protocol="esa")
    profile = profile_errors(data, PRESET)
    assert found(profile.counts) == {
        ("A", UNCATEGORISED, "neutral"): (1, 0),
        ("A", UNCATEGORISED, UNDECIDED): (1, 0),
    }
    assert {each.share for each in profile.counts} == {None}


def test_protocols_without_marks_have_no_errors() -> None:
    data = campaign([item("r", 0, 0, scored(3))], protocol="sqm")
    profile = profile_errors(data, PRESET)
    assert profile.counts == profile.dimensions == () and profile.num_judgements["A"] == 1
