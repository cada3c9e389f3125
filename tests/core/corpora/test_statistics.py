from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.corpora import statistics
from core.corpora.segments import Pair, write_segments
from core.corpora.statistics import (
    NUM_POINTS,
    CorpusStatistics,
    Repeated,
    SplitStatistics,
    has_spaces,
    measure,
)
from core.errors import ConfigError


def measured(
    folder: Path, pairs: list[Pair], src_lang: str = "eng_Latn", tgt_lang: str = "gle_Latn"
) -> SplitStatistics:
    path = folder / "train.jsonl"
    write_segments(path, pairs)
    return measure({"train": path}, src_lang, tgt_lang).splits["train"]


def test_sizes_of_both_sides(tmp_path: Path) -> None:
    pairs = [
        ("The cat.", "An cat"),
        ("the CAT!", "An cat"),
        (" \n", "—"),
        ("", "a\u2028b"),
        ("The cat.", "An cat"),
    ]
    found = measured(tmp_path, pairs)
    assert (found.num_segments, found.num_distinct_pairs) == (5, 4)
    source, target = found.source, found.target
    assert (source.num_characters, target.num_characters) == (26, 22)
    assert (source.num_words, target.num_words) == (6, 9)
    assert (source.num_distinct, target.num_distinct) == (4, 3)
    assert source.num_distinct_words == 2  # the, cat: without case and punctuation
    assert target.num_distinct_words == 4  # an, cat, a, b: a dash alone is none
    assert (source.num_blank, target.num_blank) == (2, 0)
    assert source.length_spread is not None
    assert (source.length_spread.p50, source.length_spread.max) == (8, 8)
    assert source.lengths.counts == (1, 0, 1, 0, 0, 0, 0, 0, 3)
    assert not source.is_vocabulary_cut


def test_scripts_without_spaces_have_no_words(tmp_path: Path) -> None:
    found = measured(tmp_path, [("one two", "一 二")], "eng_Latn", "zho_Hans")
    assert found.source.num_words == 2
    assert (found.target.num_words, found.target.num_distinct_words) == (None, None)
    assert [has_spaces(lang) for lang in ("jpn_Jpan", "tha_Thai", "kor_Hang")] == [0, 0, 1]


def test_ratios_leave_out_empty_sides(tmp_path: Path) -> None:
    pairs = [("ab", "abcd"), ("ab", "ab"), ("abcd", "a"), ("", "a"), ("a", ""), ("a", "b" * 17)]
    found = measured(tmp_path, pairs)
    by_edge = dict(zip(found.ratios.edges, found.ratios.counts, strict=False))
    assert {edge: count for edge, count in by_edge.items() if count} == {-2.0: 1, 0.0: 1, 1.0: 1}
    assert (found.ratios.num_above, found.ratios.total) == (1, 4)  # 17 times as long
    assert found.ratio_spread is not None
    assert (found.ratio_spread.p1, found.ratio_spread.max) == (0.25, 17)


def test_repeated_segments_come_with_counts_and_their_first_row(tmp_path: Path) -> None:
    long = "x" * 600
    sources = ["once", "b", "a", "a", "b", "b", long, long, " ", " ", " ", " "]
    found = measured(tmp_path, [(source, str(n)) for n, source in enumerate(sources)])
    assert found.source.repeated == (
        Repeated("b", 3, False, 2),
        Repeated("a", 2, False, 3),
        Repeated("x" * 500, 2, True, 7),
    )
    assert found.target.repeated == ()


def test_at_most_20_repeated_segments_are_named(tmp_path: Path) -> None:
    found = measured(tmp_path, [(f"s{n % 30}", "t") for n in range(90)])
    assert [item.text for item in found.source.repeated] == [f"s{n}" for n in range(20)]


def test_points_are_drawn_with_a_seed(tmp_path: Path) -> None:
    pairs = [("x" * n, "y" * (n + 1)) for n in range(NUM_POINTS + 500)]
    found = measured(tmp_path, pairs)
    assert len(set(found.points)) == NUM_POINTS
    assert all(target == source + 1 for source, target in found.points)
    assert max(source for source, _ in found.points) > NUM_POINTS
    assert measured(tmp_path, pairs).points == found.points
    again = measure({"train": tmp_path / "train.jsonl"}, "eng_Latn", "gle_Latn", seed=2)
    assert again.splits["train"].points != found.points


def test_foreign_letters_and_scripts_are_named(tmp_path: Path) -> None:
    found = measured(tmp_path, [("ab", "कखx"), ("cd", "ग x")], "eng_Latn", "mar_Deva").target
    assert found.scripts == (("Devanagari", 0.6), ("Latin", 0.4))
    assert found.foreign_share == 0.4
    assert found.foreign_characters == (("x", 2),)


def test_languages_are_guessed_from_segments_that_are_long_enough(tmp_path: Path) -> None:
    pairs = [("The committee will publish its report next week.", "Tá")] * 600
    found = measured(tmp_path, pairs)
    assert (found.source.guess.num_segments, found.source.guess.share) == (500, 1.0)
    assert (found.target.guess.num_segments, found.target.guess.share) == (0, None)


def test_no_file_and_no_segment_are_measured_as_nothing(tmp_path: Path) -> None:
    empty = measured(tmp_path, [])
    absent = measure({"dev": tmp_path / "dev.jsonl"}, "eng_Latn", "gle_Latn").splits["dev"]
    assert empty == absent
    assert (empty.num_segments, empty.points, empty.source.length_spread) == (0, (), None)
    assert (empty.source.foreign_share, empty.source.scripts) == (None, ())


def test_wrong_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'xx' is not a FLORES-200 language code"):
        measure({}, "eng_Latn", "xx")


def test_vocabulary_ends_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MAX_VOCABULARY", 3)
    monkeypatch.setattr(statistics, "_ROWS_PER_BATCH", 2)
    found = measured(tmp_path, [(f"w{n}", "a b") for n in range(10)])
    assert found.source.is_vocabulary_cut
    assert found.source.num_distinct_words in range(3, 5)
    assert found.source.num_words == 10
    assert not found.target.is_vocabulary_cut


def test_watch_follows_the_bytes_and_may_end_the_work(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    write_segments(path, [("a", "b")] * 10_000)
    seen: list[tuple[str, int, int]] = []
    measure({"train": path}, "eng_Latn", "gle_Latn", lambda *call: seen.append(call))
    size = path.stat().st_size
    assert seen[0] == ("measuring the train split", 0, size)
    assert seen[-1] == ("measuring the train split", size, size)
    assert len(seen) == 4
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure({"train": path}, "eng_Latn", "gle_Latn", end)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=8))
def test_statistics_come_through_json(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[Pair]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    split = measured(folder, pairs)
    found = CorpusStatistics({"train": split})
    assert CorpusStatistics.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert split.num_segments == split.source.lengths.total == len(pairs)
    assert split.source.num_distinct == len({source for source, _ in pairs})
    assert split.target.num_words == sum(len(target.split()) for _, target in pairs)


def test_loresmt_has_its_published_sizes(loresmt: Path, tmp_path: Path) -> None:
    lines = [
        (loresmt / f"train.{code}").read_text(encoding="utf-8").split("\n")[:-1]
        for code in ("en", "ga")
    ]
    found = measured(tmp_path, list(zip(*lines, strict=True)))
    assert found.num_segments == 8112
    assert (found.source.num_words, found.target.num_words) == (126_980, 144_258)
    assert found.source.guess.share is not None and found.source.guess.share > 0.9
    assert found.target.guess.share is not None and found.target.guess.share > 0.9
