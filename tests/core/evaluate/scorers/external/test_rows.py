from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.evaluate.scorers.external.rows import MAX_DETAILS, read_scores, write_rows
from core.evaluate.scorers.scoring_inputs import Translated
from core.storage.scoring_records import SegmentScore

PLACES = [("one", 0), ("two", 0), ("one", 2)]


def read(tmp_path: Path, text: str | bytes) -> list[SegmentScore]:
    path = tmp_path / "output.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_scores(path, PLACES, "scoring")


def rows(*values: object) -> str:
    return "".join(f'{{"id": {at}, "score": {value}}}\n' for at, value in enumerate(values))


def test_rows_carry_everything_that_a_scorer_may_need(tmp_path: Path) -> None:
    path = tmp_path / "input.jsonl"
    segments = [
        Translated("one", 4, "नर्स\nलिखती है।", "Half \ud800", ("A", "B")),
        Translated("two", 4, "x", "", ()),
    ]
    assert write_rows(path, segments) == [("one", 4), ("two", 4)]
    first, second = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert first == {
        "id": 0, "system": "one", "segment": 4, "source": "नर्स\nलिखती है।", "hypothesis": "Half ?",
        "references": ["A", "B"],
    }  # fmt: skip
    assert (second["hypothesis"], second["references"]) == ("", [])


def test_scores_come_in_any_order_with_further_fields(tmp_path: Path) -> None:
    text = '\ufeff{"id": 2, "score": -1, "spans": [[0, 3]], "source": "x"}\n\n'
    text += '{"score": 0.5, "id": 0}\r\n{"id": 1, "score": 7e1}'  # no final newline
    first, second, third = read(tmp_path, text)
    assert (first.set_id, first.position, first.value) == ("one", 0, 0.5)
    assert (second.set_id, second.position, second.value) == ("two", 0, 70.0)
    assert (third.set_id, third.position, third.value) == ("one", 2, -1.0)
    assert third.details == {"spans": [[0, 3]]} and first.details == {}


def test_details_are_bounded_and_can_be_stored_anywhere(tmp_path: Path) -> None:
    more = {"short": "a\0\ud800", "long": "x" * MAX_DETAILS}
    text = json.dumps({"id": 0, "score": 1, "inf": 1, **more}).replace('"inf": 1', '"inf": 1e999')
    score = read(tmp_path, text + '\n{"id": 1, "score": 1}\n{"id": 2, "score": 1}')[0]
    assert score.details == {"short": "a\ufffd?"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "3 of 3 segments came back without a score; the first is that with the id 0"),
        (rows(1, 2), "1 of 3 segments came back without a score; the first is that with the id 2"),
        (rows(1, 2, 3, 4), "never sent: 1; the first is 3"),
        (rows(1, 2, 3) + rows(1, 2), "output repeats: 2; the first is 0"),
        (rows(1, "NaN", 3), "score in line 2 .* is not finite: NaN"),
        (rows(1, "Infinity", 3), "not finite: Infinity"),
        (rows(1, "1e999", 3), "not finite: Infinity"),
        (rows(1, "1" + "0" * 400, 3), "not finite"),
        (rows(1, '"good"', 3), "is no number: good"),
        (rows(1, "true", 3), "is no number: true"),
        (rows(1, "null", 3), "is no number: null"),
        (rows(1, "[1]", 3), r"is no number: \[1\]"),
        ('{"id": 0}\n', "Line 1 .* has no score"),
        ('{"score": 1}\n', "Line 1 .* has no id"),
        ('{"id": "0", "score": 1}\n', "no id that is a whole number"),
        ('{"id": true, "score": 1}\n', "no id that is a whole number"),
        ('{"id": -1, "score": 1}\n', "never sent: 1; the first is -1"),
        ("Loading model…\n" + rows(1, 2, 3), "Line 1 .* is no JSON object: Loading model…"),
        ("[0, 0.5]\n", "is no JSON object"),
        ("0.5\n", "is no JSON object"),
        ("[" * 100_000, "is no JSON object"),
        (b"\xff\xfe\x00", "is no JSON object"),
        ("x" * 1_000_001, "longer than 1,000,000 bytes"),
        (rows(1) + '{"id": ' + "9" * 5000 + "}", "is no JSON object"),
    ],
)
def test_output_that_is_not_right_is_refused_as_a_whole(
    text: str | bytes, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=sentence) as caught:
        read(tmp_path, text)
    assert len(caught.value.message) < 300 and "Nothing was stored" in caught.value.hint


def test_scorer_that_wrote_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="wrote no file output.jsonl"):
        read_scores(tmp_path / "output.jsonl", PLACES, "scoring")


@given(st.binary())
def test_any_bytes_give_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    with pytest.raises(DataError):
        read(tmp_path_factory.getbasetemp(), data)
