from __future__ import annotations

import csv
import io

import pytest

from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, JudgedSystem
from core.annotate.formats.workbook import read_sheets
from core.annotate.formats.writing import write_campaign

NASTY = "=cmd|' /C calc'!A1\u202e<script>alert(1)</script>"


def hostile() -> CampaignData:
    """A campaign in which every text that somebody typed begins like a formula."""
    mark = Mark("m1", "target", 0, 1, "=", "minor", "Style/Awkward", note=NASTY)
    answer = Annotation((mark,), comment=NASTY, is_done=True)
    return CampaignData(
        name=NASTY,
        protocol="mqm",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        systems=(JudgedSystem(NASTY),),
        segments=(JudgedSegment(NASTY, NASTY, NASTY, NASTY),),
        outputs={(0, 0): NASTY},
        raters=(NASTY,),
        items=(JudgedItem(NASTY, 0, (0,), answer, item_id="1"),),
        typology="wmt",
    )


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_nothing_that_anybody_typed_is_a_formula_in_a_table(kind: str) -> None:
    file = write_campaign(hostile(), kind, are_raters_named=True)
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(file.content.decode(), newline="")))
    else:
        sheets = read_sheets(file.content, file.name, is_with_formulas=True)
        rows = [[str(cell or "") for cell in row] for sheet in sheets.values() for row in sheet]
    cells = [cell for row in rows for cell in row]
    assert cells.count(f"'{NASTY}") >= 6  # rater, system, document, source, output, comment …
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "wmt-mqm", "annotator-sheet"])
def test_the_name_of_a_file_holds_no_path_and_no_sign_that_turns_it_round(kind: str) -> None:
    name = write_campaign(hostile(), kind).name
    assert name.isascii() and not set(name) & set("/\\<>|'\"= ")


def test_the_name_of_a_rater_stays_in_the_house_unless_it_is_asked_for() -> None:
    data = hostile()
    raters = [{row["rater"] for row in csv.DictReader(io.StringIO(each.content.decode()))}
              for each in (write_campaign(data, "csv"),
                           write_campaign(data, "csv", are_raters_named=True))]  # fmt: skip
    assert raters == [{"rater1"}, {f"'{NASTY}"}]
