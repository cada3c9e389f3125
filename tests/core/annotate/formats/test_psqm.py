from __future__ import annotations

import pytest

from core.annotate.annotation import Annotation
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, JudgedSystem
from core.annotate.formats.psqm import read_psqm, write_psqm
from core.errors import DataError
from tests.core.annotate.formats.wmt_files import tsv

HEADER = ("system", "doc", "doc_id", "seg_id", "rater", "source", "target", "score")


def row(score: str, *, system: str = "sysA", rater: str = "r1") -> list[str]:
    return [system, "d", "1", "1", rater, "Dia duit.", '"Hello" <v>.', score]


def psqm(*rows: list[str]) -> bytes:
    return tsv(rows, header=HEADER)


def test_scores_become_items_of_an_sqm_campaign() -> None:
    data = read_psqm(psqm(row("4"), row("5.5", rater="r2"), row("None", system="sysB")), "a.tsv")
    assert (data.protocol, data.raters) == ("sqm", ("r1", "r2"))
    found = [(item.rater, item.systems, item.annotation) for item in data.items]
    assert found == [
        ("r1", (0,), Annotation(score=4, is_done=True)),
        ("r1", (1,), Annotation()),
        ("r2", (0,), Annotation(score=5.5, is_done=True)),
    ]
    assert data.origin["notes"] == [
        "1 outputs have None instead of a score; they count as not rated."
    ]


def test_scores_above_six_are_on_the_scale_of_esa() -> None:
    assert read_psqm(psqm(row("4"), row("66.6", rater="r2")), "a.tsv").protocol == "esa"


def test_a_later_score_of_a_rater_counts_and_is_told() -> None:
    data = read_psqm(psqm(row("4"), row("none"), row("2")), "a.tsv")
    assert data.items[0].annotation.score == 2
    assert "2 scores repeat" in data.origin["notes"][0]


@pytest.mark.parametrize(
    "data",
    [
        psqm(row("4"), row("4.0"), row(" 5"), row("none"), row("1e0", rater="r2")),
        psqm(row("0.1"), row("-0", rater="r2"), row("None", system="B")).replace(b"\n", b"\r\n"),
        tsv([["A", "1", "r", "3", "x"], ["B", "1", "r", "2", ""]],
            header=["system", "seg_id", "rater", "score", "more"]),
    ],
)  # fmt: skip
def test_a_file_is_written_again_byte_by_byte(data: bytes) -> None:
    assert write_psqm(read_psqm(data, "a.tsv")) == data


def test_scores_given_here_are_read_as_they_were_written() -> None:
    data = CampaignData(
        name="own",
        protocol="sqm",
        src_lang="",
        tgt_lang="",
        systems=(JudgedSystem("A"), JudgedSystem("B")),
        segments=(JudgedSegment("मांजर", "d", "1", "5"),),
        outputs={(0, 0): "x", (0, 1): "y"},
        raters=("Áine", "Seán"),
        items=(
            JudgedItem("Áine", 0, (1,), Annotation(score=3, is_done=True)),
            JudgedItem("Áine", 0, (0,), Annotation(score=1), place=1),
            JudgedItem("Seán", 0, (0,), Annotation(score=0, is_done=True)),
        ),
    )
    found = read_psqm(write_psqm(data), "own.tsv")
    scores = {(each.rater, each.systems): each.annotation.score for each in found.items}
    assert {found.systems[system[0]].name: (rater, score) for (rater, system), score
            in scores.items()} == {"B": ("Áine", 3), "A": ("Seán", 0)}  # fmt: skip
    assert found.segments == data.segments


@pytest.mark.parametrize("score", ["", "six", "nan", "-1", "100.5", "inf"])
def test_what_is_no_score_is_refused_with_its_line(score: str) -> None:
    with pytest.raises(DataError, match="'a.tsv' line 3 has the score"):
        read_psqm(psqm(row("1"), row(score, rater="r2")), "a.tsv")


def test_a_file_without_any_score_is_refused() -> None:
    with pytest.raises(DataError, match="every row says None"):
        read_psqm(psqm(row("None")), "a.tsv")
