from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.corpora.linking import Keys, digest, groups_of, keys_of
from core.corpora.segments import Row

TEXTS = st.sampled_from(["a", "A.", "b", "c", "d", "e", "f", " ", "☕"])
ROWS = st.lists(st.builds(Row, TEXTS, TEXTS, st.sampled_from(["", "x", "y"])), max_size=25)


def test_digests_are_the_same_on_every_machine() -> None:
    assert digest("Tá") == bytes.fromhex("baba8d0a5dcdb690")
    assert digest("") == bytes(8)
    assert digest("\ud800") != digest("\ud801")


def test_blank_sides_and_unknown_documents_link_nothing() -> None:
    rows = [Row("", "a"), Row(" ", "b"), Row("c", "\t"), Row("d", "")]
    assert groups_of(keys_of(rows), with_documents=True).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("rows", "with_documents", "groups"),
    [
        ([("a", "b"), ("c", "d"), ("A!", "e")], False, [0, 1, 0]),
        ([("a", "b"), ("c", "d"), ("e", "B")], False, [0, 1, 0]),
        ([("a", "b"), ("b", "a")], False, [0, 1]),  # a source is no target
        ([("a", "b"), ("c", "b"), ("c", "d"), ("e", "d")], False, [0, 0, 0, 0]),
        ([("a", "b", "x"), ("c", "d", "y"), ("e", "f", "x")], False, [0, 1, 2]),
        ([("a", "b", "x"), ("c", "d", "y"), ("e", "f", "x")], True, [0, 1, 0]),
        ([], True, []),
    ],
)
def test_groups_are_linked_rows_numbered_by_their_first(
    rows: list[tuple[str, ...]], with_documents: bool, groups: list[int]
) -> None:
    keys = keys_of(Row(*row) for row in rows)
    assert groups_of(keys, with_documents=with_documents).tolist() == groups


@settings(max_examples=60, deadline=None)
@given(ROWS, st.booleans())
def test_groups_are_the_smallest_that_part_no_linked_rows(
    rows: list[Row], with_documents: bool
) -> None:
    keys = keys_of(rows)
    columns = [keys.sources, keys.targets, *([keys.documents] if with_documents else [])]
    expected = list(range(len(rows)))
    for _ in rows:  # the least number spreads along links until nothing changes
        for column in columns:
            for one in range(len(rows)):
                for other in range(len(rows)):
                    if column[one] == column[other] != 0:
                        expected[one] = min(expected[one], expected[other])
    numbers = {first: number for number, first in enumerate(dict.fromkeys(expected))}
    found = groups_of(keys, with_documents=with_documents).tolist()
    assert found == [numbers[first] for first in expected]


def test_watch_is_told_and_may_end_the_work() -> None:
    told: list[tuple[str, int, int]] = []
    rows = [Row(str(n), str(n)) for n in range(10_000)]
    keys = keys_of(rows, watch=lambda *said: told.append(said), total=10_000)
    assert told == [("reading", n, 10_000) for n in (0, 8192, 10_000)]
    assert isinstance(keys, Keys)
    assert len(np.unique(keys.sources)) == len(keys) == 10_000

    def stop(phase: str, done: int, total: int) -> None:
        raise InterruptedError(phase)

    with pytest.raises(InterruptedError):
        keys_of(rows, watch=stop)
