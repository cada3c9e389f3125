from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.corpora.leakage import held_out
from core.corpora.leakage.leaks import Leak, Leaks
from core.corpora.leakage.removing import leaking_train_rows, without_rows
from core.corpora.leakage.reporting import CorpusFiles, leaks_against, leaks_within
from core.corpora.leakage.settings import LeakSettings
from core.corpora.leakage.status import LeakStatus, PairStatus
from core.corpora.segments import Pair, Row, read_rows, write_segments
from core.errors import DataError
from core.text.normalising import normalised

TEN = "One two three four five six seven eight nine ten."
GA_TEN = "Aon dó trí ceathair cúig sé seacht ocht naoi deich."

# What stands in train, in test, and how the leak is reported: level and overlap of each side.
CASES: list[tuple[str, str, Pair, Pair, tuple[str, str, str, str, float, bool] | None]] = [
    ("both exact", "", ("Yes.", "Tá."), ("Yes.", "Tá."),
     ("exact", "both", "exact", "exact", 1.0, False)),
    ("source exact", "", ("Yes.", "Tá."), ("Yes.", "Is ea."),
     ("exact", "source", "exact", "", 1.0, False)),
    ("target normalised", "", ("No", "NÍ HEA !"), ("Never", "ní hea"),
     ("normalised", "target", "", "normalised", 1.0, False)),
    ("exact and normalised", "", ("yes", "Tá."), ("Yes.", "Tá."),
     ("exact", "both", "normalised", "exact", 1.0, False)),
    ("held-out within train", "", (f"And so: {TEN} The end", "x"), (TEN, "y"),
     ("near", "source", "near", "", 1.0, False)),
    ("a word more, a word less", "", (TEN + " Eleven.", "x"), ("And " + TEN, "y"),
     ("near", "source", "near", "", 6 / 7, False)),
    ("train within held-out", "", (TEN, "x"), (f"Now then listen: {TEN} Eleven it is then.", "y"),
     ("near", "source", "near", "", 1.0, True)),
    ("near and normalised", "", (TEN + " Eleven.", "tá"), (TEN, "Tá!"),
     ("normalised", "both", "near", "normalised", 1.0, False)),
    ("one word in ten changed", "", (TEN.replace("five", "fünf"), "x"), (TEN, "y"), None),
    ("a phrase within a sentence", "", ("It's up to you", "x"), ("He said it's up to you", "y"),
     None),
    ("too short for near", "", ("One two three four five", "x"), ("Two three four five", "y"),
     None),
    ("other side", "", ("Tá", "Yes"), ("Yes", "Tá"), None),
    ("blank", "", (" ", "x"), ("", "y"), None),
]  # fmt: skip


def written(folder: Path, splits: Mapping[str, Sequence[Pair | Row]]) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {split: folder / f"{split}.jsonl" for split in splits}
    for split, rows in splits.items():
        write_segments(paths[split], rows)
    return paths


def checked(
    folder: Path, settings: LeakSettings | None = None, **splits: Sequence[Pair | Row]
) -> tuple[LeakStatus, list[Leak]]:
    out = folder / "leaks.parquet"
    status = leaks_within(written(folder, splits), "eng_Latn", "gle_Latn", out, settings)
    leaks = list(Leaks(out).page(limit=10_000).leaks)
    assert status.num_listed == len(leaks)
    return status, leaks


