from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.annotate.annotation import NON_TRANSLATION, Annotation, Mark, Side
from core.annotate.campaign_data import (
    CampaignData,
    JudgedItem,
    JudgedSegment,
    JudgedSystem,
    Kind,
    Protocol,
)
from core.annotate.formats.pearmut import read_pearmut, write_pearmut
from core.errors import ConfigError, DataError
from core.storage.archive import pack, unpack

TEXT = "là👩\u200d🚀\nבית e\u0301"


def lines(*records: dict[str, Any]) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode() + b"\n"


def span(first: int, last: int, **others: Any) -> dict[str, Any]:
    return {"start_i": first, "end_i": last, "category": None, "severity": "minor"} | others


def made(score: float | None, *spans: dict[str, Any]) -> dict[str, Any]:
    return {"score": score, "error_spans": list(spans), "textfield": None}


def answer(user: str, item: int | str, outputs: list[Any], document: Any = None, **others: Any
           ) -> dict[str, Any]:  # fmt: skip
    record = {"user_id": user, "item_i": item, "annotation": outputs, **others}
    return record | ({"item": document} if document is not None else {})


def segment(source: str, **outputs: str) -> dict[str, Any]:
    return {"src": source, "tgt": outputs, "item_id": f"id {source}"}


DOCUMENT = [segment("one", A=TEXT, B="b"), segment("two", A="a2", B="b2")]


def test_answers_with_their_texts_are_enough_and_marks_do_not_count_line_feeds() -> None:
    # The page shows 3 + 5 units before the line feed, which it does not count.
    spans = [span(2, 6), span(7, 9, severity=None), span(13, 13, severity="Major")]
    record = answer(
        "eve", 0, [{"A": made(80, *spans), "B": made(90)}, {"A": made(5), "B": made(6)}], DOCUMENT,
        actions=[{"time": 1e9, "action": "load"}, {"time": 1e9 + 300, "action": "score"},
                 {"time": 1e9 + 320, "action": "submit"}], comment="All fine.",
    )  # fmt: skip
    data = read_pearmut(lines(record), "x.jsonl")
    assert (data.protocol, data.name, data.raters) == ("esa", "x", ("eve",))
    assert [system.name for system in data.systems] == ["A", "B"]
    assert [(each.document, each.label) for each in data.segments] == [
        ("1", "id one"), ("1", "id two"),
    ]  # fmt: skip
    first, *rest = data.items
    assert [(mark.side, mark.quote, mark.severity) for mark in first.annotation.marks] == [
        ("target", "👩\u200d🚀", "minor"), ("target", "בית", ""), ("source", "", "major"),
    ]  # fmt: skip
    assert (first.annotation.comment, first.active_s) == ("All fine.", 20)
    assert first.saved_at == "2001-09-09T01:52:00.000+00:00"
    assert [(each.segment, each.systems, each.annotation.score) for each in rest] == [
        (0, (1,), 90), (1, (0,), 5), (1, (1,), 6),
    ]  # fmt: skip


CAMPAIGN = {
    "campaign_id": "demo",
    "info": {"assignment": "task-based", "protocol": "MQM", "users": ["eve", {"user_id": "bob"}]},
    "data": [[DOCUMENT], [[segment("three", A="a3", B="b3")]]],
    "data_welcome": [[segment("hello", A="h")], [{"text": "Age?", "form": "number"}]],
}


def test_old_answers_find_their_texts_in_the_campaign() -> None:
    records = lines(
        answer("bob", 0, {"A": made(50, span(0, 1, category="Accuracy/Omission"))}),  # type: ignore[arg-type]
        answer("eve", "welcome_0", [{"A": made(99)}]),
        answer("eve", "welcome_1", ["44"]),
    )
    files = {"c.json": json.dumps(CAMPAIGN, indent=1).encode(), "a.jsonl": records}
    data = read_pearmut(pack(files), "x.zip")
    assert (data.name, data.protocol, data.raters) == ("demo", "mqm", ("eve", "bob"))
    assert [(each.rater, each.kind, data.shown_text(each)) for each in data.items] == [
        ("bob", "main", "a3"), ("eve", "calibration", "h"),
    ]  # fmt: skip
    assert data.items[0].annotation.marks[0].category == "Accuracy/Omission"
    assert len(data.segments) == 4


