from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, JudgedSystem
from core.annotate.formats.mt_metrics_eval import read_mt_metrics_eval
from core.annotate.formats.mt_metrics_writing import write_mt_metrics_eval
from core.annotate.mqm_weights import PRESETS
from core.errors import DataError
from core.storage.archive import pack, unpack

WMT21 = PRESETS["wmt21"]


def mark(text: str, quote: str, severity: str, category: str, **more: Any) -> Mark:
    start = text.index(quote)
    return Mark(
        f"e{more.pop('number', 1)}", more.pop("side", "target"), start, start + len(quote), quote,
        severity, category,
    )  # fmt: skip


@pytest.fixture
def campaign() -> CampaignData:
    """Two systems, three segments in two documents, two raters; the last output is not rated."""
    outputs = {(at, system): f"Output 😀{at} of {system}." for at in range(3) for system in (0, 1)}
    errors = (
        mark(outputs[0, 0], "😀0", "major", "Accuracy/Mistranslation"),
        mark("Foinse 0.", "Foinse", "minor", "Accuracy/Omission", side="source", number=2),
    )
    done = Annotation(is_done=True)
    return CampaignData(
        name="c",
        protocol="mqm",
        src_lang="gle_Latn",
        tgt_lang="eng_Latn",
        systems=(JudgedSystem("A.1"), JudgedSystem("all")),
        segments=tuple(
            JudgedSegment(f"Foinse {at}.", f"doc{at // 2}", label=str(at + 1), reference=f"R{at}")
            for at in range(3)
        ),
        outputs=outputs,
        raters=("rater1", "rater2"),
        items=(
            JudgedItem("rater1", 0, (0,), Annotation(errors, is_done=True)),
            JudgedItem("rater1", 1, (1,), replace(done, is_non_translation=True), place=1),
            JudgedItem("rater2", 0, (0,), done),
            JudgedItem("rater2", 0, (1,), done, place=1),
        ),
        typology="wmt",
    )  # fmt: skip


def lines(files: dict[str, bytes], name: str) -> list[str]:
    return files[name].decode().removesuffix("\n").split("\n")


def test_scores_of_every_level_stand_in_blocks_with_none_for_gaps(campaign: CampaignData) -> None:
    files = unpack(write_mt_metrics_eval(campaign, WMT21), "z")
    stem = "human-scores/gle_Latn-eng_Latn.mqm-wmt21"
    assert lines(files, f"{stem}.seg.score") == [
        "A_1\t-3.0", "A_1\tNone", "A_1\tNone", "all_\t0.0", "all_\t-25.0", "all_\tNone",
    ]  # fmt: skip
    assert lines(files, f"{stem}.doc.score") == [
        "A_1\t-3.0", "A_1\tNone", "all_\t-12.5", "all_\tNone",
    ]  # fmt: skip
    assert lines(files, f"{stem}.sys.score") == ["A_1\t-3.0", "all_\t-12.5"]
    assert lines(files, f"{stem}.domain.score") == ["all\tA_1\t-3.0", "all\tall_\t-12.5"]
    assert lines(files, "documents/gle_Latn-eng_Latn.docs") == [
        "all\tdoc0", "all\tdoc0", "all\tdoc1",
    ]  # fmt: skip
    assert lines(files, "references/gle_Latn-eng_Latn.refA.txt") == ["R0", "R1", "R2"]
    assert lines(files, "system-outputs/gle_Latn-eng_Latn/A_1.txt")[2] == "Output 😀2 of 0."


def test_ratings_stand_in_a_block_of_each_system_with_half_open_code_points(
    campaign: CampaignData,
) -> None:
    files = unpack(write_mt_metrics_eval(campaign, WMT21), "z")
    found = lines(files, "human-scores/gle_Latn-eng_Latn.mqm-rater1.seg.rating")
    assert [line.split("\t")[0] for line in found] == ["A_1"] * 3 + ["all_"] * 3
    _, rating, rater = found[0].split("\t")
    error = {"category": "Accuracy/Mistranslation", "severity": "major", "score": None}
    assert json.loads(rating)["errors"][0] == {
        **error, "start": 7, "end": 9, "is_source_error": False,
    }  # fmt: skip
    assert json.loads(rating)["errors"][1]["is_source_error"] is True
    assert (rater, found[1]) == ("rater1", "A_1\tNone")


