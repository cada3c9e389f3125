from __future__ import annotations

from dataclasses import replace

import pytest

from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, JudgedSystem
from core.annotate.people_marks import people_marks
from core.annotate.stored import load_campaign, store_campaign
from core.storage.workspace import Workspace

MARK = Mark("m", "target", 4, 7, "cat", "major", "Accuracy/Mistranslation", note="a dog")
MARKED = Annotation((MARK,), comment="so", is_done=True)
TEXTS = (("The cat.", "A cat."), ("It ran.", "Ran it."))
SETS = ("set-a", "set-b")


def judged(protocol: str = "mqm", *items: JudgedItem) -> CampaignData:
    return CampaignData(
        name=f"by {protocol}",
        protocol=protocol,  # type: ignore[arg-type]
        src_lang="gle_Latn",
        tgt_lang="eng_Latn",
        systems=(JudgedSystem("A"), JudgedSystem("B")),
        segments=(JudgedSegment("An madra."), JudgedSegment("Rith sé.")),
        outputs={(at, system): TEXTS[at][system] for at in (0, 1) for system in (0, 1)},
        raters=("Anna", "Brendan"),
        items=items,
    )


def stored(workspace: Workspace, data: CampaignData) -> str:
    """Stores a campaign whose first segment is the sixth of the test set; gives its id."""
    campaign_id = store_campaign(workspace, data).id
    workspace.campaigns.link_sets(campaign_id, "h" * 64, dict(enumerate(SETS)), {0: 5, 1: 9})
    return campaign_id


def test_marks_of_all_raters_and_campaigns_stand_at_their_translation(
    workspace: Workspace,
) -> None:
    first = stored(
        workspace,
        judged("mqm", JudgedItem("Anna", 0, (0,), MARKED), JudgedItem("Brendan", 0, (1,), MARKED)),
    )
    scored = Annotation(score=4, is_done=True)
    second = stored(workspace, judged("sqm", JudgedItem("Brendan", 0, (0,), scored)))
    found = people_marks(workspace, "set-a", 5)
    assert [(each.told.campaign_id, each.told.rater, each.score) for each in found] == [
        (first, "Anna", None),
        (second, "Brendan", 4),
    ]
    assert found[0].annotation == load_campaign(workspace, first).items[0].annotation
    assert (found[0].told.source, found[0].told.text) == ("An madra.", "The cat.")
    assert [each.told.text for each in people_marks(workspace, "set-b", 5)] == ["A cat."]
    assert people_marks(workspace, "set-a", 9) == people_marks(workspace, "set-a", 0) == []


def test_each_output_of_a_ranking_has_its_own_standing(workspace: Workspace) -> None:
    ranked = Annotation(ranks=(2, 1), is_done=True)
    stored(workspace, judged("ranking", JudgedItem("Anna", 0, (1, 0), ranked)))
    scores = [people_marks(workspace, set_id, 5)[0] for set_id in SETS]
    assert [(each.told.output, each.score) for each in scores] == [(1, 1.0), (0, 0.0)]


@pytest.mark.parametrize(
    "item",
    [
        JudgedItem("Anna", 0, (0,), replace(MARKED, is_done=False)),
        JudgedItem("Anna", 0, (0,), MARKED, kind="degraded", texts=("The the.",)),
        JudgedItem("Anna", 1, (0,), MARKED),
        JudgedItem("Anna", 0, (1,), MARKED),
    ],
    ids=["unfinished", "check", "other segment", "other system"],
)
def test_what_is_not_a_finished_judgement_of_the_translation_is_left_out(
    workspace: Workspace, item: JudgedItem
) -> None:
    assert people_marks(workspace, "set-a", 5) == []
    stored(workspace, judged("mqm", item))
    assert people_marks(workspace, "set-a", 5) == []
