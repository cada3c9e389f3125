from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.annotate.campaign_data import JudgedSegment
from core.annotate.sampling import documents_of, in_blocks, sample_segments
from core.errors import ConfigError

LENGTHS = st.lists(st.integers(1, 6), min_size=1, max_size=8)


def documents(lengths: list[int]) -> list[list[int]]:
    numbers = iter(range(sum(lengths)))
    return [[next(numbers) for _ in range(length)] for length in lengths]


def segment(number: int, document: str = "", position: int | None = None) -> JudgedSegment:
    return JudgedSegment(source=f"s{number}", document=document, position=position)


@given(LENGTHS, st.integers(0, 40), st.integers(0, 5), st.integers(0, 5), st.integers(0, 99))
def test_a_sample_has_exactly_the_asked_numbers_and_cuts_one_document_a_part(
    lengths: list[int], num_main: int, num_calibration: int, num_gold: int, seed: int
) -> None:
    given_documents = documents(lengths)
    num_aside = num_calibration + num_gold
    asked = {"num_calibration": num_calibration, "num_gold": num_gold, "seed": seed}
    if sum(lengths) < max(1, num_main) + num_aside:
        with pytest.raises(ConfigError, match="segments are not enough"):
            sample_segments(given_documents, num_main, **asked)
        return
    sample = sample_segments(given_documents, num_main, **asked)
    assert sample == sample_segments(given_documents, num_main, **asked)
    assert len(sample.main) == (num_main or sum(lengths) - num_aside)
    assert (len(sample.calibration), len(sample.gold)) == (num_calibration, num_gold)
    assert len(sample.all) == len(set(sample.all)) == len(sample.main) + num_aside
    aside = {*sample.calibration, *sample.gold}
    cut = [
        document
        for document in given_documents
        if not aside & set(document) and 0 < len(set(document) & set(sample.main)) < len(document)
    ]
    assert len(cut) <= 1
    for document in given_documents:
        kept = [each for each in sample.main if each in document]
        assert kept == sorted(kept)


def test_main_segments_begin_with_a_new_document_where_enough_are_left() -> None:
    sample = sample_segments(documents([4, 4, 4]), 8, num_calibration=1, seed=1)
    first = sample.calibration[0]
    assert not set(range(first // 4 * 4, first // 4 * 4 + 4)) & set(sample.main)


def test_other_seeds_draw_other_documents() -> None:
    drawn = {sample_segments(documents([1] * 50), 5, seed=seed).main for seed in range(5)}
    assert len(drawn) == 5


def test_segments_of_a_document_belong_together_wherever_they_stand() -> None:
    names = ["a", "", "b", "a", ""]
    assert documents_of([segment(n, name) for n, name in enumerate(names)]) == [
        [0, 3], [1], [2], [4],
    ]  # fmt: skip


def test_blocks_end_where_a_segment_is_missing_or_a_document_begins() -> None:
    places = [(0, ""), (1, ""), (2, ""), (4, ""), (5, "talk"), (6, "")]
    found = in_blocks([segment(n, name, place) for n, (place, name) in enumerate(places)], 2)
    assert [each.document for each in found] == ["1–2", "1–2", "3–3", "5–5", "talk", "7–7"]
    assert [each.document_segment for each in found] == ["1", "2", "1", "1", "", "1"]


def test_without_blocks_segments_stand_alone() -> None:
    segments = [segment(number) for number in range(3)]
    assert in_blocks(segments, 1) == segments
    assert documents_of(segments) == [[0], [1], [2]]
