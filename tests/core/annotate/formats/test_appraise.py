from __future__ import annotations

import csv
import io
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
    Protocol,
)
from core.annotate.formats.appraise import read_appraise, write_appraise
from core.errors import ConfigError, DataError
from core.storage.archive import pack

TEXT = "  👩\u200d🚀 e\u0301tait שלום क्षि là. "


def results(*rows: list[Any], line_end: str = "\r\n") -> bytes:
    output = io.StringIO(newline="")
    csv.writer(output, lineterminator=line_end).writerows(rows)
    return output.getvalue().encode()


def mqm(*spans: dict[str, Any]) -> str:
    return json.dumps(spans, separators=(",", ":"))


def span(first: Any, last: Any, severity: str, error_type: Any = None) -> dict[str, Any]:
    return {"start_i": first, "end_i": last, "severity": severity, "error_type": error_type}


def esa_row(user: str, system: str, item: int, score: int, marks: str, end: float) -> list[Any]:
    return [user, system, item, "TGT", "eng", "gle", score, "talk.9", False, marks, end - 30, end]


def batches(*items: dict[str, Any]) -> bytes:
    plain = {"mqm": [], "documentID": "talk.9", "sourceID": "t", "itemType": "TGT"}
    task = {"batchNo": 1, "sourceLanguage": "eng", "targetLanguage": "gle"}
    return json.dumps([{"items": [plain | item for item in items], "task": task}]).encode()


def item(system: str, number: int, target: str, **others: Any) -> dict[str, Any]:
    return {"targetID": system, "itemID": number, "sourceText": f"Source {number}.",
            "targetText": target} | others  # fmt: skip


def places(data: CampaignData) -> list[tuple[str, str, str, str]]:
    return [
        (mark.side, mark.quote, mark.severity, mark.category)
        for each in data.items
        for mark in each.annotation.marks
    ]


def test_esa_results_with_batches_give_marks_in_code_points() -> None:
    # Appraise shows the trimmed text and counts halves of the astronaut's two emoji.
    marks = mqm(span(0, 4, "major"), span(6, 11, "minor"), span("missing", "missing", "undecided"))
    rows = results(esa_row("ann", "sysA", 1, 71, marks, 1_700_000_060.5))
    data = read_appraise(pack({"r.csv": rows, "b.json": batches(item("sysA", 1, TEXT))}), "x.zip")
    assert (data.protocol, data.src_lang, data.tgt_lang) == ("esa", "eng_Latn", "gle_Latn")
    assert places(data) == [
        ("target", "👩\u200d🚀", "major", ""),
        ("target", "e\u0301tait", "minor", ""),
        ("source", "", "", ""),
    ]
    only = data.items[0]
    assert (only.annotation.score, only.active_s, only.kind) == (71, 30, "main")
    assert only.saved_at == "2023-11-14T22:14:20.500+00:00"
    assert all(
        TEXT[mark.start : mark.end] == mark.quote
        for mark in only.annotation.marks
        if mark.side == "target"
    )


def test_results_alone_keep_severity_and_category_without_a_place() -> None:
    marks = mqm(span(3, 5, "minor", ["Locale convention", "Date format"]))
    data = read_appraise(results(esa_row("ann", "sysA", 1, 0, marks, 10.0)), "r.csv")
    assert data.protocol == "mqm"
    mark = data.items[0].annotation.marks[0]
    assert (mark.start, mark.end, mark.category) == (0, 0, "Locale conventions/Date format")
    assert data.items[0].annotation.score is None
    assert "no texts" in data.origin["notes"][0]


def test_a_file_is_written_as_it_was_read_byte_for_byte() -> None:
    marks = mqm(span(0, 0, "minor", ["Other"]), span(2, 3, "critical", ["Accuracy", "Omission"]))
    rows = results(
        esa_row("ann", "sysA", 1, 0, marks, 100.25),
        esa_row("bob", "sysA", 1, 0, mqm(), 90.5),
        esa_row("ann", "sysA", 1, 0, "[]", 50.0),
        ["bob", "sysB", "1", "BAD", "eng", "gle", 0, "talk.9#bad1", False, "[]", 1.0, 2.5],
        line_end="\n",
    )
    content = pack({"r.csv": rows, "b.json": batches(
        item("sysA", 1, "a👍🏽c"),
        item("sysB", 1, "Bad.", itemType="BAD", documentID="talk.9#bad1"),
    )})  # fmt: skip
    for data in (read_appraise(rows, "r.csv"), read_appraise(content, "x.zip")):
        assert write_appraise(data) == rows