def pair_of(status: LeakStatus, split: str, other_split: str = "train") -> PairStatus:
    found = [
        pair for pair in status.pairs if (pair.split, pair.other_split) == (split, other_split)
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("train", "test", "expected"),
    [case[2:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_each_way_of_leaking_is_found_and_called_by_its_name(
    train: Pair, test: Pair, expected: tuple[str, str, str, str, float, bool] | None, tmp_path: Path
) -> None:
    filling = ("Nothing of the kind", "Rud ar bith eile")
    status, leaks = checked(tmp_path, train=[filling, train], test=[("A", "B"), test])
    if expected is None:
        assert leaks == []
        assert status.badge == "clean"
        return
    [leak] = leaks
    assert expected[:4] == (leak.level, leak.side, leak.source_level, leak.target_level)
    assert expected[4:] == (pytest.approx(leak.overlap), leak.is_inside)
    assert (leak.split, leak.number, leak.other_split, leak.other_number) == ("test", 1, "train", 1)
    assert (leak.source, leak.target) == test
    assert (leak.other_source, leak.other_target) == train
    assert status.badge == ("near" if leak.level == "near" else "leaks")
    assert leaking_train_rows(tmp_path / "leaks.parquet").tolist() == [1]


def test_counts_take_each_held_out_segment_once_at_its_closest(tmp_path: Path) -> None:
    train = [("yes", "x"), ("Yes.", "y"), ("Yes.", "z"), ("q", "Tá."), (TEN + " Eleven", "w")]
    test = [("Yes.", "Tá."), ("YES", "b"), ("c", "tá"), (TEN, "d"), ("e", "f")]
    status, _ = checked(tmp_path, train=train, test=test)
    pair = pair_of(status, "test")
    assert pair.counts == {
        "source": {"exact": 1, "normalised": 1, "near": 1},
        "target": {"exact": 1, "normalised": 1, "near": 0},
        "both": {"exact": 0, "normalised": 0, "near": 0},
        "either": {"exact": 1, "normalised": 2, "near": 1},
    }
    assert (pair.num_equal, pair.num_near, pair.num_leaking) == (3, 1, 4)
    assert pair.coverage == {"source": 1.0, "target": None}
    assert status.sentence() == (
        "3 of 5 test segments also stand in train (English side 2, Irish side 2), "
        "1 more nearly (n-gram overlap ≥ 0.8)."
    )


def test_both_sides_count_only_where_one_row_has_both(tmp_path: Path) -> None:
    train = [("one", "x"), ("y", "aon"), ("two", "DÓ"), (TEN + " eleven", GA_TEN + " Fiche")]
    test = [("one", "aon"), ("two", "dó"), (TEN, GA_TEN)]
    status, _ = checked(tmp_path, train=train, test=test)
    assert pair_of(status, "test").counts["both"] == {"exact": 0, "normalised": 1, "near": 1}


def test_dev_and_test_are_compared_with_train_and_test_with_dev(tmp_path: Path) -> None:
    status, leaks = checked(
        tmp_path,
        train=[("a", "b"), ("c", "d")],
        dev=[("c", "e"), ("f", "g")],
        test=[("f", "h"), ("i", "b"), ("j", "k")],
    )
    found = [(leak.split, leak.number, leak.other_split, leak.other_number) for leak in leaks]
    assert found == [("dev", 0, "train", 1), ("test", 0, "dev", 1), ("test", 1, "train", 0)]
    assert status.sentence() == (
        "1 of 3 test segments also stands in train (English side 0, Irish side 1); "
        "1 of 3 test segments also stands in dev (English side 1, Irish side 0); "
        "1 of 2 dev segments also stands in train (English side 1, Irish side 0)."
    )
    assert status.sentence(["dev"]).startswith("1 of 2 dev segments")


@pytest.mark.parametrize(
    ("splits", "badge", "sentence"),
    [
        ({"train": [("a", "b")]}, "unchecked", "Whether held-out segments stand in train was not"),
        ({"train": [], "test": [("a", "b")]}, "unchecked", "Whether held-out segments stand in"),
        ({"train": [("a", "b")], "dev": [], "test": [("c", "d")]}, "clean",
         "No test segment stands in train (exact, normalised, near ≥ 0.8)."),
        ({"train": [("a", "b")], "dev": [("e", "f")], "test": [("c", "d")]}, "clean",
         "No test or dev segment stands in train (exact, normalised, near ≥ 0.8)."),
    ],
)  # fmt: skip
def test_what_is_clean_and_what_was_not_checked_is_said(
    splits: dict[str, list[Pair]], badge: str, sentence: str, tmp_path: Path
) -> None:
    status, leaks = checked(tmp_path, None, **splits)
    assert leaks == []
    assert status.badge == badge
    assert status.sentence().startswith(sentence)


def test_without_near_the_sentence_says_so(tmp_path: Path) -> None:
    status, leaks = checked(
        tmp_path, LeakSettings(looks_for_near=False), train=[(TEN + " x", "b")], test=[(TEN, "d")]
    )
    assert leaks == []
    assert pair_of(status, "test").coverage == {"source": None, "target": None}
    assert "near not checked" in status.sentence()


def test_too_many_held_out_rows_are_compared_without_near_and_that_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_out, "MAX_NEAR_ROWS", 1)
    status, leaks = checked(
        tmp_path, train=[(TEN + " x", "b"), ("C", "e")], test=[(TEN, "d"), ("c", "f")]
    )
    assert [leak.number for leak in leaks] == [1]
    pair = pair_of(status, "test")
    assert not pair.is_near_checked
    assert pair.note == (
        "Nearly equal segments were not looked for: 2 held-out segments are more than 1."
    )


def test_characters_stand_for_words_in_chinese(tmp_path: Path) -> None:
    text = "世界卫生组织宣布疫情结束"
    paths = written(
        tmp_path,
        {"train": [("x", f"昨天{text}了。"), ("y", "世界卫生组织")], "test": [("z", f"{text}！")]},
    )
    leaks_within(paths, "eng_Latn", "zho_Hans", tmp_path / "leaks.parquet")
    [leak] = Leaks(tmp_path / "leaks.parquet").page().leaks
    assert (leak.level, leak.side, leak.other_number) == ("near", "target", 0)
    assert (leak.text, leak.other_target) == (f"{text}！", f"昨天{text}了。")


OWN = {
    "train": [("Seen by us", "Feicthe"), ("Shared one", "Comhroinnte")],
    "dev": [("Hello", "Dia duit")],
    "test": [("Thanks", "Go raibh maith agat"), (TEN, GA_TEN)],
}


def against(
    tmp_path: Path, other_langs: tuple[str, str], other: Mapping[str, Sequence[Pair]]
) -> tuple[LeakStatus, list[Leak]]:
    out = tmp_path / "against.parquet"
    status = leaks_against(
        CorpusFiles("ours", "eng_Latn", "gle_Latn", written(tmp_path / "own", OWN)),
        CorpusFiles("gaHealth", *other_langs, written(tmp_path / "other", other)),
        out,
    )
    return status, list(Leaks(out).page(limit=1000).leaks)


def test_a_corpus_the_other_way_round_is_compared_by_language(tmp_path: Path) -> None:
    other = {
        "train": [("go raibh maith agat!", "thanks"), ("Hello", "x"), ("w", f"{TEN} Eleven.")],
        "test": [("Feicthe", "Not this one")],
    }
    status, leaks = against(tmp_path, ("gle_Latn", "eng_Latn"), other)
    found = {
        (leak.corpus, leak.split, leak.number, leak.other_corpus, leak.other_split,
         leak.other_number, leak.level, leak.side)
        for leak in leaks
    }  # fmt: skip
    assert found == {
        ("", "test", 0, "gaHealth", "train", 0, "normalised", "both"),
        ("", "test", 1, "gaHealth", "train", 2, "near", "source"),
        ("gaHealth", "test", 0, "", "train", 0, "exact", "source"),
    }
    both = next(leak for leak in leaks if leak.side == "both")
    assert (both.source, both.other_source) == ("Thanks", "thanks")
    assert (both.target, both.other_target) == ("Go raibh maith agat", "go raibh maith agat!")
    assert leaking_train_rows(tmp_path / "against.parquet").tolist() == [0]
    assert status.badge == "leaks"
    assert status.sentence() == (
        "1 of 2 test segments also stands in gaHealth's train (English side 1, Irish side 1), "
        "1 more nearly (n-gram overlap ≥ 0.8); "
        "1 of 1 test segments of gaHealth also stands in train (Irish side 1, English side 0)."
    )


def test_one_common_language_is_compared_alone(tmp_path: Path) -> None:
    other = {"train": [("धन्यवाद", "THANKS"), ("Dia duit", "नमस्ते")]}
    status, leaks = against(tmp_path, ("mar_Deva", "eng_Latn"), other)
    [leak] = leaks
    assert (leak.split, leak.side, leak.source_level, leak.target_level) == (
        "test", "source", "normalised", "",
    )  # fmt: skip
    assert (leak.other_source, leak.other_target) == ("THANKS", "धन्यवाद")
    assert set(pair_of(status, "dev").counts) == {"source", "either"}


def test_no_common_language_is_one_sentence_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        against(tmp_path, ("deu_Latn", "mar_Deva"), {"train": [("a", "b")]})
    assert caught.value.message == (
        "English and Irish cannot be compared with German and Marathi of 'gaHealth': "
        "no language is in both."
    )
    assert not (tmp_path / "against.parquet").exists()


def test_two_train_splits_are_counted_not_listed(tmp_path: Path) -> None:
    other = {
        "train": [
            ("Comhroinnte", "Shared one"),
            ("Comhroinnte", "Shared one"),
            ("", "seen by us"),
            ("Nua", "New"),
        ]
    }
    status, leaks = against(tmp_path, ("gle_Latn", "eng_Latn"), other)
    assert leaks == []
    pair = pair_of(status, "train")
    assert (pair.num_held_out, pair.num_other) == (2, 4)
    assert {side: dict(counts) for side, counts in pair.counts.items()} == {
        "source": {"exact": 1, "normalised": 1, "near": 0},
        "target": {"exact": 1, "normalised": 0, "near": 0},
        "both": {"exact": 1, "normalised": 0, "near": 0},
        "either": {"exact": 1, "normalised": 1, "near": 0},
    }
    assert status.badge == "clean"


def test_lines_that_stand_everywhere_are_counted_in_full_and_listed_in_part(
    tmp_path: Path,
) -> None:
    train = [("OK", f"x{n}") for n in range(300)] + [("ok", "CEART"), ("OK.", "Ceart")]
    test = [("ok", f"y{n}") for n in range(50)] + [("OK.", "Ceart")]
    status, leaks = checked(tmp_path, LeakSettings(max_listed=3), train=train, test=test)
    counts = pair_of(status, "test").counts
    assert counts["source"] == {"exact": 51, "normalised": 0, "near": 0}
    assert counts["both"] == {"exact": 1, "normalised": 0, "near": 0}
    assert len(leaks) < 400
    assert {leak.number for leak in leaks} == set(range(51))
    rows = leaking_train_rows(tmp_path / "leaks.parquet")
    assert rows.tolist() == list(range(302))
    exact = leaking_train_rows(tmp_path / "leaks.parquet", levels=["exact"], sides=["source"])
    assert exact.tolist() == [300, 301]
    target = leaking_train_rows(tmp_path / "leaks.parquet", sides=["target"])
    assert target.tolist() == [300, 301]


# Few words, so that texts repeat, lie in one another and overlap.
WORDS = st.sampled_from(["a", "b", "c.", "C"])
TEXTS = st.lists(WORDS, max_size=9).map(" ".join)
SPLIT = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=12)


def grams(text: str) -> list[tuple[str, ...]]:
    words = normalised(text).split()
    return [tuple(words[i : i + 5]) for i in range(len(words) - 4)]


def level_of(own: str, other: str) -> str:
    """The definition of a level, as plainly as it can be written."""
    if not normalised(own):
        return ""
    if normalised(own) == normalised(other):
        return "exact" if own == other else "normalised"
    shared = set(grams(own)) & set(grams(other))
    if not shared:
        return ""
    overlap = len(shared) / len(set(grams(own)))
    inside = sum(gram in shared for gram in grams(other)) / len(grams(other))
    is_inside = len(shared) >= 3 and overlap >= 0.2 and inside >= 0.8
    return "near" if overlap >= 0.8 or is_inside else ""


ORDER = ["exact", "normalised", "near"]


def closest(levels: Iterable[str]) -> str:
    return min(set(levels) - {""}, key=ORDER.index, default="")


def either_level(own: Pair, other: Pair) -> str:
    return closest([level_of(own[0], other[0]), level_of(own[1], other[1])])


def both_level(own: Pair, other: Pair) -> str:
    levels = [level_of(own[0], other[0]), level_of(own[1], other[1])]
    return "" if "" in levels else max(levels, key=ORDER.index)


def closest_of(own: Pair, others: list[Pair], choose: Callable[[Pair, Pair], str]) -> str:
    return closest(choose(own, other) for other in others)


@settings(max_examples=60, deadline=None)
@given(SPLIT, SPLIT, st.sampled_from([1, 2, 1000]))
def test_counts_and_leaking_rows_are_those_of_the_definition(
    train: list[Pair], test: list[Pair], max_listed: int
) -> None:
    with TemporaryDirectory() as folder:
        status, leaks = checked(
            Path(folder), LeakSettings(max_listed=max_listed), train=train, test=test
        )
        found = pair_of(status, "test").counts
        for side, name in enumerate(["source", "target"]):
            levels = [closest(level_of(own[side], other[side]) for other in train) for own in test]
            assert found[name] == {level: levels.count(level) for level in ORDER}
            of_train = [
                closest(level_of(own[side], other[side]) for own in test) for other in train
            ]
            for wanted in (["exact"], ["exact", "normalised"], ORDER):
                rows = leaking_train_rows(
                    Path(folder) / "leaks.parquet", levels=wanted, sides=[name]
                )
                assert rows.tolist() == [n for n, level in enumerate(of_train) if level in wanted]
        either, both = (
            [closest_of(own, train, choose) for own in test]
            for choose in (either_level, both_level)
        )
        assert found["either"] == {level: either.count(level) for level in ORDER}
        assert found["both"] == {level: both.count(level) for level in ORDER}
        for leak in leaks:
            own, other = test[leak.number], train[leak.other_number]
            assert leak.source_level == level_of(own[0], other[0])
            assert leak.target_level == level_of(own[1], other[1])


@settings(max_examples=60, deadline=None)
@given(
    SPLIT,
    st.lists(st.sampled_from("pqrstu"), min_size=1, max_size=30),
    st.integers(0, 11),
    st.sampled_from(["{}", "{}!", "  {} ", "“{}”", "{} …"]),
    st.sampled_from([str.upper, str.title, str.swapcase, str]),
    st.sampled_from([0, 1]),
)
def test_a_test_segment_copied_into_train_in_other_clothes_is_always_found(
    train: list[Pair], words: list[str], place: int, frame: str, case: type[str], side: int
) -> None:
    text = " ".join(words)
    copied, own = ["x y z", "x y z"], ["k l m", "n o"]
    copied[side], own[side] = frame.format(case(text)), text
    rows = [*train]
    rows.insert(place, (copied[0], copied[1]))
    with TemporaryDirectory() as folder:
        status, leaks = checked(Path(folder), train=rows, test=[(own[0], own[1])])
    assert [leak.other_number for leak in leaks] == [min(place, len(train))]
    assert leaks[0].side == ["source", "target"][side]
    assert leaks[0].level == ("exact" if copied[side] == text else "normalised")
    assert status.badge == "leaks"


@settings(max_examples=30, deadline=None)
@given(SPLIT, st.lists(st.tuples(*[st.text("pqr s", min_size=1)] * 2), min_size=1, max_size=12))
def test_nothing_is_found_between_disjoint_vocabularies(
    train: list[Pair], test: list[Pair]
) -> None:
    with TemporaryDirectory() as folder:
        status, leaks = checked(Path(folder), train=train, test=test)
    assert leaks == []
    assert status.badge == "clean"
    assert pair_of(status, "test").num_leaking == 0


@settings(max_examples=30, deadline=None)
@given(SPLIT, SPLIT, SPLIT)
def test_after_the_leaking_rows_are_removed_the_report_is_clean(
    train: list[Pair], dev: list[Pair], test: list[Pair]
) -> None:
    train = [*train, ("never seen", "never heard")]
    with TemporaryDirectory() as name:
        folder = Path(name)
        checked(folder, train=train, dev=dev, test=test)
        out = leaking_train_rows(folder / "leaks.parquet").tolist()
        kept = list(without_rows(read_rows(folder / "train.jsonl"), out))
        assert kept == [Row(*row) for number, row in enumerate(train) if number not in out]
        status, _ = checked(folder / "again", train=kept, dev=dev, test=test)
    assert status.badge == "clean"


def test_the_status_survives_json(tmp_path: Path) -> None:
    status, _ = checked(tmp_path, train=[("a", "b")], dev=[("a", "c")], test=[(TEN, "d")])
    assert LeakStatus.parse(json.loads(json.dumps(status.to_dict()))) == status


def test_a_stopped_check_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    checked(tmp_path, train=[("a", "b")], test=[("a", "c")])
    before = (tmp_path / "leaks.parquet").read_bytes()

    def stop(phase: str, done: int, total: int) -> None:
        if "looking" in phase:
            raise InterruptedError

    paths = {split: tmp_path / f"{split}.jsonl" for split in ("train", "test")}
    with pytest.raises(InterruptedError):
        leaks_within(paths, "eng_Latn", "gle_Latn", tmp_path / "leaks.parquet", watch=stop)
    assert (tmp_path / "leaks.parquet").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "leaks.parquet", "test.jsonl", "train.jsonl",
    ]  # fmt: skip


