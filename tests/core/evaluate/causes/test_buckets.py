from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, DataError
from core.evaluate.causes.buckets import (
    Bucket,
    by_length,
    by_length_ratio,
    by_novelty,
    by_score,
    by_score_quantile,
    by_tag,
    by_training_frequency,
    scored,
)

TEXT = st.text(alphabet="ab 京ก क्षम،\n", max_size=60)
VALUE = st.floats(0, 100) | st.sampled_from([0.0, 50.0, 100.0, float("nan"), 1e9, -1e9])


def sizes(buckets: Sequence[Bucket]) -> dict[str, int]:
    return {bucket.label: len(bucket.positions) for bucket in buckets}


def assert_each_position_once(buckets: Sequence[Bucket], num_segments: int) -> None:
    positions = [int(n) for bucket in buckets for n in bucket.positions]
    assert sorted(positions) == list(range(num_segments))
    assert all(bucket.positions.size for bucket in buckets)
    assert all((np.diff(bucket.positions) > 0).all() for bucket in buckets)
    assert len({bucket.label for bucket in buckets}) == len(buckets)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=30))
def test_every_text_is_in_exactly_one_bucket(pairs: list[tuple[str, str]]) -> None:
    hypotheses, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    counts = {"a": 3, "ab": 5000, "京": 1}
    for buckets in (
        by_length(references),
        by_length_ratio(hypotheses, references),
        by_tag(references, max_tags=2),
        by_training_frequency(references, counts),
        by_training_frequency(references, counts, of="mean"),
    ):
        assert_each_position_once(buckets, len(pairs))


@given(st.lists(VALUE, max_size=40), st.integers(2, 10))
def test_every_score_is_in_exactly_one_bucket_within_its_bounds(
    values: list[float], num_buckets: int
) -> None:
    for buckets in (
        by_score(values),
        by_score_quantile(values, num_buckets=num_buckets),
        by_novelty(values),
    ):
        positions = [int(n) for bucket in buckets for n in bucket.positions]
        assert sorted(positions) == list(range(len(values)))
        for bucket in buckets:
            inside = np.array(values)[bucket.positions]
            if not np.isnan(inside).any():
                assert bucket.low is None or (inside >= bucket.low).all()
                assert bucket.high is None or (inside < bucket.high).all()


def test_length_is_in_words_where_there_are_spaces() -> None:
    texts = ["", "Yes.", "a " * 9, "b " * 10, "मराठी " * 100]
    assert sizes(by_length(texts)) == {
        "0 words": 1, "1–9 words": 2, "10–19 words": 1, "60 words or more": 1,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["京都", "ภา"])
def test_length_is_in_characters_where_there_are_none(text: str) -> None:
    assert sizes(by_length([text * 4, text * 20])) == {
        "1–19 characters": 1, "40–59 characters": 1,
    }  # fmt: skip


def test_ratio_is_of_the_hypothesis_to_the_reference() -> None:
    references = ["one two three four", "one two three four", "one", "…", "…"]
    hypotheses = ["one", "un deux trois quatre", "a b c", "new", "!"]
    buckets = by_length_ratio(hypotheses, references)
    assert {bucket.label: bucket.positions.tolist() for bucket in buckets} == {
        "below 0.5": [0], "0.95 to below 1.05": [1, 4], "2 or more": [2, 3],
    }  # fmt: skip
    with pytest.raises(DataError, match=r"1 hypotheses do not go with 2 references"):
        by_length_ratio(["a"], ["a", "b"])


def test_quantiles_are_of_equal_size_and_keep_equal_scores_together() -> None:
    buckets = by_score_quantile(np.arange(100.0))
    assert [len(bucket.positions) for bucket in buckets] == [25] * 4
    assert sizes(by_score_quantile([7.0] * 5)) == {"7 or more": 5}
    assert by_score_quantile([]) == []
    with pytest.raises(ConfigError, match="1 buckets"):
        by_score_quantile([1.0], num_buckets=1)


def test_scores_lie_between_the_edges_given() -> None:
    assert sizes(by_score([0.1, 0.5, 0.9, float("nan")], edges=(0.5,))) == {
        "below 0.5": 1, "0.5 or more": 2, "no score": 1,
    }  # fmt: skip
    with pytest.raises(ConfigError, match="5, 5 do not ascend"):
        by_score([1.0], edges=(5, 5))


def test_tags_stand_by_size_and_rare_ones_together() -> None:
    buckets = by_tag(["law", "", "news", "law", "chat", "news", "law"], max_tags=2)
    assert {bucket.label: bucket.positions.tolist() for bucket in buckets} == {
        "law": [0, 3, 6], "news": [2, 5], "2 other tags": [1, 4],
    }  # fmt: skip
    assert sizes(by_tag(["", "x"])) == {"no tag": 1, "x": 1}


def test_only_copies_have_the_bucket_of_copies() -> None:
    assert sizes(by_novelty([100.0, 99.99, 75.0, 50.0, 0.0])) == {
        "below 50": 1, "50 to below 75": 1, "75 to below 100": 2, "copy of a training source": 1,
    }  # fmt: skip


def test_frequency_is_that_of_the_rarest_word_or_of_all() -> None:
    counts = {"the": 4000, "cat": 3, "मांजर": 1}
    references = ["The cat", "the the", "the zyzzyva", "मांजर", "?"]
    assert sizes(by_training_frequency(references, counts)) == {
        "0 times": 1, "1 time": 1, "2–4 times": 1, "1000 times or more": 1, "no words": 1,
    }  # fmt: skip
    means = by_training_frequency(references, counts, of="mean")
    middle = next(bucket for bucket in means if 0 in bucket.positions)
    # The geometric mean of 4001 and 4 is 126.5.
    assert middle.low is not None and middle.high is not None
    assert middle.low <= 125.5 < middle.high


def test_each_bucket_is_scored_on_its_segments_alone() -> None:
    values = np.array([10.0, 20.0, 60.0])
    result = scored(by_tag(["a", "a", "b"]), lambda n: {"A": float(values[n].mean())})
    assert [(bucket.label, scores) for bucket, scores in result] == [
        ("a", {"A": 15.0}),
        ("b", {"A": 60.0}),
    ]