def test_the_latest_of_repeated_submissions_counts() -> None:
    rows = results(
        esa_row("ann", "sysA", 1, 80, "[]", 200.0),
        esa_row("ann", "sysA", 1, 20, "[]", 100.0),
        esa_row("ann", "sysA", 2, 50, "[]", 300.0),
    )
    data = read_appraise(rows, "r.csv")
    assert [each.annotation.score for each in data.items] == [80, 50]
    assert "1 submissions were left out" in data.origin["notes"][0]


def test_checks_have_kinds_and_their_own_texts() -> None:
    files = batches(
        item("sysA", 1, "Good."),
        item("sysA", 1, "Spoilt.", itemType="BAD", documentID="talk.9#bad1"),
        item("sysA", 1, "Reference.", itemType="REF"),
        item("sysA", 1, "Good.", itemType="CHK"),
    )
    about = [("TGT", "talk.9"), ("BAD", "talk.9#bad1"), ("REF", "talk.9"), ("CHK", "talk.9")]
    rows = [
        ["ann", "sysA", 1, kind, "eng", "gle", 50, document, False, "[]", 0, at]
        for at, (kind, document) in enumerate(about, start=1)
    ]
    data = read_appraise(pack({"r.csv": results(*rows), "b.json": files}), "x.zip")
    assert len(data.segments) == 1
    assert [(each.kind, data.shown_text(each)) for each in data.items] == [
        ("main", "Good."), ("degraded", "Spoilt."), ("gold", "Reference."), ("repeat", "Good."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "document"), [([], ""), (["talk.9", "False"], "talk.9"), (["=cmd", "False"], "=cmd")]
)
def test_direct_assessment_is_from_0_to_100_unless_sqm_is_asked_for(
    cells: list[str], document: str
) -> None:
    rows = results(["ann", "sysA", 7, "TGT", "eng", "gle", 83, *cells, 10.0, 12.5])
    data = read_appraise(rows, "r.csv")
    assert (data.protocol, data.items[0].annotation.score) == ("esa", 83)
    assert (data.segments[0].document, data.segments[0].label) == (document, "7")
    sqm = read_appraise(rows, "r.csv", protocol="sqm")
    assert (sqm.protocol, sqm.items[0].annotation.score) == ("sqm", 4.98)


def test_batches_alone_are_texts_that_nobody_judged() -> None:
    data = read_appraise(batches(item("A+B", 1, "x"), item("C", 1, "z")), "b.json")
    assert [system.name for system in data.systems] == ["A", "B", "C"]
    assert data.outputs == {(0, 0): "x", (0, 1): "x", (0, 2): "z"}
    assert (data.items, data.raters, data.segments[0].source) == ((), (), "Source 1.")


def test_scores_of_whole_documents_and_tutorials_do_not_count() -> None:
    tutorial = {"tutorial": {"instruction": "Mark it."}, "payload": []}
    files = batches(item("T", 0, "t", mqm=tutorial), item("A", 1, "a"))
    rows = results(
        esa_row("ann", "T", 0, 1, "[]", 5.0),
        esa_row("ann", "A", 1, 90, "[]", 6.0),
        ["ann", "A", 9, "TGT", "eng", "gle", 77, "talk.9", True, "[]", 1, 2],
    )
    data = read_appraise(pack({"r.csv": rows, "b.json": files}), "x.zip")
    assert [each.kind for each in data.items] == ["calibration", "main"]
    assert data.origin["notes"] == ["1 scores of whole documents were left out."]
    assert write_appraise(data) == rows


def campaign(
    protocol: Protocol, *annotations: Annotation, text: str = TEXT, name: str = "sysA"
) -> CampaignData:
    items = tuple(
        JudgedItem(f"r{at}", 0, (0,), replace(each, is_done=True), place=0)
        for at, each in enumerate(annotations)
    )
    return CampaignData(
        name="c", protocol=protocol, src_lang="eng_Latn", tgt_lang="gle_Latn",
        systems=(JudgedSystem(name),),
        segments=(JudgedSegment("Source 1.", "talk.9", "1", "1"),),
        outputs={(0, 0): text}, raters=tuple(each.rater for each in items), items=items,
    )  # fmt: skip


def again(data: CampaignData, name: str = "sysA") -> list[Annotation]:
    texts = batches(item(name, 1, data.outputs[0, 0]))
    read = read_appraise(pack({"r.csv": write_appraise(data), "b.json": texts}), "x.zip",
                         protocol=data.protocol)  # fmt: skip
    assert [system.name for system in read.systems] == [name]
    return [each.annotation for each in read.items]


def same(mark: Mark) -> Mark:
    return replace(mark, id="", origin={})


