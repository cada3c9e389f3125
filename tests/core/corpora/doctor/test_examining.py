from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.corpora.doctor import chunks
from core.corpora.doctor.examining import Examination, examine
from core.corpora.doctor.findings import Findings
from core.corpora.doctor.settings import DoctorSettings, preset
from core.corpora.sample import generate_sample
from core.corpora.segments import Row, write_segments
from core.errors import ConfigError, HostError

Examining = Callable[..., tuple[Examination, Findings]]

# A row may stay by these once another, for which it would have gone, goes by a stricter check.
OF_OTHERS = {"near_duplicate", "many_targets", "many_sources"}
HANDS, LAMHA = "Wash your hands.", "Nigh do lámha."


def reasons(findings: Findings) -> dict[int, str]:
    return {item.number: " ".join(item.reasons) for item in findings.page(limit=10_000)}


def test_blank_sides_are_empty_and_nothing_else(examined: Examining) -> None:
    rows = [("", ""), ("", ""), (HANDS, " \u200b"), ("\ufeff", LAMHA), (HANDS, LAMHA)]
    examination, findings = examined(rows)
    assert reasons(findings) == dict.fromkeys(range(4), "empty")
    assert examination.count("empty") == examination.alone["empty"]["train"] == 4
    assert examination.num_rows == {"train": 5} and examination.num_flagged == {"train": 4}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(HANDS, LAMHA), (HANDS, LAMHA)], {1: "duplicate"}),
        ([(HANDS, LAMHA), ("wash your  hands", LAMHA)], {1: "near_duplicate"}),
        ([(HANDS, LAMHA), (HANDS, "Nigh é.")], {}),
        ([("a b", "c"), ("a", "b c")], {}),  # sides are told apart
        ([("हात धुवा", "Nigh"), ("हात धुवा!", "nigh")], {1: "near_duplicate"}),
        # Other vowel signs are other words.
        ([("हात धुवा", "Nigh"), ("हत धुव", "nigh")], {}),
        ([("اغسل", "Nigh"), ("اغسل.", "nigh")], {1: "near_duplicate"}),
        ([("洗手", "Nigh"), ("洗手。", "Nigh")], {1: "near_duplicate"}),
    ],
)
def test_duplicates(examined: Examining, rows: list[Any], expected: dict[int, str]) -> None:
    assert reasons(examined(rows)[1]) == expected


def test_duplicates_name_the_first_row_as_people_count(examined: Examining) -> None:
    rows = [("Go.", "Gabh."), (HANDS, LAMHA), (HANDS, LAMHA), ("WASH YOUR HANDS", LAMHA)]
    details = [item.details for item in examined(rows)[1].page()]
    assert details == ["same as row 2", "nearly the same as row 2"]


def test_duplicates_count_within_a_split(examined: Examining) -> None:
    _, findings = examined({"train": [(HANDS, LAMHA)], "test": [(HANDS, LAMHA)] * 2})
    assert [(item.split, item.number) for item in findings.page()] == [("test", 1)]


def test_first_targets_of_a_source_stay_and_so_for_sources(examined: Examining) -> None:
    many = [("Measles", f"focal {word}") for word in "abcd"]
    settings = DoctorSettings(max_targets=2, max_sources=3)
    _, findings = examined([*many, many[0]], settings=settings)
    assert reasons(findings) == {2: "many_targets", 3: "many_targets", 4: "duplicate"}
    _, findings = examined([(target, source) for source, target in many], settings=settings)
    assert reasons(findings) == {3: "many_sources"}


def test_a_sound_row_is_not_left_out_for_being_like_a_damaged_one(examined: Examining) -> None:
    rows = [("{0} new files", "0 comhad nua"), ("{0} new files", "{0} comhad nua")]
    assert reasons(examined(rows)[1]) == {0: "placeholders"}
    assert list(reasons(examined(rows[::-1])[1])) == [1]
    # Damaged translations are none of the few that one source may have.
    damaged = [(f"{HANDS} {{0}}", f"Nigh do lámha anois {n}.") for n in range(9)]
    found = reasons(examined([*damaged, (f"{HANDS} {{0}}", f"{LAMHA} {{0}}")])[1])
    assert set(found) == set(range(9)) and set(found.values()) == {"placeholders"}


def test_boilerplate_is_the_same_text_but_for_its_numbers(examined: Examining) -> None:
    rows = [(f"Page {n} of {n + 1}", f"{word} {n} {n + 1}") for n, word in enumerate("abcde")]
    settings = DoctorSettings(max_repeats=3, numbers=False)
    examination, findings = examined(rows, settings=settings)
    assert {number: text for number, text in reasons(findings).items() if "boiler" in text} == {
        3: "boilerplate",
        4: "boilerplate",
    }
    assert "source stands above 3 times" in findings.page(check="boilerplate")[0].details


