from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, JudgedSystem
from core.annotate.mqm_weights import PRESETS
from core.annotate.stored import load_campaign, store_campaign
from core.errors import ConfigError, DataError
from core.evaluate.evaluating import evaluate
from core.evaluate.people.from_campaign import (
    NOT_JUDGED,
    add_translation_sets,
    publish_ratings,
)
from core.evaluate.people.ratings import compare_with_people, stored_ratings
from core.evaluate.settings import EvaluationSettings
from core.storage.workspace import Workspace

WMT21, WMT23 = PRESETS["wmt21"], PRESETS["wmt23"]
NUM = 6


def errors(num: int, severity: str = "major") -> Annotation:
    marks = (Mark(f"m{at}", "target", 0, 1, "t", severity, "Fluency") for at in range(num))
    return Annotation(tuple(marks), is_done=True)


@pytest.fixture
def data() -> CampaignData:
    """Two systems and a reference over six segments; the worse the system, the more errors."""
    texts = [f"the black cat number {at} sleeps" for at in range(NUM)]
    items = [
        JudgedItem(rater, at, (system,), errors((at + 1) * system), place=2 * at + system)
        for rater in ("r1", "r2")
        for at in range(NUM)
        for system in (0, 1)
    ]
    return CampaignData(
        name="c",
        protocol="mqm",
        src_lang="gle_Latn",
        tgt_lang="eng_Latn",
        systems=(JudgedSystem("good"), JudgedSystem("bad"), JudgedSystem("ref-A")),
        segments=tuple(JudgedSegment(f"an cat {at}", "d", str(at + 1)) for at in range(NUM)),
        outputs={
            **{(at, 0): text for at, text in enumerate(texts)},
            **{(at, 1): text.replace("black", "b" * (at + 1)) for at, text in enumerate(texts)},
            **{(at, 2): f"{text}." for at, text in enumerate(texts) if at},
        },
        raters=("r1", "r2"),
        items=tuple(items),
    )


def test_an_imported_campaign_gets_translation_sets_with_its_texts(
    workspace: Workspace, data: CampaignData
) -> None:
    campaign = store_campaign(workspace, data)
    sets = add_translation_sets(workspace, campaign.id)
    assert [each.system_name for each in sets] == ["good", "bad", "ref-A"]
    good, reference = (list(workspace.translation_sets.segments(sets[at].id)) for at in (0, 2))
    assert [each.hypothesis for each in good] == [data.outputs[at, 0] for at in range(NUM)]
    assert [each.reference for each in good] == ["", *(data.outputs[at, 2] for at in range(1, NUM))]
    assert (reference[0].hypothesis, reference[0].failure) == (None, NOT_JUDGED)
    linked = load_campaign(workspace, campaign.id)
    assert [each.set_id for each in linked.systems] == [each.id for each in sets]
    assert [each.position for each in linked.segments] == list(range(NUM))
    hash_ = workspace.campaigns.get(campaign.id).test_set_hash
    assert hash_ == sets[0].test_set_hash
    assert workspace.test_set_texts.texts(hash_, "document", "document") == ["d"] * NUM


def test_adding_them_again_adds_nothing_and_brings_deleted_ones_back(
    workspace: Workspace, data: CampaignData
) -> None:
    campaign = store_campaign(workspace, data)
    first = add_translation_sets(workspace, campaign.id)
    assert add_translation_sets(workspace, campaign.id) == first
    workspace.translation_sets.delete(first[1].id)
    again = add_translation_sets(workspace, campaign.id)
    assert [each.id for each in again] == [each.id for each in first]
    assert len(workspace.translation_sets.all()) == 3


def test_references_of_the_segments_come_before_those_of_a_system(
    workspace: Workspace, data: CampaignData
) -> None:
    first = replace(data.segments[0], reference="own")
    campaign = store_campaign(workspace, replace(data, segments=(first, *data.segments[1:])))
    (segments, *_) = (
        list(workspace.translation_sets.segments(each.id))
        for each in add_translation_sets(workspace, campaign.id, reference_system="good")
    )
    assert [each.reference for each in segments][:2] == ["own", data.outputs[1, 0]]