def test_a_shared_pool_is_found_by_number_and_a_stored_one_by_user() -> None:
    for assignment, pool in (
        ("single-stream", [[segment("s", A="shared")]]),
        ("task-based", {"eve": [[segment("s", A="shared")]]}),
    ):
        campaign = {"info": {"assignment": assignment, "protocol": "DA"}, "data": pool}
        files = {"c.json": json.dumps(campaign).encode(), "a.jsonl": lines(
            answer("eve", 0, [{"A": made(7)}]))}  # fmt: skip
        data = read_pearmut(pack(files), "x.zip")
        assert (data.shown_text(data.items[0]), data.items[0].annotation.score) == ("shared", 7)


def test_the_latest_answer_counts_unless_it_was_reset_or_skipped() -> None:
    one = [segment("s", A="a")]
    skip = [{"time": 5.0, "action": "submit_skip"}]
    data = read_pearmut(
        lines(
            answer("u", 0, [{"A": made(1)}], one),
            answer("u", 0, [{"A": made(2)}], one),
            answer("u", 1, [{"A": made(3)}], one),
            {"user_id": "u", "item_i": 1, "annotation": "__RESET__"},
            answer("u", 2, [{"A": made(None)}], one, actions=skip),
            answer("u", 3, [None], one),
        ),
        "x.jsonl",
    )
    assert [each.annotation.score for each in data.items] == [2]
    assert data.origin["notes"] == ["1 documents were skipped by users and are left out."]


def test_the_download_of_answers_is_read_and_checks_are_told_apart() -> None:
    check = segment("s", A="spoilt") | {"validation": {"A": {"score": [0, 20]}}}
    records = [
        answer("u", 0, [{"A": made(80)}], [segment("s", A="good")]),
        answer("u", "random_0", [{"A": made(10)}], [check]),
    ]
    data = read_pearmut(json.dumps({"demo": records}).encode(), "annotations.json")
    assert [(each.kind, data.shown_text(each)) for each in data.items] == [
        ("main", "good"), ("gold", "spoilt"),
    ]  # fmt: skip


def test_a_campaign_alone_is_texts_that_nobody_judged() -> None:
    data = read_pearmut(json.dumps(CAMPAIGN).encode(), "c.json")
    assert (data.items, data.raters, len(data.outputs)) == ((), ("eve", "bob"), 6)


def test_one_slider_from_0_to_6_is_sqm_and_others_are_kept() -> None:
    for slider, protocol, score in (
        ({"name": "S", "min": 0, "max": 6, "step": 1}, "sqm", 4),
        ({"name": "S", "min": 0, "max": 9, "step": 1}, "esa", None),
    ):
        info = {"assignment": "single-stream", "protocol": "DA", "sliders": [slider]}
        campaign = {"info": info, "data": [[segment("s", A="a")]]}
        output = made(None) | {"sliders": {"S": 4}}
        files = {"c.json": json.dumps(campaign).encode(), "a.jsonl": lines(
            answer("u", 0, [{"A": output}]))}  # fmt: skip
        data = read_pearmut(pack(files), "x.zip")
        assert (data.protocol, data.items[0].annotation.score) == (protocol, score)
        assert bool(data.items[0].origin.get("sliders")) == (score is None)