@pytest.mark.parametrize("leave_out", ["", ".jsonl", ".seg.rating"])
def test_what_was_written_is_read_again_from_either_file_of_ratings(
    campaign: CampaignData, leave_out: str
) -> None:
    files = unpack(write_mt_metrics_eval(campaign, WMT21), "z")
    kept = {name: each for name, each in files.items() if not leave_out or leave_out not in name}
    data = read_mt_metrics_eval(pack(kept), "c.zip")
    assert data.segments == campaign.segments
    assert data.outputs == campaign.outputs
    assert (data.protocol, data.src_lang, data.tgt_lang) == ("mqm", "gle_Latn", "eng_Latn")
    found = {(each.rater, each.segment, each.systems): each.annotation for each in data.items}
    whole = campaign.outputs[1, 1]
    non_translation = Annotation(
        (Mark("e1", "target", 0, len(whole), whole, "major", "Non-translation!"),),
        is_non_translation=True,
        is_done=True,
    )
    expected = {(each.rater, each.segment, each.systems): each.annotation
                for each in campaign.items}  # fmt: skip
    assert found == {**expected, ("rater1", 1, (1,)): non_translation}


def test_the_file_of_ratings_alone_is_enough(campaign: CampaignData) -> None:
    files = unpack(write_mt_metrics_eval(campaign, WMT21), "z")
    data = read_mt_metrics_eval(files["gle_Latn-eng_Latn.mqm.jsonl"], "c.jsonl")
    assert [each.source for each in data.segments] == ["Foinse 0.", "Foinse 1."]
    assert data.items[0].annotation == campaign.items[0].annotation


def test_scores_of_raters_come_back(campaign: CampaignData) -> None:
    scored = Annotation(score=4.5, is_done=True)
    items = tuple(replace(item, annotation=scored) for item in campaign.items)
    data = read_mt_metrics_eval(
        write_mt_metrics_eval(replace(campaign, protocol="sqm", items=items), WMT21), "c.zip"
    )
    assert data.protocol == "sqm"
    assert {item.annotation.score for item in data.items} == {4.5}


def test_rankings_have_scores_but_no_ratings(campaign: CampaignData) -> None:
    ranked = JudgedItem("rater1", 0, (1, 0), Annotation(ranks=(1, 2), is_done=True))
    data = replace(campaign, protocol="ranking", items=(ranked,))
    files = unpack(write_mt_metrics_eval(data, WMT21), "z")
    assert not [name for name in files if name.endswith((".rating", ".jsonl"))]
    assert lines(files, "human-scores/gle_Latn-eng_Latn.ranking.sys.score") == [
        "A_1\t0.0", "all_\t1.0",
    ]  # fmt: skip


def test_line_breaks_in_texts_become_blanks_and_places_stay(campaign: CampaignData) -> None:
    texts = {key: text.replace(" ", "\u2028") for key, text in campaign.outputs.items()}
    data = read_mt_metrics_eval(
        write_mt_metrics_eval(replace(campaign, outputs=texts), WMT21), "c.zip"
    )
    assert data.outputs == campaign.outputs
    assert data.items[0].annotation == campaign.items[0].annotation


GOOD = {"source": "s", "hypothesis": "hyp", "errors": [], "segment_id": 0}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"errors": [{"start": 1, "end": 4}]}, "an error from 1 to 4 in a text of 3 characters"),
        ({"errors": [{"start": -1, "end": 2}]}, "line 1 holds -1 where a number"),
        ({"errors": {}}, "where a list was expected"),
        ({"hypothesis": None}, "line 1 has no text 'hypothesis'"),
        ({"segment_id": "x"}, "where a number from 0"),
    ],
)
def test_faulty_ratings_are_refused_with_their_line(change: Any, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read_mt_metrics_eval(json.dumps({**GOOD, **change}).encode(), "a.jsonl")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"sources/a-b.txt": b"x\n"}, "holds no ratings of segments"),
        ({"sources/a-b.txt": b"x\n", "sources/a-c.txt": b"x\n"}, "holds 2 test sets"),
        ({"sources/a-b.txt": b"x\n", "system-outputs/a-b/S.txt": b"x\ny\n"}, "2 lines of S for 1"),
        ({"sources/a-b.txt": b"x\n", "human-scores/a-b.mqm.seg.rating": b"S\tNone\n"},
         "is no rating of a segment of a system that is there"),
    ],
)  # fmt: skip
def test_archives_that_do_not_go_together_are_refused(
    files: dict[str, bytes], sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        read_mt_metrics_eval(pack(files), "a.zip")