def test_ratings_of_a_campaign_are_compared_with_metrics(
    workspace: Workspace, data: CampaignData
) -> None:
    campaign = store_campaign(workspace, data)
    sets = [each.id for each in add_translation_sets(workspace, campaign.id)][:2]
    scoring = publish_ratings(workspace, campaign.id, WMT21)
    assert (scoring.kind, scoring.name) == ("human", "MQM wmt21 (c)")
    assert scoring in workspace.scorings.of_test_set(scoring.test_set_hash)
    ratings = stored_ratings(workspace, scoring, sets, NUM)
    assert ratings.human.tolist() == [[0, -5.0 * (at + 1)] for at in range(NUM)]
    assert set(ratings.by_rater) == {"r1", "r2"}
    settings = EvaluationSettings.parse(
        {
            "test_set": scoring.test_set_hash,
            "systems": sets,
            "metrics": ("chrf2",),
            "num_samples": 50,
        }
    )
    result = compare_with_people(evaluate(workspace, settings), ratings, seed=1)
    assert result.num_rated == NUM
    (metric,) = result.metrics
    assert any(each.value is not None and each.value > 0.5 for each in metric.found.segments)


def test_publishing_again_replaces_the_ratings_of_the_same_preset(
    workspace: Workspace, data: CampaignData
) -> None:
    campaign = store_campaign(workspace, data)
    add_translation_sets(workspace, campaign.id)
    first = publish_ratings(workspace, campaign.id, WMT21)
    rater = workspace.raters.of_campaign(campaign.id)[1]
    workspace.raters.erase(rater.id)
    second = publish_ratings(workspace, campaign.id, WMT21)
    other = publish_ratings(workspace, campaign.id, WMT23)
    assert first.id == second.id != other.id
    assert len(workspace.scorings.of_test_set(first.test_set_hash)) == 2
    assert {each.rater for each in workspace.scorings.scores(first.id)} == {"r1"}


def test_scores_of_sqm_need_no_preset(workspace: Workspace, data: CampaignData) -> None:
    items = tuple(
        replace(item, annotation=Annotation(score=float(item.segment), is_done=True))
        for item in data.items
    )
    campaign = store_campaign(workspace, replace(data, protocol="sqm", items=items))
    sets = add_translation_sets(workspace, campaign.id)
    scoring = publish_ratings(workspace, campaign.id, WMT21)
    assert (scoring.name, scoring.settings["preset"]) == ("SQM (c)", "")
    human = stored_ratings(workspace, scoring, [sets[0].id], NUM).human[:, 0]
    assert np.array_equal(human, np.arange(NUM))


def test_what_cannot_be_published_is_refused_and_nothing_stored(
    workspace: Workspace, data: CampaignData
) -> None:
    without_langs = store_campaign(workspace, replace(data, name="x", src_lang=""))
    with pytest.raises(ConfigError, match="The languages of the campaign 'x' are not known"):
        add_translation_sets(workspace, without_langs.id)
    with pytest.raises(ConfigError, match="have no translation sets"):
        publish_ratings(workspace, without_langs.id, WMT21)
    unfinished = store_campaign(workspace, replace(data, name="y", items=()))
    with pytest.raises(DataError, match="has no system 'nobody'"):
        add_translation_sets(workspace, unfinished.id, reference_system="nobody")
    add_translation_sets(workspace, unfinished.id)
    with pytest.raises(DataError, match="Nothing of the campaign 'y' is finished"):
        publish_ratings(workspace, unfinished.id, WMT21)
    hash_ = workspace.campaigns.get(unfinished.id).test_set_hash
    assert workspace.scorings.of_test_set(hash_) == []
