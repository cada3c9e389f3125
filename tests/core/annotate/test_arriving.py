"""Nothing that a browser sends is believed: items, places, quotes, categories, numbers, text."""

from typing import Any

import pytest

from core.annotate.arriving import Question, read_arrived
from core.annotate.typologies import find_typology
from core.errors import DataError

SOURCE = "Tá an cat ag ól bainne."
OUTPUT = "The cafe\u0301 👩‍👩‍👧 drinks मिल्क and שלום."
QUESTION = Question("item-1", "mqm", SOURCE, (OUTPUT,), find_typology("adaptmllm"), False)


def mark(start: int, end: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"m{start}",
        "side": "target",
        "start": start,
        "end": end,
        "quote": OUTPUT[start:end],
        "severity": "minor",
        "category": "Fluency/Spelling",
    } | changes


def payload(*marks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    annotation = {"marks": list(marks), "comment": "", **changes.pop("annotation", {})}
    return {"item": "item-1", "save_id": "0f9e-save-1", "annotation": annotation} | changes


def test_marks_of_every_code_point_arrive_with_their_words() -> None:
    marks = [mark(at, at + 1) for at in range(len(OUTPUT))]
    arrived = read_arrived(payload(*marks), QUESTION)
    assert "".join(each.quote for each in arrived.annotation.marks) == OUTPUT


def test_a_mark_in_the_source_is_checked_against_the_source() -> None:
    found = read_arrived(
        payload(mark(3, 9, side="source", quote=SOURCE[3:9], category="Accuracy/Omission")),
        QUESTION,
    )
    assert found.annotation.marks[0].quote == "an cat"


@pytest.mark.parametrize(
    "changed",
    [
        {"quote": "other"},
        {"start": -1},
        {"end": len(OUTPUT) + 1, "quote": OUTPUT[4:]},
        {"start": 5, "end": 5, "quote": ""},
        {"start": True, "end": 2, "quote": OUTPUT[1:2]},
        {"start": 4.0},
        {"side": "reference"},
        {"output": 1},
        {"output": "0"},
        {"severity": "deadly"},
        {"category": "<script>alert(1)</script>"},
        {"id": "../../etc/passwd"},
        {"note": "x" * 2001},
    ],
)
def test_a_mark_that_the_page_cannot_make_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        read_arrived(payload(mark(4, 8) | changed), QUESTION)


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        "text",
        {},
        payload(item="item-2"),
        payload(save_id=""),
        payload(save_id="x' OR 1=1"),
        {"item": "item-1", "save_id": "0f9e-save-1", "annotation": []},
        payload(mark(0, 3), mark(0, 3)),
        payload(*[mark(0, 3, id=f"m{n}") for n in range(201)]),
        payload(annotation={"score": 3}),
        payload(annotation={"comment": 7}),
        payload(annotation={"comment": "x" * 10_001}),
    ],
)
def test_what_is_no_answer_to_this_item_is_refused(sent: Any) -> None:
    with pytest.raises(DataError):
        read_arrived(sent, QUESTION)


@pytest.mark.parametrize(
    ("protocol", "score", "is_taken"),
    [
        ("sqm", 0, True),
        ("sqm", 6, True),
        ("sqm", 7, False),
        ("sqm", 2.5, False),
        ("sqm", True, False),
        ("sqm", float("nan"), False),
        ("sqm", "6", False),
        ("esa", 100, True),
        ("esa", 101, False),
        ("ranking", 1, False),
    ],
)
def test_scores_are_those_of_the_protocol(protocol: Any, score: Any, is_taken: bool) -> None:
    question = Question("item-1", protocol, SOURCE, (OUTPUT, OUTPUT))
    if is_taken:
        found = read_arrived(payload(annotation={"score": score}), question)
        assert found.annotation.score == score
    else:
        with pytest.raises(DataError, match="score"):
            read_arrived(payload(annotation={"score": score}), question)


def test_ranks_may_be_open_or_tied_but_not_out_of_range() -> None:
    question = Question("item-1", "ranking", SOURCE, ("a", "b"))
    found = read_arrived(payload(annotation={"ranks": [1, None]}), question)
    assert found.annotation.ranks == (1, None)
    assert read_arrived(payload(annotation={"ranks": [1, 1]}), question).annotation.ranks == (1, 1)
    for wrong in ([1], [0, 1], [1, 3], "12", [1.0, 2]):
        with pytest.raises(DataError, match="rank"):
            read_arrived(payload(annotation={"ranks": wrong}), question)


def test_halves_of_a_pair_and_zero_bytes_in_a_comment_lose_nothing_else() -> None:
    arrived = read_arrived(payload(annotation={"comment": "maith \ud83d thú\0!"}), QUESTION)
    assert arrived.annotation.comment == "maith ? thú!"


def test_the_page_cannot_call_itself_done_nor_tell_where_a_mark_came_from() -> None:
    sent = payload(mark(4, 8, origin={"how": "accepted"}), annotation={"is_done": True})
    found = read_arrived(sent, QUESTION).annotation
    assert not found.is_done
    assert [each.origin for each in found.marks] == [{}]


def test_non_translation_is_only_taken_where_it_was_offered() -> None:
    sent = payload(annotation={"is_non_translation": True})
    assert read_arrived(sent, QUESTION).annotation.is_non_translation
    esa = Question("item-1", "esa", SOURCE, (OUTPUT,), find_typology("adaptmllm"))
    assert not read_arrived(sent, esa).annotation.is_non_translation


@pytest.mark.parametrize(
    ("sent", "goes_to"),
    [("next", "next"), ({"place": 3}, 3), (10**30, ""), (-1, ""), (True, ""), ("owner", "")],
)
def test_one_goes_to_a_place_that_can_be(sent: Any, goes_to: Any) -> None:
    assert read_arrived(payload(to=sent), QUESTION).goes_to == goes_to
