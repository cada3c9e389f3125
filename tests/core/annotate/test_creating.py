from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest

from core.annotate.campaign_data import JudgedSegment, JudgedSystem
from core.annotate.creating import create_campaign
from core.annotate.planning import forecast, plan_campaign
from core.annotate.settings import CampaignSettings
from core.annotate.sources import CampaignSources, texts_of_sets
from core.errors import AdaptMLLMError, ConfigError, DataError
from core.storage.files import utc_now
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace

HOSTILE = '=cmd|"a"!A1 <script>\u202e**b**'


def sources(num_segments: int = 20, num_systems: int = 2, *, document: int = 0) -> CampaignSources:
    """Invented texts; in documents of so many segments if `document` is not 0."""
    segments = tuple(
        JudgedSegment(
            source=f"Source number {n}.",
            document=f"doc {n // document}" if document else "",
            label=str(n + 1),
            position=n,
        )
        for n in range(num_segments)
    )
    systems = tuple(JudgedSystem(f"system {chr(65 + n)}") for n in range(num_systems))
    outputs = {
        (segment, system): f"Abairt {segment} as córas {system} atá anseo le léamh."
        for segment in range(num_segments)
        for system in range(num_systems)
    }
    return CampaignSources("eng_Latn", "gle_Latn", systems, segments, outputs)


def translation_set(workspace: Workspace, name: str, texts: list[str | None], **other: Any) -> str:
    set_id = str(uuid.uuid4())
    record = TranslationSet(
        id=set_id, batch_id=None, system_id=name, system_name=name, corpus_id="c",
        corpus_name="news", split="test", src_lang="eng_Latn", tgt_lang="gle_Latn",
        test_set_hash="hash", num_segments=len(texts), created_at=utc_now(),
    )  # fmt: skip
    rows = [
        Hypothesis(set_id, n, f"Source {n}.", f"Tagairt {n}.", text, failure="" if text else "no")
        for n, text in enumerate(texts)
    ]
    workspace.translation_sets.add_whole([(replace(record, **other), rows)])
    return set_id


def test_a_campaign_holds_texts_raters_and_each_ones_items(workspace: Workspace) -> None:
    settings = CampaignSettings(
        num_segments=10, num_calibration=2, share_degraded=0.1, share_repeats=0.1, share_gold=0.1,
        raters_per_segment=2, share_shared=0,
    )  # fmt: skip
    made = create_campaign(workspace, " My\n campaign ", settings, sources(), ["Áine", "", " Bo "])
    assert workspace.campaigns.get(made.id) == made
    assert (made.name, made.state, made.protocol) == ("My campaign", "open", "mqm")
    assert CampaignSettings.parse(made.settings) == settings
    raters = workspace.raters.of_campaign(made.id)
    assert [rater.name for rater in raters] == ["Áine", "Bo"]
    segments = workspace.campaigns.segments(made.id)
    assert len(segments) == 14
    outputs = {(o.segment, o.system): o.text for o in workspace.campaigns.outputs(made.id)}
    given = sources()
    for segment in segments:
        assert segment.source == given.segments[segment.position or 0].source
        assert outputs[segment.number, 1] == given.outputs[segment.position or 0, 1]
    for rater in raters:
        items = {item.id: item for item in workspace.raters.items(rater.id)}
        kinds = [item.kind for item in items.values()]
        assert kinds[:2] == ["calibration", "calibration"]
        assert (kinds.count("main"), kinds.count("gold")) == (20, 2)
        for item in items.values():
            if item.of_item:
                original = items[item.of_item]
                assert original.place < item.place and original.segment == item.segment
                shown = outputs[item.segment, item.systems[0]]
                assert item.texts != [shown]
                assert (item.kind == "degraded") == bool(item.texts)


def test_the_same_seed_gives_the_same_work_and_another_one_other_work() -> None:
    settings = CampaignSettings(num_segments=10, share_degraded=0.2)
    assert plan_campaign(settings, sources(), 3) == plan_campaign(settings, sources(), 3)
    other = plan_campaign(settings.changed(seed=2), sources(), 3)
    assert other.segments != plan_campaign(settings, sources(), 3).segments


def test_documents_stay_whole_and_their_segments_have_neighbouring_numbers() -> None:
    settings = CampaignSettings(num_segments=12)
    plan = plan_campaign(settings, sources(document=4), 2)
    names = [segment.document for segment in plan.segments]
    assert len(set(names)) == 3 and names == sorted(names, key=names.index)
    assert [segment.document_segment for segment in plan.segments] == ["1", "2", "3", "4"] * 3


@pytest.mark.parametrize(
    ("name", "values", "texts", "raters", "message"),
    [
        (" ", {}, sources(), ["a"], "The campaign has no name"),
        ("x" * 201, {}, sources(), ["a"], "name of the campaign has 201 characters"),
        ("x", {}, sources(), [], "There is no rater"),
        ("x", {}, sources(), ["Ann", "ann "], "The rater 'Ann' is there twice"),
        ("x", {}, sources(), [str(n) for n in range(201)], "201 raters are too many"),
        ("x", {"raters_per_segment": 2}, sources(), ["a"], "1 rater is not enough"),
        ("x", {"num_segments": 50}, sources(), ["a"], "20 segments are not enough for 50 to"),
        ("x", {"num_calibration": 20}, sources(), ["a"], "20 segments are not enough for 1 to"),
        ("x", {"protocol": "ranking"}, sources(num_systems=1), ["a"], "2 to 5 systems .* not 1"),
        ("x", {"protocol": "ranking"}, sources(num_systems=6), ["a"], "2 to 5 systems .* not 6"),
    ],
)
def test_wrong_input_is_refused_in_one_sentence_and_nothing_is_stored(
    workspace: Workspace,
    name: str,
    values: dict[str, Any],
    texts: CampaignSources,
    raters: list[str],
    message: str,
) -> None:
    settings = CampaignSettings.parse({"num_segments": 0, **values})
    with pytest.raises(AdaptMLLMError, match=message):
        create_campaign(workspace, name, settings, texts, raters)
    assert workspace.campaigns.all() == []


