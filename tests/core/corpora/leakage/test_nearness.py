from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.corpora.leakage import nearness
from core.corpora.leakage.grams import Grain
from core.corpora.leakage.near_search import NearSearch
from core.corpora.leakage.nearness import Near, NearIndex

TEXTS = st.lists(
    st.lists(st.sampled_from("ab"), min_size=1, max_size=12).map(" ".join), max_size=8, unique=True
)


def gram_list(text: str, size: int) -> list[tuple[str, ...]]:
    words = text.split()
    return [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]


def grams(text: str, size: int) -> set[tuple[str, ...]]:
    return set(gram_list(text, size))


def near_to(search: NearSearch, texts: Sequence[str]) -> list[Near]:
    search.read(texts, [-1] * len(texts))
    columns = search.found(0, len(texts))
    return [Near(*each) for each in zip(*(column.tolist() for column in columns), strict=True)]


def expected_near(
    held: Sequence[str], texts: Sequence[str], size: int, threshold: float
) -> dict[tuple[int, int], tuple[float, bool]]:
    """The definition, as plainly as it can be written."""
    found = {}
    for row, text in enumerate(texts):
        for number, own in enumerate(held):
            shared = len(grams(text, size) & grams(own, size))
            if not shared:
                continue
            overlap = shared / len(grams(own, size))
            inside = 0.0
            if shared >= 3 and overlap >= 0.2:
                all_ = gram_list(text, size)
                inside = sum(gram in grams(own, size) for gram in all_) / len(all_)
            if max(overlap, inside) >= threshold:
                found[row, number] = (max(overlap, inside), inside > overlap)
    return found


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, st.integers(1, 3), st.sampled_from([0.5, 0.6, 0.8, 1.0]))
def test_near_pairs_and_coverage_are_those_of_the_definition(
    held: list[str], texts: list[str], size: int, threshold: float
) -> None:
    index = NearIndex(held, Grain(size))
    search = NearSearch(index, threshold, max_listed=1_000)
    found = {
        (near.row, near.text): (pytest.approx(near.overlap), near.is_inside)
        for near in near_to(search, texts)
    }
    assert found == expected_near(held, texts, size, threshold)
    seen = set().union(*(grams(text, size) for text in texts))
    for own, share in zip(held, index.coverage(search.is_seen).tolist(), strict=True):
        own_grams = grams(own, size)
        assert np.isnan(share) if not own_grams else share == len(own_grams & seen) / len(own_grams)


def test_portions_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [f"{a} b c d e f {g}" for a in "ax" for g in "gyz"]
    texts = [f"{a} b c d e f {g} h" for a in "axk" for g in "gyzl"]
    index = NearIndex(held, Grain())

    def found() -> list[Near]:
        return near_to(NearSearch(index, 0.5, max_listed=1_000), texts)

    at_once = found()
    assert len(at_once) > 30
    monkeypatch.setattr(nearness, "_MAX_LOOKED_UP", 5)
    assert found() == at_once