def test_length_ratio_is_relative_to_the_corpus(examined: Examining) -> None:
    english = "The committee will meet again in the first week of the coming year "
    rows = [(english + str(n), "委员会将于明年第一周再次举行会议啊" + str(n)) for n in range(20)]
    rows[7] = (rows[7][0], "委员会" + "再次举行会议" * 14)
    rows[8] = ("ok then", "好")  # too short to be measured
    settings = DoctorSettings(boilerplate=False, numbers=False)
    examination, findings = examined(rows, "eng_Latn", "zho_Hans", settings)
    assert examination.usual_ratio < 0.4
    assert reasons(findings) == {7: "length_ratio"}
    assert findings.page()[0].details.endswith("times as long as usual")


def test_small_sample_is_healthy(examined: Examining) -> None:
    made = generate_sample()
    splits = {"train": made.train, "dev": made.dev, "test": made.test}
    examination, _ = examined(splits)
    assert examination.num_rows == {"train": 3000, "dev": 200, "test": 200}
    assert examination.num_flagged == {"train": 0, "dev": 0, "test": 0}


def test_only_active_checks_are_made_and_counted(examined: Examining) -> None:
    off = dict.fromkeys(DoctorSettings().active, False)
    settings = DoctorSettings(**{**off, "duplicate": True})
    examination, findings = examined(
        [("", ""), ("x\x00", "x\x00"), ("x\x00", "x\x00")], settings=settings
    )
    assert examination.counts == {"duplicate": {"train": 1}}
    assert reasons(findings) == {2: "duplicate"}


def test_texts_of_findings_are_those_of_the_file(examined: Examining) -> None:
    strange = 'क्ष\t"x"\n\u2028e\u0301 ‏مرحبا 🎉\x00'
    _, findings = examined([Row(strange, "", "Doc 1"), Row("", strange)])
    first, second = findings.page()
    assert (first.source, first.target, first.document) == (strange, "", "Doc 1")
    assert (second.source, second.target, second.document) == ("", strange, "")


def test_unknown_language_is_noted(examined: Examining) -> None:
    examination, _ = examined([("Wash", "བཀྲ་ཤིས")], "eng_Latn", "bod_Tibt")
    assert examination.notes == (
        "The language of Standard Tibetan segments was not checked, as the identifier does not "
        "know it; their script was.",
    )
    assert examined([("Wash", "Nigh")])[0].notes == ()