def test_a_name_that_is_taken_stores_nothing(workspace: Workspace) -> None:
    settings = CampaignSettings(num_segments=0)
    made = create_campaign(workspace, HOSTILE, settings, sources(), [HOSTILE])
    with pytest.raises(ConfigError, match="There is a campaign .* already"):
        create_campaign(workspace, HOSTILE, settings, sources(), ["b"])
    assert [each.name for each in workspace.campaigns.all()] == [HOSTILE]
    assert [rater.name for rater in workspace.raters.of_campaign(made.id)] == [HOSTILE]


def test_outputs_that_are_all_the_same_cannot_be_spoilt(workspace: Workspace) -> None:
    texts = replace(sources(4, 1), outputs={(n, 0): "Níl." for n in range(4)})
    settings = CampaignSettings(num_segments=0, share_degraded=0.3)
    with pytest.raises(DataError, match="so it cannot be spoilt"):
        create_campaign(workspace, "x", settings, texts, ["a"])
    assert workspace.campaigns.all() == []


def test_a_forecast_counts_items_words_hours_and_cost() -> None:
    settings = CampaignSettings(
        protocol="esa", num_segments=10, num_calibration=1, share_shared=0.2, cost_per_hour=20
    )
    found = forecast(settings, sources(), 2)
    # 2 segments for both and 8 for one each, 2 systems, and 1 to calibrate for both.
    assert found.counts == {"main": 24, "calibration": 2}
    assert (found.num_segments, found.least_items, found.most_items) == (10, 13, 13)
    assert found.num_words == 26 * 9
    assert found.total_h == pytest.approx(26 * 45 / 3600)
    assert found.longest_h == pytest.approx(13 * 45 / 3600)
    assert found.cost == pytest.approx(26 * 45 / 3600 * 20)


def test_a_forecast_has_no_words_without_blanks_and_no_cost_without_a_price() -> None:
    texts = replace(sources(), tgt_lang="jpn_Jpan")
    found = forecast(CampaignSettings(num_segments=0), texts, 1)
    assert found.num_words is None and found.cost is None


def test_all_segments_but_those_set_aside_are_judged_where_no_number_is_asked() -> None:
    settings = CampaignSettings(num_segments=0, num_calibration=3, share_gold=0.1)
    found = forecast(settings, sources(30, 1), 1)
    assert found.counts == {"calibration": 3, "gold": 2, "main": 25}


def test_sets_give_the_segments_that_every_system_translated(workspace: Workspace) -> None:
    first = translation_set(workspace, "A", ["a0", "a1", None, "a3"])
    second = translation_set(workspace, "B", ["b0", "b1", "b2", None])
    workspace.test_set_texts.store("hash", "document", "document", ["talk", "talk", "x", None])
    found = texts_of_sets(workspace, [second, first])
    assert [each.source for each in found.segments] == ["Source 0.", "Source 1."]
    assert found.outputs == {(0, 0): "b0", (0, 1): "a0", (1, 0): "b1", (1, 1): "a1"}
    assert [(each.name, each.set_id) for each in found.systems] == [("B", second), ("A", first)]
    assert [each.document for each in found.segments] == ["talk", "talk"]
    assert [each.reference for each in found.segments] == ["Tagairt 0.", "Tagairt 1."]
    assert (found.num_left_out, found.test_set_hash, found.tgt_lang) == (2, "hash", "gle_Latn")


def test_an_empty_output_is_judged_and_never_spoilt(workspace: Workspace) -> None:
    empty = translation_set(workspace, "A", ["", "", "", ""])
    found = texts_of_sets(workspace, [empty])
    assert set(found.outputs.values()) == {""} and found.num_left_out == 0
    settings = CampaignSettings(num_segments=0, share_degraded=0.5)
    kinds = [item.kind for item in plan_campaign(settings, found, 1).work[0]]
    assert "degraded" not in kinds and "repeat" in kinds


def test_two_sets_of_one_system_have_names_of_their_own(workspace: Workspace) -> None:
    ids = [translation_set(workspace, "A", ["a"]), translation_set(workspace, "A", ["b"])]
    first, second = (each.name for each in texts_of_sets(workspace, ids).systems)
    assert first.startswith("A (1, 2") and second.startswith("A (2, 2")


def test_sets_that_do_not_go_together_are_refused(workspace: Workspace) -> None:
    first = translation_set(workspace, "A", ["a", None])
    second = translation_set(workspace, "B", [None, "b"])
    other = translation_set(workspace, "C", ["c"], test_set_hash="other")
    for ids, message in (
        ([], "No system is chosen"),
        ([first, first], "The same translation set is given twice"),
        ([first, other], "These 2 translation sets are of different test sets"),
        ([first, second], "None of 2 segments has a translation by all 2 systems"),
        ([first, "gone"], "There is no translation set 'gone'"),
    ):
        with pytest.raises(DataError, match=message):
            texts_of_sets(workspace, ids)
