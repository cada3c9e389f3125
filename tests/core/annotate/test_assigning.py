from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as fewer
from hypothesis import strategies as st

from core.annotate.assigning import assign, shared_segments
from core.annotate.ordering import MIN_DISTANCE, SPREAD, PlannedItem
from core.annotate.settings import CampaignSettings
from core.errors import ConfigError
from tests.core.annotate.test_sampling import LENGTHS, documents

SHARES = st.sampled_from([0.0, 0.1, 0.15])


@st.composite
def campaigns(draw: st.DrawFn) -> dict[str, Any]:
    lengths = draw(LENGTHS)
    num_raters = draw(st.integers(1, 5))
    first = sum(lengths)
    return {
        "documents": documents(lengths),
        "num_raters": num_raters,
        "num_systems": draw(st.integers(1, 4)),
        "calibration": list(range(first, first + draw(st.integers(0, 3)))),
        "gold": list(range(first + 3, first + 3 + draw(st.integers(0, 3)))),
        "settings": CampaignSettings(
            protocol=draw(st.sampled_from(["sqm", "mqm"])),
            raters_per_segment=draw(st.integers(1, num_raters)),
            share_shared=draw(st.sampled_from([0.0, 0.3, 1.0])),
            share_degraded=draw(SHARES),
            share_repeats=draw(SHARES),
            seed=draw(st.integers(0, 9)),
        ),
    }


def main(work: list[PlannedItem]) -> list[PlannedItem]:
    return [item for item in work if item.kind == "main"]


@given(campaigns())
@fewer(max_examples=60)
def test_every_output_goes_to_exactly_the_asked_number_of_raters(campaign: dict[str, Any]) -> None:
    work = assign(**campaign)
    settings, num_raters = campaign["settings"], campaign["num_raters"]
    shared = shared_segments(campaign["documents"], settings)
    all_segments = sorted(sum(campaign["documents"], []))
    assert len(shared) == round(settings.share_shared * len(all_segments))
    counts = Counter((item.segment, item.systems) for of_rater in work for item in main(of_rater))
    assert counts == {
        (segment, (system,)): num_raters if segment in shared else settings.raters_per_segment
        for segment in all_segments
        for system in range(campaign["num_systems"])
    }
    for of_rater in work:
        outputs = [(item.segment, item.systems) for item in main(of_rater)]
        assert len(set(outputs)) == len(outputs)


@given(campaigns())
@fewer(max_examples=60)
def test_raters_see_systems_equally_often_and_segments_to_within_a_document(
    campaign: dict[str, Any],
) -> None:
    sizes = []
    for of_rater in assign(**campaign):
        counts = Counter(item.systems for item in main(of_rater))
        assert len(set(counts.values())) <= 1
        sizes.append(len({item.segment for item in main(of_rater)}))
        begun: set[int] = set()
        first: Counter[tuple[int, ...]] = Counter({(n,): 0 for n in range(campaign["num_systems"])})
        for item in main(of_rater):
            document = next(
                n for n, each in enumerate(campaign["documents"]) if item.segment in each
            )
            if document not in begun:
                first[item.systems] += 1
                begun.add(document)
        assert max(first.values()) - min(first.values()) <= 1
    assert max(sizes) - min(sizes) <= max(map(len, campaign["documents"]))


@given(campaigns())
@fewer(max_examples=60)
def test_documents_stay_together_in_order_and_the_same_seed_gives_the_same(
    campaign: dict[str, Any],
) -> None:
    work = assign(**campaign)
    assert work == assign(**campaign)
    of_segment = {each: n for n, document in enumerate(campaign["documents"]) for each in document}
    for of_rater in work:
        is_run = [(of_segment.get(item.segment), item.systems, item.kind) for item in of_rater]
        runs = [key for key, _ in groupby(is_run) if key[2] == "main"]
        assert len(set(runs)) == len(runs)
        for _, group in groupby(of_rater, lambda item: (of_segment.get(item.segment), item.kind)):
            found = list(group)
            if found[0].kind == "main":
                by_system = groupby(found, lambda item: item.systems)
                assert all(
                    [each.segment for each in run] == sorted(each.segment for each in run)
                    for run in (list(members) for _, members in by_system)
                )


@given(campaigns())
@fewer(max_examples=60)
def test_calibration_comes_first_and_checks_stand_behind_what_they_check(
    campaign: dict[str, Any],
) -> None:
    work = assign(**campaign)
    num = len(campaign["calibration"])
    settings = campaign["settings"]
    assert len({tuple(of_rater[:num]) for of_rater in work}) == 1
    for of_rater in work:
        kinds = Counter(item.kind for item in of_rater)
        assert [item.segment for item in of_rater[:num]] == campaign["calibration"]
        assert all(item.kind == "calibration" for item in of_rater[:num])
        assert kinds["calibration"] == num and kinds["gold"] == len(campaign["gold"])
        for kind, share in (
            ("degraded", settings.share_degraded),
            ("repeat", settings.share_repeats),
        ):
            wanted = max(1, round(share * kinds["main"])) if share and kinds["main"] else 0
            assert kinds[kind] <= wanted
            assert kinds[kind] == wanted or kinds["main"] < 2
        originals = [item.of for item in of_rater if item.of is not None]
        assert len(set(originals)) == len(originals)
        for place, item in enumerate(of_rater):
            if item.of is not None:
                original = of_rater[item.of]
                assert original.kind == "main" and item.of < place
                assert (original.segment, original.systems) == (item.segment, item.systems)


def test_checks_and_versions_of_a_segment_stand_far_apart_where_there_is_room() -> None:
    settings = CampaignSettings(share_degraded=0.1, share_repeats=0.1, share_shared=0)
    (work,) = assign(documents([1] * 60), 1, num_systems=3, settings=settings)
    seen: dict[int, int] = {}
    for place, item in enumerate(main(work)):
        assert place - seen.get(item.segment, -SPREAD) >= SPREAD
        seen[item.segment] = place
    checks = [(place, item.of) for place, item in enumerate(work) if item.of is not None]
    assert len(checks) == 36
    far = [place - of >= MIN_DISTANCE for place, of in checks if of is not None]
    assert all(far)


def test_every_pair_of_raters_shares_equally_many_segments() -> None:
    settings = CampaignSettings(raters_per_segment=2, share_shared=0)
    work = assign(documents([1] * 60), 4, num_systems=1, settings=settings)
    sets = [{item.segment for item in of_rater} for of_rater in work]
    shared = [len(sets[a] & sets[b]) for a in range(4) for b in range(a)]
    assert shared == [10] * 6


def test_a_ranking_shows_all_systems_at_once_in_rotated_order() -> None:
    settings = CampaignSettings(protocol="ranking", share_shared=0)
    (work,) = assign(documents([2, 2, 2]), 1, num_systems=3, settings=settings)
    assert len(work) == 6
    assert {tuple(sorted(item.systems)) for item in work} == {(0, 1, 2)}
    assert len({item.systems for item in work}) == 3


def test_fewer_raters_than_a_segment_needs_are_refused() -> None:
    settings = CampaignSettings(raters_per_segment=3)
    with pytest.raises(ConfigError, match="2 raters are not enough: each segment is .* by 3"):
        assign(documents([1]), 2, num_systems=1, settings=settings)