def test_wrong_code_is_an_error_and_leaves_nothing(examined: Examining, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'xxx' is not"):
        examined([("a", "b")], "eng_Latn", "xxx")
    assert not (tmp_path / "findings.parquet").exists()


def test_no_rows_are_no_findings(examined: Examining) -> None:
    examination, findings = examined({"train": [], "dev": []})
    assert examination.num_rows == {"train": 0, "dev": 0}
    assert (findings.count, findings.page(), findings.counts) == (0, [], {})


def test_examination_survives_json(examined: Examining) -> None:
    examination, _ = examined([("", ""), (HANDS, LAMHA)])
    assert Examination.from_dict(json.loads(json.dumps(examination.to_dict()))) == examination


def test_repairs_come_before_checks(examined: Examining) -> None:
    rows = [("Wash \x00it", "TÃ¡ sÃ© fuar"), ("fine", " fuar ")]
    dirty, _ = examined(rows)
    assert dirty.count("control") == dirty.count("mojibake") == 1
    settings = DoctorSettings(fix_mojibake=True, remove_controls=True, strip_spaces=True)
    mended, _ = examined({"train": rows, "test": rows}, settings=settings)
    assert mended.counts["control"] == mended.counts["mojibake"] == {"train": 0, "test": 1}
    assert mended.num_repaired == {"train": 2, "test": 0}


@pytest.fixture
def varied(tmp_path: Path) -> dict[str, Path]:
    """Splits of several chunks, with things to find in all of them."""
    paths = {}
    pairs = generate_sample(3000, 100, 100).train
    rows = [Row(*pair) for pair in pairs]
    for place in range(0, 3000, 50):
        rows[place] = rows[place - 1]
        rows[place + 1] = rows[place + 1]._replace(source="x\x00" + rows[place + 1].source)
        rows[place + 2] = rows[place + 2]._replace(target=rows[place + 2].source)
    for split, some in (("train", rows), ("dev", rows[:60])):
        paths[split] = tmp_path / f"{split}.jsonl"
        write_segments(paths[split], some)
    return paths


def test_processes_find_what_one_finds(
    varied: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = preset("strict")
    found = []
    for num_processes, chunk_bytes in ((1, 400_000), (1, 9000), (2, 60_000)):
        monkeypatch.setattr(chunks, "CHUNK_BYTES", chunk_bytes)
        out = tmp_path / f"{len(found)}.parquet"
        examination = examine(
            varied, "eng_Latn", "gle_Latn", settings, out, num_processes=num_processes
        )
        found.append((replace(examination, seconds=0.0), Findings(out).page(limit=10_000)))
    assert found[0] == found[1] == found[2]
    assert found[0][0].count("control") == 60 + 2


class _CancelledError(Exception):
    pass


@pytest.mark.parametrize(
    ("num_processes", "phase"),
    [
        (1, "checking rows"),
        (1, "comparing rows"),
        (1, "writing findings"),
        (2, "checking rows"),
        (2, "writing findings"),
    ],
)
def test_cancelled_work_leaves_no_file_and_no_process(
    varied: dict[str, Path], tmp_path: Path, num_processes: int, phase: str
) -> None:
    def watch(now: str, done: int, total: int) -> None:
        assert 0 <= done <= total
        if now == phase and (done or phase != "checking rows"):
            raise _CancelledError

    out = tmp_path / "out" / "findings.parquet"
    out.parent.mkdir()
    with pytest.raises(_CancelledError):
        examine(
            varied,
            "eng_Latn",
            "gle_Latn",
            DoctorSettings(),
            out,
            watch=watch,
            num_processes=num_processes,
        )
    assert list(out.parent.iterdir()) == []
    assert multiprocessing.active_children() == []


def test_killed_process_is_one_sentence(
    varied: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 4000)

    def watch(now: str, done: int, total: int) -> None:
        if done:
            for process in multiprocessing.active_children():
                process.kill()

    out = tmp_path / "findings.parquet"
    with pytest.raises(HostError, match="A process that checked segments was killed"):
        examine(varied, "eng_Latn", "gle_Latn", DoctorSettings(), out, watch=watch, num_processes=2)
    assert not out.exists() and multiprocessing.active_children() == []


TEXT = st.text(st.sampled_from("ab .,1é्हا洗<b>{x}\x00Ã©"), max_size=8)


@settings(max_examples=25)
@given(st.lists(st.tuples(TEXT, TEXT), max_size=30))
def test_stricter_presets_flag_more_by_every_check(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    write_segments(folder / "train.jsonl", pairs)
    flagged = []
    for name in ("gentle", "standard", "strict"):
        out = folder / "findings.parquet"
        examine({"train": folder / "train.jsonl"}, "eng_Latn", "gle_Latn", preset(name), out)
        findings = Findings(out)
        flagged.append(
            {key: set(findings.numbers("train", [key]).tolist()) for key in preset("strict").active}
        )
    for gentler, stricter in zip(flagged[:-1], flagged[1:], strict=True):
        assert all(gentler[key] <= stricter[key] for key in gentler if key not in OF_OTHERS)


def test_loresmt_findings(loresmt: Path, tmp_path: Path) -> None:
    splits = {}
    for split, stem in (("train", "train"), ("dev", "dev"), ("test", "test.en2ga")):
        sides = [
            (loresmt / f"{stem}.{code}").read_text(encoding="utf-8").split("\n")[:-1]
            for code in ("en", "ga")
        ]
        splits[split] = tmp_path / f"{split}.jsonl"
        write_segments(splits[split], zip(*sides, strict=True))
    flagged = []
    for name in ("gentle", "standard", "strict"):
        out = tmp_path / f"{name}.parquet"
        examination = examine(splits, "eng_Latn", "gle_Latn", preset(name), out, num_processes=1)
        findings = Findings(out)
        flagged.append(
            {
                (split, key): set(findings.numbers(split, [key]).tolist())
                for split in splits
                for key in preset("strict").active
            }
        )
        if name == "standard":
            assert examination.num_rows == {"train": 8112, "dev": 502, "test": 500}
            assert examination.count("duplicate", "train") == 293
            assert examination.count("wrong_language", "train") == 7
            assert examination.count("identical", "dev") == 68  # left in English
            assert 0.05 < examination.num_flagged["train"] / 8112 < 0.09
    for gentler, stricter in zip(flagged[:-1], flagged[1:], strict=True):
        assert all(gentler[key] <= stricter[key] for key in gentler if key[1] not in OF_OTHERS)