def campaign(protocol: Protocol, *items: JudgedItem, text: str = TEXT) -> CampaignData:
    segments = (
        JudgedSegment("Source 1.", "doc", "1", "1", reference="Ref"),
        JudgedSegment("Source 2.", "doc", "2", "2"),
    )
    return CampaignData(
        name="c", protocol=protocol, src_lang="eng_Latn", tgt_lang="gle_Latn",
        systems=(JudgedSystem("A"), JudgedSystem("B")), segments=segments,
        outputs={(at, system): text for at in (0, 1) for system in (0, 1)},
        raters=("ann", "bob"), items=items, typology="wmt" if protocol == "mqm" else "",
    )  # fmt: skip


def judged(annotation: Annotation, at: int = 0, system: int = 0, kind: Kind = "main"
           ) -> JudgedItem:  # fmt: skip
    done = replace(annotation, is_done=True)
    return JudgedItem("ann", at, (system,), done, kind, active_s=100.0, place=at,
                      saved_at="2025-01-02T03:04:05.678+00:00")  # fmt: skip


def again(data: CampaignData) -> CampaignData:
    return read_pearmut(write_pearmut(data), "x.zip")


def test_a_campaign_comes_back_whole() -> None:
    spoilt = replace(judged(Annotation(score=2), 1, 1, "degraded"), texts=("Spoilt.",), place=2)
    data = campaign(
        "mqm",
        judged(Annotation(comment="So so.", score=70)),
        judged(Annotation(is_non_translation=True), 1),
        spoilt,
    )
    found = again(data)
    assert (found.src_lang, found.tgt_lang, found.typology) == ("eng_Latn", "gle_Latn", "wmt")
    assert (found.segments, found.raters) == (data.segments, data.raters)
    assert {system.name for system in found.systems} == {"A", "B"}
    assert [each.annotation for each in found.items] == [each.annotation for each in data.items]
    assert [each.active_s for each in found.items] == pytest.approx([100, 100, 100])
    assert [(each.kind, each.texts, each.saved_at) for each in found.items] == [
        (each.kind, each.texts, each.saved_at) for each in data.items
    ]


def test_sqm_comes_back_on_its_own_scale() -> None:
    found = again(campaign("sqm", judged(Annotation(score=5)), judged(Annotation(score=0), 1)))
    assert (found.protocol, [each.annotation.score for each in found.items]) == ("sqm", [5, 0])


def test_written_files_are_as_pearmut_wants_them() -> None:
    mark = Mark("1", "target", 0, 2, TEXT[:2], "major", "Style/Awkward")
    files = unpack(write_pearmut(campaign("mqm", judged(Annotation((mark,))))), "x.zip")
    told = json.loads(files["campaign.json"])
    assert told["info"]["mqm_categories"]["Style"] == ["Awkward"]
    assert told["data"][0][0][0]["tgt"] == {"A": TEXT}
    record = json.loads(files["annotations.jsonl"])
    assert record["annotation"][0]["A"]["error_spans"] == [
        {"start_i": 0, "end_i": 1, "category": "Style/Awkward", "severity": "major"}
    ]


def test_outputs_that_were_judged_together_stay_together() -> None:
    record = answer(
        "eve", 0, [{"A": made(1), "B": made(2)}, {"A": made(3), "B": made(4)}], DOCUMENT
    )
    first = read_pearmut(lines(record), "x.jsonl")
    files = unpack(write_pearmut(first), "x.zip")
    assert [
        {model: output["score"] for model, output in each.items()}
        for each in json.loads(files["annotations.jsonl"])["annotation"]
    ] == [{"A": 1, "B": 2}, {"A": 3, "B": 4}]


