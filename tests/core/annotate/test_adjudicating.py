"""Gold from several raters' marks: grouped, merged, changed - and its origin is known."""

from dataclasses import replace

import pytest

from core.annotate.adjudicating import (
    RaterMark,
    accepted,
    decide,
    groups,
    judged_outputs,
    merged,
    proposed,
    provenance,
    with_provenance,
)
from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, JudgedSystem
from core.errors import DataError
from core.storage.workspace import Workspace
from tests.core.annotate.small_campaign import small_campaign

TEXT = "The dog is black and the cat is white."


def mark(name: str, start: int, end: int, severity: str = "minor", side: str = "target") -> Mark:
    return Mark(name, side, start, end, TEXT[start:end], severity, "Accuracy/Mistranslation")  # type: ignore[arg-type]


def item(rater: str, *marks: Mark, score: float | None = None, **changes: bool) -> JudgedItem:
    annotation = Annotation(marks=marks, score=score, is_done=True, **changes)  # type: ignore[arg-type]
    return JudgedItem(rater, 0, (0,), annotation)


ANNA = item("Anna", mark("a1", 4, 7), mark("a2", 25, 28, "major"))
BREN = item("Bren", mark("b1", 0, 7, "major"), mark("b2", 32, 37))


def test_marks_that_overlap_are_one_group() -> None:
    found = groups([ANNA, BREN], 0)
    assert [[each.mark.id for each in group.marks] for group in found] == [
        ["b1", "a1"],
        ["a2"],
        ["b2"],
    ]
    assert not any(group.is_agreed for group in found)


def test_the_same_words_in_source_and_target_are_two_groups() -> None:
    found = groups([item("Anna", mark("a", 4, 7)), item("Bren", mark("b", 4, 7, side="source"))], 0)
    assert len(found) == 2


def test_a_group_is_agreed_when_all_raters_say_the_same_of_it() -> None:
    (group,) = groups([item("Anna", mark("a", 4, 7)), item("Bren", mark("b", 3, 6))], 0)
    assert group.is_agreed and group.raters == ("Bren", "Anna")


def test_merging_spans_all_words_and_takes_the_gravest_severity() -> None:
    (group, *_) = groups([ANNA, BREN], 0)
    found = merged(group.marks, TEXT)
    assert (found.start, found.end, found.quote, found.severity) == (0, 7, "The dog", "major")
    assert provenance(found) == "merged from Bren, Anna"


def test_marks_of_two_texts_are_not_merged() -> None:
    marks = [RaterMark("Anna", mark("a", 4, 7)), RaterMark("Bren", mark("b", 4, 7, side="source"))]
    with pytest.raises(DataError, match="2 marks cannot be merged"):
        merged(marks, TEXT)
    with pytest.raises(DataError, match="0 marks cannot be merged"):
        merged([], TEXT)


def test_the_proposal_holds_what_two_raters_saw() -> None:
    found = proposed([ANNA, BREN], 0, TEXT, "")
    assert [each.quote for each in found.marks] == ["The dog"]
    both = [item("Anna", is_non_translation=True), item("Bren", is_non_translation=True)]
    assert proposed(both, 0, TEXT, "").is_non_translation
    scored = [item("Anna", score=60), item("Bren", score=71)]
    assert proposed(scored, 0, TEXT, "").score == 66


def test_an_edited_mark_keeps_its_raters_and_a_new_one_has_none() -> None:
    taken = accepted(RaterMark("Anna", mark("a1", 4, 7)))
    before = Annotation(marks=(taken,))
    edited = replace(taken, severity="major", origin={})
    new = replace(mark("new", 11, 16), origin={})
    first, second = with_provenance(Annotation(marks=(edited, new)), before).marks
    assert provenance(first) == "edited from Anna" and provenance(second) == "added"


def test_an_unchanged_mark_from_the_browser_is_not_called_edited() -> None:
    taken = accepted(RaterMark("Anna", mark("a1", 4, 7)))
    sent_back = replace(taken, origin={})
    (found,) = with_provenance(Annotation(marks=(sent_back,)), Annotation(marks=(taken,))).marks
    assert provenance(found) == "accepted from Anna"


def test_only_outputs_that_two_raters_finished_are_up_for_decision() -> None:
    begun = replace(BREN, annotation=replace(BREN.annotation, is_done=False))
    assert judged_outputs(data(ANNA, begun)) == {}
    assert list(judged_outputs(data(ANNA, BREN))) == [(0, 0)]


def data(*items: JudgedItem) -> CampaignData:
    return CampaignData(
        "C", "mqm", "gle_Latn", "eng_Latn", (JudgedSystem("A"),), (JudgedSegment("s"),),
        {(0, 0): TEXT}, ("Anna", "Bren"), items,
    )  # fmt: skip


def test_nothing_is_decided_in_a_campaign_that_was_deleted(workspace: Workspace) -> None:
    campaign, _ = small_campaign(workspace)
    decide(workspace, campaign.id, (0, 0), Annotation(), decided_by="owner")
    assert [each.decided_by for each in workspace.ratings.gold(campaign.id)] == ["owner"]
    workspace.campaigns.delete(campaign.id)
    with pytest.raises(DataError, match="campaign was deleted"):
        decide(workspace, campaign.id, (0, 0), Annotation(), decided_by="owner")
    assert workspace.ratings.gold(campaign.id) == []
