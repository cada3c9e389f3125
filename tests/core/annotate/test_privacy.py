from __future__ import annotations

import json

import pytest

from core.annotate.adjudicating import RaterMark, accepted, decide
from core.annotate.annotation import Annotation, Mark
from core.annotate.privacy import (
    consent_record,
    delete_my_data,
    give_consent,
    my_data,
    needs_consent,
    pseudonymise,
)
from core.annotate.settings import CampaignSettings
from core.errors import DataError
from core.storage.workspace import Workspace
from tests.core.annotate.test_staffing import campaign, finish

MARK = Mark(id="m", side="target", start=0, end=6, quote="Abairt", severity="major")


def test_consent_is_kept_with_the_words_that_were_agreed_to(workspace: Workspace) -> None:
    made, (ann, _) = campaign(workspace)
    give_consent(workspace, ann.id, "I agree.\n")
    first, second = consent_record(workspace, made.id)
    assert (first["rater"], first["text"]) == ("Ann", "I agree.") and first["consented_at"]
    assert second == {"rater": "Ben", "consented_at": None, "text": ""}


def test_changed_terms_are_asked_again_and_the_usual_ones_once(workspace: Workspace) -> None:
    _, (ann, _) = campaign(workspace)
    usual, own = CampaignSettings(), CampaignSettings(consent_text="Ours.")
    assert needs_consent(ann, usual) and needs_consent(ann, own)
    give_consent(workspace, ann.id, "The usual text.")
    agreed = workspace.raters.get(ann.id)
    assert not needs_consent(agreed, usual) and needs_consent(agreed, own)
    give_consent(workspace, ann.id, "Ours. ")
    agreed = workspace.raters.get(ann.id)
    assert not needs_consent(agreed, own)
    assert needs_consent(agreed, CampaignSettings(consent_text="Ours, changed."))


def test_a_pseudonym_takes_the_person_away_and_keeps_what_was_judged(workspace: Workspace) -> None:
    made, (ann, _) = campaign(workspace)
    workspace.raters.change(ann.id, profile={"native": "gle_Latn"}, seen_at="2026-01-01")
    finish(workspace, workspace.raters.items(ann.id)[0].id)
    gold = Annotation(marks=(accepted(RaterMark("Ann", MARK)), accepted(RaterMark("Ben", MARK))))
    decide(workspace, made.id, (0, 0), gold, decided_by="owner")
    name = pseudonymise(workspace, ann.id)
    left = workspace.raters.get(ann.id)
    assert (left.name, left.profile, left.seen_at, left.consented_at) == (name, {}, None, None)
    assert left.revoked_at and left.link_version > ann.link_version
    assert len(workspace.ratings.of_campaign(made.id)) == 1
    everything = json.dumps([each.annotation for each in workspace.ratings.gold(made.id)])
    assert "Ann" not in everything and name in everything and "Ben" in everything
    assert pseudonymise(workspace, workspace.raters.of_campaign(made.id)[1].id) != name


def test_erasing_leaves_nothing_of_a_rater_and_everything_of_the_others(
    workspace: Workspace,
) -> None:
    made, (ann, ben) = campaign(workspace)
    for rater in (ann, ben):
        finish(workspace, workspace.raters.items(rater.id)[0].id)
    decide(
        workspace, made.id, (0, 0), Annotation(marks=(accepted(RaterMark("Ann", MARK)),)),
        decided_by="owner",
    )  # fmt: skip
    delete_my_data(workspace, ann.id)
    assert [rater.id for rater in workspace.raters.of_campaign(made.id)] == [ben.id]
    assert len(workspace.ratings.of_campaign(made.id)) == 1
    assert "Ann" not in json.dumps([each.annotation for each in workspace.ratings.gold(made.id)])
    with pytest.raises(DataError, match="There is no rater"):
        my_data(workspace, ann.id)


def test_a_rater_can_read_everything_my_data_them_but_no_system(workspace: Workspace) -> None:
    made, (ann, _) = campaign(workspace)
    item = workspace.raters.items(ann.id)[3]
    finish(workspace, item.id)
    finish(workspace, item.id, at="2026-01-02T10:00:00")
    found = my_data(workspace, ann.id)
    assert found["rater"]["name"] == "Ann" and found["campaign"] == made.name
    (rating,) = found["ratings"]
    assert rating["place"] == 4 and rating["annotation"]["score"] == 4
    assert len(rating["saves"]) == 2
    assert "system" not in json.dumps(found)