@st.composite
def marks(draw: st.DrawFn) -> tuple[str, Mark]:
    pieces = ["a", " ", "e\u0301", "😀", "👩\u200d🚀", "שלום", "क्षि", "\u00a0", "\n"]
    text = draw(st.lists(st.sampled_from(pieces), min_size=1, max_size=8).map("".join))
    texts: dict[Side, str] = {"target": text, "source": "Source 1."}
    side, shown = draw(st.sampled_from(list(texts.items())))
    start = draw(st.integers(0, len(shown)))
    end = draw(st.integers(start, len(shown)))
    severity = draw(st.sampled_from(["minor", "major", "critical", "neutral", ""]))
    category = draw(st.sampled_from(["Locale conventions/Date format", "Other", "Style/x/y", ""]))
    note = draw(st.sampled_from(["", "as <b>“said”</b>"]))
    return text, Mark("1", side, start, end, shown[start:end], severity, category, note=note)


@settings(max_examples=50)
@given(marks())
def test_every_mark_comes_back_from_a_written_file(found: tuple[str, Mark]) -> None:
    text, mark = found
    data = campaign("mqm", Annotation((mark,)), text=text)
    assert [same(each) for each in again(data)[0].marks] == [same(mark)]


def test_scores_and_non_translation_come_back() -> None:
    assert [each.score for each in again(campaign("sqm", *map(scored, (0, 5, 6))))] == [0, 5, 6]
    assert [each.score for each in again(campaign("esa", scored(33.5)))] == [33.5]
    found = again(campaign("mqm", Annotation(is_non_translation=True)))[0]
    assert found.errors() == [("major", NON_TRANSLATION)]


def scored(score: float) -> Annotation:
    return Annotation(score=score)


@pytest.mark.parametrize("name", ["=cmd|x", "＝cmd|x", "-1|x"])
def test_names_that_are_formulas_are_texts_in_the_file_and_come_back(name: str) -> None:
    data = campaign("esa", scored(1), name=name)
    assert f"'{name}".encode() in write_appraise(data)
    again(data, name)


def test_a_carriage_return_in_a_cell_begins_no_row() -> None:
    data = replace(campaign("esa", scored(1)), segments=(JudgedSegment("s", "talk\r=1+1"),))
    unix = replace(data, origin={"line_end": "\n"})
    assert b'"talk\r=1+1"' in write_appraise(unix)
    assert read_appraise(write_appraise(unix), "r.csv").segments[0].document == "talk\r=1+1"


def test_rows_of_other_names_are_gone_when_raters_are_renamed() -> None:
    rows = results(*(esa_row("ann", "A", 1, 50, "[]", end) for end in (1.0, 2.0)))
    data = read_appraise(rows, "r.csv")
    named = replace(data, raters=("p1",), items=(replace(data.items[0], rater="p1"),))
    assert b"ann" not in write_appraise(named)


def test_ranks_cannot_be_written() -> None:
    with pytest.raises(ConfigError, match="ranks cannot be written"):
        write_appraise(campaign("ranking"))


GOOD = esa_row("ann", "sysA", 1, 50, "[]", 9.0)


def marked(marks: str) -> list[Any]:
    return esa_row("ann", "sysA", 1, 50, marks, 9.0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([GOOD, GOOD[:8]], "line 2 is no result of Appraise: it has 8 cells"),
        ([[*GOOD[:6], 101, *GOOD[7:]]], "line 1 has the score 101"),
        ([[*GOOD[:6], "nan", *GOOD[7:]]], "line 1 is no result"),
        ([[*GOOD[:3], "XYZ", *GOOD[4:]]], "line 1 has the item type 'XYZ'"),
        ([["", *GOOD[1:]]], "line 1 names a rater with 0 characters"),
        ([marked("[{]")], "line 1 is not JSON"),
        ([marked('[{"start_i":0,"end_i":6}]')], "line 1: the mark from 0 to 6"),
        ([marked('[{"start_i":"x","end_i":6}]')], "line 1: a mark goes from 'x'"),
        ([esa_row("a", "other", 1, 5, "[]", 9)], "the batches lack item '1' of the system 'other'"),
        ([], "holds no results"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_in_one_sentence(rows: list[list[Any]], message: str) -> None:
    files = {"r.csv": results(*rows), "b.json": batches(item("sysA", 1, "short"))}
    with pytest.raises(DataError, match=message):
        read_appraise(pack(files), "x.zip")


def test_batches_that_are_none_are_refused() -> None:
    for content, message in (
        (b"[[]]", "task 1 holds \\[\\] where an object was expected"),
        (b'{"items": []}', "where a list was expected"),
        (b'[{"items": [{"targetID": "A"}]}]', "task 1 item 1 has no text 'itemID'"),
        (b"[{]", "'b.json' is not JSON"),
    ):
        with pytest.raises(DataError, match=message):
            read_appraise(content, "b.json")
