from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import DataError
from core.evaluate.formats.json_lines import read_json_lines
from core.evaluate.formats.upload import Upload
from core.storage.translation_set_records import Hypothesis


def read(*rows: dict[str, Any]) -> Upload:
    return read_json_lines("x.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def test_row_may_hold_the_hypotheses_of_all_systems() -> None:
    found = read(
        {
            "source": "s1",
            "references": ["r1", None],
            "hypotheses": {"A": "a1", "B": ""},
            "tag": "news",
        },
        {"source": "s2", "references": [None, "q2"], "hypotheses": {"B": "b2", "A": "a\n2"}},
    )
    assert found.sources == ("s1", "s2")
    assert found.references == {"ref-1": ("r1", None), "ref-2": (None, "q2")}
    assert found.systems == {"A": ("a1", "a\n2"), "B": ("", "b2")}
    assert (found.tags, found.documents) == (("news", ""), None)


def test_row_may_hold_the_hypothesis_of_one_system() -> None:
    rows = [
        {"system": system, "source": f"s{n}", "reference": f"r{n}", "hypothesis": f"{system}{n}"}
        for system in "AB"
        for n in range(3)
    ]
    expected = {"A": ("A0", "A1", "A2"), "B": ("B0", "B1", "B2")}
    for order in (rows, rows[::3] + rows[1::3] + rows[2::3]):
        found = read(*order)
        assert (found.systems, found.sources) == (expected, ("s0", "s1", "s2"))
        assert found.references == {"ref": ("r0", "r1", "r2")}


def test_positions_give_the_order() -> None:
    found = read(*({"position": n, "hypothesis": f"h{n}"} for n in (2, 0, 1)))
    assert found.systems == {"x": ("h0", "h1", "h2")}


def test_downloads_of_translation_sets_are_read() -> None:
    def rows(set_id: str) -> list[dict[str, Any]]:
        return [vars(Hypothesis(set_id, n, f"s{n}", f"r{n}", f"{set_id}{n}")) for n in range(2)]

    found = read(*rows("t"))
    assert found.systems == {"x": ("t0", "t1")}
    assert (found.sources, found.references) == (("s0", "s1"), {"ref": ("r0", "r1")})
    assert read(*rows("t"), *rows("u")).systems == {"t": ("t0", "t1"), "u": ("u0", "u1")}


def test_test_set_without_hypotheses_is_read() -> None:
    found = read({"source": "s", "references": {"A": "r", "B": "q"}})
    assert (found.systems, found.references) == ({}, {"A": ("r",), "B": ("q",)})
    assert read({"source": "s", "reference": None}).references == {}


BROKEN: list[tuple[list[dict[str, Any]], str]] = [
    ([{"hypothesis": 1}], "line 1: 'hypothesis' is int, not a text."),
    ([{"source": ["a"], "hypothesis": "h"}], "line 1: 'source' is list, not a text."),
    ([{"hypothesis": None, "failure": "It timed out."}], "line 1: there is no hypothesis (It"),
    ([{"hypotheses": {"A": None}}], "line 1: there is no hypothesis (it is null)."),
    ([{"hypotheses": ["a"]}], "line 1: 'hypotheses' is list, not an object."),
    ([{"hypotheses": {"A": "a"}, "hypothesis": "b"}], "line 1 has both 'hypotheses' and 'hyp"),
    ([{"hypotheses": {"A": "a"}, "system": "b"}], "line 1 has both 'hypotheses' and 'system'."),
    ([{"hypotheses": {"A": "a", " A": "b"}}], "line 1 names the system 'A' twice."),
    ([{"hypotheses": {" ": "a"}}], " names a system with 0 characters."),
    ([{"reference": "r", "references": {"ref": "q"}}], "line 1 names the reference 'ref' twice."),
    ([{"references": "r", "hypothesis": "h"}], "line 1: 'references' is str, neither list nor"),
    ([{"hypothesis": "a\0"}], "line 1: 'hypothesis' holds a zero byte."),
    ([{"hypothesis": "a\ud83d"}], "line 1: 'hypothesis' holds half a character"),
    ([{"position": -1, "hypothesis": "h"}], "line 1: 'position' is -1, not a segment's number"),
    ([{"position": True, "hypothesis": "h"}], "line 1: 'position' is True, not a segment's"),
    (
        [{"position": 0, "hypothesis": "h"}, {"position": 0, "hypothesis": "h"}],
        "line 2 has the position 0 a second time.",
    ),
    (
        [{"position": 0, "hypothesis": "h"}, {"position": 2, "hypothesis": "h"}],
        "line 2 follows on a gap: no row has the position 1.",
    ),
    (
        [{"position": 0, "hypothesis": "h"}, {"hypothesis": "h"}],
        "line 2 has no 'position', others have one.",
    ),
    (
        [{"source": "s", "hypothesis": "h"}, {"hypothesis": "h"}],
        "line 2 has no 'source', others have one.",
    ),
    (
        [{"hypotheses": {"A": "a"}}, {"hypothesis": "b"}],
        " mixes two kinds of rows: line 2 holds 'hypothesis', line 1 does not.",
    ),
    (
        [{"hypotheses": {"A": "a", "B": "b"}}, {"hypotheses": {"A": "a"}}],
        ": only one of the lines 1 and 2 has a hypothesis of 'B'.",
    ),
    (
        [{"system": name, "hypothesis": "h"} for name in "AAB"],
        " holds 2 hypotheses of 'A' and 1 of 'B'.",
    ),
    (
        [{"system": name, "source": name, "hypothesis": "h"} for name in "AB"],
        ": line 2 has another source for segment 1 than line 1.",
    ),
    (
        [{"reference": "r", "hypothesis": "h"}, {"hypothesis": "h"}],
        ": 1 of 2 segments have no reference; the first is segment 2.",
    ),
]


@pytest.mark.parametrize(("rows", "sentence"), BROKEN)
def test_rows_that_do_not_fit_are_refused(rows: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        read(*rows)
    message = caught.value.message
    assert message.startswith("'x.jsonl'")
    assert message.removeprefix("'x.jsonl'").strip().startswith(sentence.strip())
    assert caught.value.hint


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("hello", "is not JSON: Expecting value."),
        ('["a"]', "holds list, not an object."),
        ("1" * 5000, "is not JSON: Exceeds the limit"),
        ("[" * 100_000, "is not JSON: maximum recursion depth"),
    ],
)
def test_line_that_is_no_object_is_refused(line: str, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        read_json_lines("x.jsonl", f'{{"hypothesis": "h"}}\n{line}\n')
    assert caught.value.message.startswith(f"'x.jsonl' line 2 {sentence}")
