from __future__ import annotations

from dataclasses import replace

import pytest

from core.annotate.annotation import Annotation, Mark
from core.annotate.asking import settings_of
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, JudgedSystem
from core.annotate.formats.reading import read_campaign
from core.annotate.formats.writing import write_campaign
from core.annotate.stored import load_campaign, store_campaign
from core.errors import AdaptMLLMError, ConfigError, DataError
from core.storage.campaign_records import Item, Rater
from core.storage.files import utc_now
from core.storage.workspace import Workspace
from tests.core.annotate.formats.wmt_files import big_file


@pytest.fixture
def data() -> CampaignData:
    """A campaign with a value in every field."""
    mark = Mark("m1", "target", 0, 2, "hé", "major", "Style", 1, "note", {"row": 3})
    whole = Annotation((mark,), 4.5, (1, None), "comment", True, True)
    return CampaignData(
        name="c",
        protocol="mqm",
        src_lang="gle_Latn",
        tgt_lang="eng_Latn",
        systems=(JudgedSystem("B"), JudgedSystem("A")),
        segments=(
            JudgedSegment("s", "d", "1", "10", 3, "r"),
            JudgedSegment("क्षि 😀"),
        ),
        outputs={(0, 0): "", (0, 1): "hé", (1, 1): "x"},
        raters=("Zoë", "Áine", "never began"),
        items=(
            JudgedItem("Zoë", 1, (1,), Annotation(), item_id="old"),
            JudgedItem(
                "Zoë", 0, (1, 0), whole, "degraded", ("a", "b"), 2.5,
                "2026-01-01T00:00:00.000+00:00", "", "old", 4, ("fast",), {"rows": [{"row": 2}]},
            ),
            JudgedItem("Áine", 0, (0,), Annotation(score=1.0)),
        ),
        gold={(0, 1): whole},
        typology="wmt",
        origin={"format": "wmt-mqm", "notes": ["one"]},
    )  # fmt: skip


def test_a_stored_campaign_is_loaded_as_it_was(workspace: Workspace, data: CampaignData) -> None:
    campaign = store_campaign(workspace, data)
    found = load_campaign(workspace, campaign.id)
    assert campaign.state == "closed"
    assert campaign.closed_at is not None
    assert found.campaign_id == campaign.id
    ids = [item.item_id for item in found.items]
    assert len(set(ids)) == 3
    assert found.items[1].of_item == ids[0]
    of_items = ("", ids[0], "")
    expected = [
        replace(item, item_id=own, of_item=of_item)
        for item, own, of_item in zip(data.items, ids, of_items, strict=True)
    ]
    assert list(found.items) == expected
    for name in set(CampaignData.__dataclass_fields__) - {"items", "campaign_id"}:
        assert getattr(found, name) == getattr(data, name), name


def test_items_that_nobody_began_are_not_loaded(workspace: Workspace, data: CampaignData) -> None:
    campaign = store_campaign(workspace, data, state="open")
    assert (campaign.state, campaign.closed_at) == ("open", None)
    begun = [item.rater for item in load_campaign(workspace, campaign.id).items]
    late = Rater("late", campaign.id, "late", utc_now())
    workspace.raters.add(late, [Item("new", campaign.id, "late", 0, "main", 0, [0])])
    assert [item.rater for item in load_campaign(workspace, campaign.id).items] == begun


def test_a_name_that_is_taken_is_refused_and_nothing_is_stored(
    workspace: Workspace, data: CampaignData
) -> None:
    store_campaign(workspace, data)
    with pytest.raises(ConfigError, match="There is a campaign 'c' already"):
        store_campaign(workspace, data)
    assert len(workspace.campaigns.all()) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "n" * 201}, "name of a campaign has 201 characters"),
        ({"name": " "}, "A campaign has no name"),
        ({"systems": (JudgedSystem("A"), JudgedSystem("A"))}, "Two systems are called 'A'"),
        ({"segments": (JudgedSegment("s", "d" * 301), JudgedSegment("t"))}, "name of a document"),
        ({"segments": (JudgedSegment("s", label="9" * 65), JudgedSegment("t"))}, "of a segment"),
        ({"systems": (JudgedSystem("A", "none"), JudgedSystem("B"))}, "no translation set 'none'"),
    ],
)
def test_what_the_database_could_not_hold_is_refused(
    workspace: Workspace, data: CampaignData, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(AdaptMLLMError, match=sentence):
        store_campaign(workspace, replace(data, **change))  # type: ignore[arg-type]
    assert workspace.campaigns.all() == []


def test_there_is_no_unknown_campaign(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="There is no campaign 'x'"):
        load_campaign(workspace, "x")


def test_8000_rows_are_imported_and_exported_byte_by_byte(workspace: Workspace) -> None:
    data = big_file(8_000)
    campaign = store_campaign(workspace, read_campaign(data, "a.tsv"))
    loaded = load_campaign(workspace, campaign.id)
    assert write_campaign(loaded, "wmt-mqm").content == data


@pytest.mark.parametrize("typology", ["", "wmt", "our own", "x" * 300])
def test_marks_of_a_stored_file_can_be_edited_whatever_they_are_called(
    workspace: Workspace, data: CampaignData, typology: str
) -> None:
    mark = Mark("m2", "target", 0, 1, "x", "critical", "Accuracy/Reinterpretation")
    item = JudgedItem("Áine", 1, (1,), Annotation((mark,)), place=1)
    named = replace(data, typology=typology, items=(*data.items, item))
    campaign = store_campaign(workspace, named)
    found = settings_of(campaign).chosen_typology
    names = [category.name for category in found.categories]
    assert {"Style", "Accuracy/Reinterpretation"} <= set(names)
    assert ("Style/Awkward" in names) == (typology == "wmt")
    assert {"major", "critical"} <= set(found.severities)
    assert load_campaign(workspace, campaign.id).typology == typology[:80]


def test_a_stored_file_of_known_categories_keeps_the_built_in_typology(
    workspace: Workspace, data: CampaignData
) -> None:
    mark = Mark("m", "target", 0, 1, "x", "minor", "Style/Awkward")
    item = JudgedItem("Áine", 1, (1,), Annotation((mark,)))
    campaign = store_campaign(workspace, replace(data, items=(item,), gold={}))
    assert settings_of(campaign).own_typology is None
    assert settings_of(campaign).typology == "wmt"