def test_rows_beyond_the_first_batch_keep_their_numbers(tmp_path: Path) -> None:
    train = [(f"source {n}", f"target {n}") for n in range(20_000)]
    test = [("SOURCE 8191", "x"), ("y", "Target 8192"), ("source 19999", "Target 0")]
    _, leaks = checked(tmp_path, train=train, test=test)
    assert [(leak.number, leak.other_number) for leak in leaks] == [
        (0, 8191), (1, 8192), (2, 19_999), (2, 0),
    ]  # fmt: skip


def test_any_text_comes_through(tmp_path: Path) -> None:
    texts = ["a\tb\nc", "سلام\u2028", "हिंदी", "👩‍⚕️", "e\u0301\x00"]
    rows = [(text, f"target {n}") for n, text in enumerate(texts)]
    random.Random(1).shuffle(rows)
    _, leaks = checked(tmp_path, train=[(text, "x") for text in texts], test=rows)
    assert [(leak.source, leak.target) for leak in leaks] == rows
    assert [leak.other_source for leak in leaks] == [text for text, _ in rows]


def test_loresmt_leaks_are_those_of_its_readme(loresmt: Path, tmp_path: Path) -> None:
    def pairs(stem: str) -> list[Pair]:
        sides = ((loresmt / f"{stem}.{lang}").read_text(encoding="utf-8") for lang in ("en", "ga"))
        return list(zip(*(side.split("\n")[:-1] for side in sides), strict=True))

    status, leaks = checked(
        tmp_path, train=pairs("train"), dev=pairs("dev"), test=pairs("test.en2ga")
    )
    dev, test = pair_of(status, "dev"), pair_of(status, "test")
    assert (dev.num_other, dev.num_held_out, test.num_held_out) == (8112, 502, 500)
    # Its README names 4 test lines and 2 dev lines. The dev lines are those that stand there as
    # they are; ten more, terms such as "vaccine" and "tetanus", differ in case or final tabs.
    assert test.counts["source"] == {"exact": 3, "normalised": 1, "near": 4}
    assert test.counts["target"] == {"exact": 1, "normalised": 1, "near": 3}
    assert dev.counts["source"] == {"exact": 2, "normalised": 10, "near": 0}
    assert dev.counts["target"] == {"exact": 0, "normalised": 3, "near": 0}
    assert test.coverage == {"source": pytest.approx(0.0497, abs=1e-4),
                             "target": pytest.approx(0.0446, abs=1e-4)}  # fmt: skip
    assert dev.coverage["source"] == pytest.approx(0.0056, abs=1e-4)
    exact = {leak.source for leak in leaks if leak.split == "dev" and leak.level == "exact"}
    assert exact == {"Measles", "These include:"}
    assert status.sentence(["test"]) == (
        "5 of 500 test segments also stand in train (English side 4, Irish side 2), "
        "6 more nearly (n-gram overlap ≥ 0.8); "
        "3 of 500 test segments also stand in dev (English side 3, Irish side 2)."
    )