@st.composite
def marks(draw: st.DrawFn) -> tuple[str, Mark]:
    pieces = ["a", " ", "e\u0301", "😀", "👩\u200d🚀", "שלום", "क्षि", "\n"]
    text = draw(st.lists(st.sampled_from(pieces), min_size=1, max_size=8).map("".join))
    texts: dict[Side, str] = {"target": text, "source": "Source 1."}
    side, shown = draw(st.sampled_from(list(texts.items())))
    start = draw(st.integers(0, len(shown)))
    end = draw(st.integers(start, len(shown)))
    severity = draw(st.sampled_from(["minor", "major", "critical", ""]))
    category = draw(st.sampled_from(["Accuracy/Omission", "Other", ""]))
    note = draw(st.sampled_from(["", "why"]))
    return text, Mark("1", side, start, end, shown[start:end], severity, category, note=note)


@settings(max_examples=50)
@given(marks())
def test_every_mark_comes_back_from_a_written_file(found: tuple[str, Mark]) -> None:
    text, mark = found
    data = again(campaign("mqm", judged(Annotation((mark,))), text=text))
    assert [replace(each, origin={}) for each in data.items[0].annotation.marks] == [mark]


def test_other_special_tokens_come_back() -> None:
    info = {"assignment": "single-stream", "special_tokens": ["[missing]", "[fault]"]}
    files = {"c.json": json.dumps({"info": info, "data": [[segment("s", A="ab")]]}).encode(),
             "a.jsonl": lines(answer("u", 0, [{"A": made(1, span(3, 3), span(2, 2))}])),
    }  # fmt: skip
    data = read_pearmut(pack(files), "x.zip")
    assert [mark.origin for mark in data.items[0].annotation.marks] == [{"token": "[fault]"}, {}]
    assert again(data).items[0].annotation == data.items[0].annotation


@pytest.mark.parametrize(
    ("told", "code"), [("gle_Latn", "gle_Latn"), ("ga", "gle_Latn"), ("no such language", "")]
)
def test_languages_are_told_in_our_codes_or_not_at_all(told: str, code: str) -> None:
    campaign = {"info": {"src_lang": told}, "data": [[segment("s", A="ab")]]}
    assert read_pearmut(json.dumps(campaign).encode(), "c.json").src_lang == code


def test_non_translation_is_charged_as_such() -> None:
    found = again(campaign("mqm", judged(Annotation(is_non_translation=True))))
    assert found.items[0].annotation.errors() == [("major", NON_TRANSLATION)]


def test_ranks_cannot_be_written() -> None:
    with pytest.raises(ConfigError, match="ranks cannot be written"):
        write_pearmut(campaign("ranking"))


ONE = [segment("s", A="abc")]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (answer("u", 0, [{"A": made(1)}]), "line 1: the texts of item '0' of 'u' are not known"),
        (answer("u", "x_9", [{"A": made(1)}]), "the texts of item 'x_9' of 'u' are not known"),
        (answer("u", 0, [{"B": made(1)}], ONE), "judges the model 'B', which it has no text of"),
        (answer("u", 0, [{"A": made(101)}], ONE), "'score', holds 101"),
        (answer("u", 0, [{"A": made(1, span(0, 3))}], ONE), "the mark from 0 to 3 .* 0 to 2"),
        (answer("u", 0, [{"A": made(1, span(9, 9))}], ONE), "the mark at 9 .* 0 to 2"),
        (answer("u", 0, [{"A": {"score": 1, "error_spans": 5}}], ONE), "5 where a list"),
        (answer("u", 0, [{}, {}], ONE), "judges 2 segments of a document that has 1"),
        (answer("u", 0, [7], ONE), "line 1 holds 7 where an object"),
        (answer("u", 0, [{"A": made(1)}], [{"src": ["x"], "tgt": {}}]), "no text 'src'"),
        ({"user_id": "u", "annotation": []}, "line 1 has no 'item_i'"),
    ],
)
def test_bad_answers_are_refused_in_one_sentence(record: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_pearmut(lines(record), "x.jsonl")


def test_files_that_are_none_of_pearmuts_are_refused() -> None:
    with pytest.raises(DataError, match="holds no campaign and no answers of Pearmut"):
        read_pearmut(b'{"demo": {"eve": {}}}', "progress.json")
