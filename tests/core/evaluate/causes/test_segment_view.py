from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.evaluate.causes.segment_view import (
    SegmentFilter,
    SegmentOrder,
    SegmentTable,
    SortKey,
    select_segments,
)

NAN = float("nan")
TABLE = SegmentTable(
    sources=["The cat", "Straße", "मांजर", "قطة", "猫です"],
    references=["An cat", "sra\u0301id", "the cat", "cat", "cat"],
    hypotheses={"A": ["a", "b", "c", "d", "e"], "B": ["a", "x", "c", "Y", "e"]},
    scores={
        "A": np.array([10.0, 50.0, NAN, 30.0, 30.0]),
        "B": np.array([20.0, 10.0, 40.0, 30.0, NAN]),
    },
    flags={
        "A": {"copy": np.array([True, False, False, False, False])},
        "B": {
            "copy": np.array([False, False, False, False, True]),
            "empty": np.array([False, True, False, False, False]),
        },
    },
)


@pytest.mark.parametrize(
    ("wanted", "positions"),
    [
        (SegmentFilter(), [0, 1, 2, 3, 4]),
        (SegmentFilter(text="CAT"), [0, 2, 3, 4]),
        (SegmentFilter(text="STRASSE"), [1]),
        (SegmentFilter(text="sráid"), [1]),
        (SegmentFilter(text="मांज"), [2]),
        (SegmentFilter(text="قط"), [3]),
        (SegmentFilter(text="猫"), [4]),
        (SegmentFilter(text="y"), [3]),
        (SegmentFilter(checks=("copy",)), [0, 4]),
        (SegmentFilter(checks=("copy", "empty")), [0, 1, 4]),
        (SegmentFilter(checks=("unknown",)), []),
        (SegmentFilter(positions=np.array([4, 1])), [1, 4]),
        (SegmentFilter(is_only_different=True), [1, 3]),
        (SegmentFilter(text="cat", checks=("copy",), positions=np.array([0, 1])), [0]),
        (SegmentFilter(text="nowhere"), []),
    ],
)
def test_only_what_is_wanted_is_given(wanted: SegmentFilter, positions: list[int]) -> None:
    assert select_segments(TABLE, wanted).tolist() == positions


@pytest.mark.parametrize(
    ("order", "positions"),
    [
        (SegmentOrder(), [0, 1, 2, 3, 4]),
        (SegmentOrder(is_descending=True), [4, 3, 2, 1, 0]),
        (SegmentOrder("score", "A"), [0, 3, 4, 1, 2]),
        (SegmentOrder("score", "A", is_descending=True), [1, 3, 4, 0, 2]),
        (SegmentOrder("difference", "A", "B", is_descending=True), [1, 3, 0, 2, 4]),
        (SegmentOrder("difference", "A", "B"), [0, 3, 1, 2, 4]),
        (SegmentOrder("spread", is_descending=True), [1, 0, 2, 3, 4]),
    ],
)
def test_segments_stand_in_the_wanted_order(order: SegmentOrder, positions: list[int]) -> None:
    assert select_segments(TABLE, order=order).tolist() == positions


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=20),
    st.sampled_from(["position", "score", "difference", "spread"]),
    st.booleans(),
)
def test_an_order_gives_each_segment_once(
    scores: list[tuple[int, int]], key: SortKey, is_descending: bool
) -> None:
    columns = np.array(scores, np.float64).T
    texts = [""] * len(scores)
    table = SegmentTable(texts, texts, {}, {"A": columns[0], "B": columns[1]})
    found = select_segments(table, order=SegmentOrder(key, "A", "B", is_descending))
    assert sorted(found.tolist()) == list(range(len(scores)))


def test_unknown_systems_are_refused() -> None:
    for order in (SegmentOrder("score", "C"), SegmentOrder("difference", "A", "C")):
        with pytest.raises(ConfigError, match="no figures of the system 'C'.*'A', 'B'"):
            select_segments(TABLE, order=order)


def test_a_table_without_scores_keeps_its_order() -> None:
    table = SegmentTable(["a", "b"], ["a", "b"], {})
    assert select_segments(table, order=SegmentOrder("spread")).tolist() == [0, 1]
