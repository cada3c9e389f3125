from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from core.metrics.agreement.span_overlap import Span, SpanOverlap, overlap_spans

LABELS = ("minor", "major")
SPANS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12), st.sampled_from(LABELS)).map(
        lambda each: (min(each[:2]), max(each[:2]), each[2])
    ),
    max_size=4,
)


def flags(spans: list[Span]) -> list[bool]:
    return [
        any(start <= place < end and name == label for start, end, name in spans)
        for label in LABELS
        for place in range(12)
    ]


@given(texts=st.lists(st.tuples(SPANS, SPANS), min_size=1, max_size=4))
def test_f1_is_that_of_characters_under_each_label_over_all_texts(
    texts: list[tuple[list[Span], list[Span]]],
) -> None:
    first = [flag for one, _ in texts for flag in flags(one)]
    second = [flag for _, two in texts for flag in flags(two)]
    found = overlap_spans(texts).f1
    if not any(first + second):
        assert found is None
    else:
        assert found == pytest.approx(f1_score(first, second, zero_division=0.0))


def test_overlapping_spans_of_one_rater_count_a_character_once_a_label() -> None:
    twice = [(0, 5, "minor"), (3, 8, "minor"), (0, 8, "major")]
    assert overlap_spans([(twice, [(0, 8, "minor")])]) == SpanOverlap(8, 16, 8)


def test_position_counts_alone_where_labels_are_equal() -> None:
    assert overlap_spans([([(0, 4, "minor")], [(0, 4, "major")])]).f1 == 0
    assert overlap_spans([([(0, 4, "")], [(2, 6, "")])]).f1 == 0.5


def test_empty_spans_and_texts_without_marks_change_nothing() -> None:
    texts = [([(0, 4, "")], [(0, 4, "")]), ([], []), ([(3, 3, "")], [])]
    assert overlap_spans(texts) == SpanOverlap(4, 4, 4)
    assert overlap_spans([([(3, 3, "")], [])]).f1 is None
