"""What the Evaluate page tells apart: names that are alike, and records that are gone meanwhile."""

import json
import uuid
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.evaluation import findings
from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, JudgedSystem
from core.annotate.stored import store_campaign
from core.evaluate.adding import Target, add_upload, target_of_corpus
from core.evaluate.formats.reading import read_pasted
from core.evaluate.people.ratings import HUMAN
from core.evaluate.settings import EvaluationSettings
from core.finetune.run_folder import RunFolder
from core.jobs.folder import JobState
from core.storage.files import utc_now
from core.storage.job_records import Job
from core.storage.scoring_records import Scoring, SegmentScore
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace
from tests.core.annotate.small_campaign import small_campaign
from tests.pages.reading import button, shown
from tests.pages.test_evaluate import REFERENCES, SOURCES, at
from tests.pages.test_pages import opened
from tests.pages.test_playground import NAME

LONG = "a name of which the first forty characters"
TARGET = Target("Letters", "test", "", "eng_Latn", "gle_Latn", SOURCES, REFERENCES)


def added(workspace: Workspace, *names: str) -> list[TranslationSet]:
    """Stores a set for each name, the nth with its first n hypotheses empty."""
    found = []
    for number, name in enumerate(names):
        texts = [""] * number + list(REFERENCES[number:])
        found += add_upload(workspace, read_pasted("\n".join(texts) + "\n", name=name), TARGET).sets
    return found


def scored(workspace: Workspace, sets: list[TranslationSet], name: str, kind: str = "judge") -> str:
    scoring = Scoring(
        id=str(uuid.uuid4()),
        kind=kind,  # type: ignore[arg-type]
        name=name,
        test_set_hash=TARGET.hash,
        created_at=utc_now(),
        settings={"mode": "score", "translation_sets": [each.id for each in sets]},
    )
    scores = [
        SegmentScore(scoring.id, each.id, n, 90.0 - n - 3 * place)
        for place, each in enumerate(sets)
        for n in range(len(SOURCES))
    ]
    workspace.scorings.add(scoring, scores)
    return f"scoring:{scoring.id}"


def chosen(app: AppTest, label: str) -> list[str]:
    return list(next(each for each in app.multiselect if each.label == label).value)


@pytest.mark.parametrize(
    "names", [("Source", "Reference"), ("Segments", "Bucket"), (f"{LONG} one", f"{LONG} two")]
)
def test_systems_called_like_columns_or_cut_alike_keep_columns_of_their_own(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str]
) -> None:
    sets = added(workspace, *names)
    table = at(workspace, monkeypatch, "Segments").dataframe[0].value
    assert list(table["Source"]) == list(SOURCES) and list(table["Reference"]) == list(REFERENCES)
    assert list(table[f"text {sets[0].id}"]) == list(REFERENCES)
    assert list(table[f"text {sets[1].id}"]) == ["", *REFERENCES[1:]]
    app = at(workspace, monkeypatch, "Causes")
    checks = next(each.value for each in app.dataframe if "Check" in each.value)
    rates = checks.set_index("Check")
    assert rates.loc["Empty", f"rate {sets[0].id}"] == 0 < rates.loc["Empty", f"rate {sets[1].id}"]


def test_two_scorers_of_one_name_are_two_metrics_and_two_columns(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = added(workspace, "One", "Two")
    keys = [scored(workspace, sets, "LLM (score)") for _ in range(2)]
    app = at(workspace, monkeypatch, "Scores")
    metrics = next(each for each in app.multiselect if each.label == "Metrics")
    assert {"LLM (score)", "LLM (score) (2)"} < set(metrics.options)
    app = metrics.set_value(keys).run()
    assert {"LLM (score) ↑", "LLM (score) (2) ↑"} < set(app.dataframe[0].value.columns)


def test_what_systems_and_metrics_are_called_is_no_markup(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = added(workspace, "One", NAME)
    key = scored(workspace, sets, NAME)
    app = at(workspace, monkeypatch, "Scores")
    app = next(each for each in app.multiselect if each.label == "Metrics").set_value([key]).run()
    chart = app.get("plotly_chart")[0].proto.spec
    assert "&lt;b&gt;" in chart and "<b>" not in chart.replace("\\u003c", "<")
    assert all(NAME not in each.value for each in (*app.caption, *app.markdown))


@pytest.mark.parametrize("gone", [1, 2])
def test_a_set_that_another_tab_deleted_makes_no_wrong_one_be_deleted(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, gone: int
) -> None:
    """Streamlit falls back to the first option where the chosen one is there no more."""
    sets = added(workspace, "Same", "Same", "Same")
    app = at(workspace, monkeypatch, "Scores")
    app = button(app, "Delete a set").click().run()
    next(each for each in app.selectbox if each.label == "Translation set").select(sets[2].id)
    app = button(app, "Delete a set").click().run()  # what a dialog's own rerun need not repeat
    workspace.translation_sets.delete(sets[gone].id)
    button(app, "Delete a set").click()
    button(app, "Delete for good").click()
    app.run()
    left = {each.id for each in workspace.translation_sets.all()}
    assert left == {each.id for number, each in enumerate(sets) if number not in (gone, 2)}


def test_a_linked_set_is_compared_though_many_newer_ones_are_there(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = added(workspace, *(f"System {n}" for n in range(1, 11)))
    app = at(workspace, monkeypatch, "Scores", set=sets[0].id)
    assert sets[0].id in chosen(app, "Systems")
    systems = next(each for each in app.multiselect if each.label == "Systems")
    app = systems.set_value([sets[5].id]).run()
    assert chosen(app.run(), "Systems") == [sets[5].id]


def test_a_saved_comparison_says_what_of_it_is_gone(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = added(workspace, "One", "Two", "Three")
    key = scored(workspace, sets, "A judge")
    workspace.test_set_texts.store(TARGET.hash, "reference", "B", TARGET.references)
    app = at(workspace, monkeypatch, "Report")
    metrics = next(each for each in app.multiselect if each.label == "Metrics")
    app = metrics.set_value([key, "chrf2"]).run()
    next(each for each in app.text_input if each.label.startswith("Save")).set_value("First")
    app = app.run()
    app = button(app, "Save").click().run()
    workspace.translation_sets.delete(sets[0].id)
    workspace.scorings.delete(key.removeprefix("scoring:"))
    workspace.test_set_texts.delete(TARGET.hash, "reference", "B")
    app = at(workspace, monkeypatch, "Report")
    app = button(app, "Open").click().run()
    assert chosen(app, "Systems") == [each.id for each in sets[1:]]
    assert chosen(app, "Metrics") == ["chrf2"]
    said = app.toast[0].value.replace("\\", "")
    assert "1 system" in said and "1 scorer" in said and "1 reference" in said
    assert "the baseline among them" in said
    for each in sets[1:]:
        workspace.translation_sets.delete(each.id)
    added(workspace, "Four")
    assert button(at(workspace, monkeypatch, "Report"), "Open").disabled


def test_a_wrong_further_reference_is_deleted_on_the_page(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(workspace, "One", "Two")
    assert "Delete a reference" not in labels(at(workspace, monkeypatch, "Scores"))
    for name in (NAME[:80], "~"):
        workspace.test_set_texts.store(TARGET.hash, "reference", name, TARGET.references)
    app = button(at(workspace, monkeypatch, "Scores"), "Delete a reference").click().run()
    button(app, "Delete a reference").click()  # what a dialog's own rerun need not repeat
    app = button(app, "Delete for good").click().run()
    assert workspace.test_set_texts.names(TARGET.hash, "reference") == ["~"]
    assert not app.exception and "Deleted the reference" in app.toast[0].value


def labels(app: AppTest) -> list[str]:
    return [each.label for each in app.button]


def test_the_errors_that_a_judge_marked_stand_in_the_translation(workspace: Workspace) -> None:
    sets = added(workspace, "One", "Two")
    key = scored(workspace, sets, NAME)
    scoring_id = key.removeprefix("scoring:")
    errors = [
        {"severity": "major", "category": NAME, "text": "altra", "start": 12, "end": 17},
        {"severity": "minor", "category": "", "text": "nothing like it"},
    ]
    workspace.scorings.store(
        [
            SegmentScore(scoring_id, sets[0].id, 0, -6.0, details={"errors": errors}),
            SegmentScore(scoring_id, sets[1].id, 0, None, failure="No answer."),
        ]
    )
    values = {"systems": tuple(each.id for each in sets), "metrics": (key, "chrf2")}
    app = marks_of_first_segment(workspace, values)
    verdicts = [each.value for each in app.text]
    assert verdicts[0] == f"{NAME}: -6\n• minor · “nothing like it” (not in the translation)"
    assert verdicts[1:] == [f"{NAME}: no score. No answer."]
    (shown_marks,) = overlays(app)
    assert [(each["severity"], each["category"], each["by"]) for each in shown_marks] == [
        ("major", NAME, NAME)
    ]
    assert shown_marks[0]["quote"] == REFERENCES[0][12:17]


def test_what_people_marked_stands_beside_it_with_the_way_to_their_campaign(
    workspace: Workspace,
) -> None:
    sets = added(workspace, "One", "Two")
    key = scored(workspace, sets, NAME)
    campaign_id = judged_by_people(workspace, sets)
    values = {"systems": tuple(each.id for each in sets), "metrics": (key, "chrf2")}
    app = marks_of_first_segment(workspace, values)
    told = f"Anna ({NAME})"
    assert [each.value for each in app.text] == [
        f"{NAME}: 90\n{told}: 2 errors · “so *so*”",
        f"{NAME}: 87",
    ]
    in_target, in_source = overlays(app)
    assert [(each["by"], each["quote"]) for each in in_target] == [(told, REFERENCES[0][:3])]
    assert [(each["by"], each["quote"]) for each in in_source] == [(told, SOURCES[0][:4])]
    (link,) = app.get("page_link")
    assert f"campaign={campaign_id}" in link.proto.query_string


def test_the_ratings_of_a_campaign_are_taken_where_there_are_new_ones(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = added(workspace, "One", "Two")
    campaign_id = judged_by_people(workspace, sets)
    app = at(workspace, monkeypatch, "People")
    assert f"{NAME}: 1 item finished" in shown(app) and "No human ratings" not in shown(app)
    next(each for each in app.selectbox if "Weights" in each.label).set_value("wmt21")
    app.button(f"people.take.{campaign_id}").click()
    app = app.run()
    assert not app.exception
    (scoring,) = workspace.scorings.of_test_set(TARGET.hash)
    assert (scoring.kind, scoring.settings["preset"]) == (HUMAN, "wmt21")
    assert "item finished" not in shown(app) and "1 segment rated" in shown(app)


def test_home_leads_from_translations_to_people_and_counts_open_campaigns(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = "Let people judge translations"
    app = opened(workspace, monkeypatch, "home")
    assert label not in [each.proto.label for each in app.get("page_link")]
    judged_by_people(workspace, added(workspace, "One", "Two"))  # stored as a closed one
    small_campaign(workspace)
    app = opened(workspace, monkeypatch, "home")
    assert label in [each.proto.label for each in app.get("page_link")]
    assert {each.label: each.value for each in app.metric}["Campaigns open"] == "1"


def judged_by_people(workspace: Workspace, sets: list[TranslationSet]) -> str:
    """Stores a campaign of the first two segments and gives its id."""
    marks = tuple(
        Mark(side, side, 0, end, text[:end], "major", "Accuracy/Omission")
        for side, end, text in (("target", 3, REFERENCES[0]), ("source", 4, SOURCES[0]))
    )
    annotation = Annotation(marks, comment="so *so*", is_done=True)
    data = CampaignData(
        name=NAME,
        protocol="mqm",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        systems=tuple(JudgedSystem(each.system_name, each.id) for each in sets),
        segments=tuple(JudgedSegment(SOURCES[at], position=at) for at in (0, 1)),
        outputs={(at, 0): REFERENCES[at] for at in (0, 1)} | {(1, 1): REFERENCES[1]},
        raters=("Anna", "Brendan"),
        items=(JudgedItem("Anna", 0, (0,), annotation),),
    )
    return store_campaign(workspace, data).id


def marks_of_first_segment(workspace: Workspace, values: dict[str, Any]) -> AppTest:
    settings = EvaluationSettings.parse({**values, "test_set": TARGET.hash, "num_samples": 10})
    given = {"root": str(workspace.root), "values": settings.model_dump(mode="json")}
    app = AppTest.from_function(first_segment_page, default_timeout=20, kwargs=given).run()
    assert not app.exception
    return app


def first_segment_page(root: str, values: dict[str, list[str]]) -> None:
    """A page of its own: a row of the table cannot be clicked without a browser."""
    from pathlib import Path

    import streamlit as st

    from app.evaluation.marks import marks_view
    from app.navigation import page_path
    from core.evaluate.evaluating import evaluate
    from core.evaluate.settings import EvaluationSettings
    from core.storage.workspace import Workspace

    st.navigation([st.Page(page_path("agreement"))], position="hidden")
    workspace = Workspace(Path(root))
    found = evaluate(workspace, EvaluationSettings.parse(values))
    for set_id in values["systems"]:
        marks_view(workspace, found, set_id, 0)


def overlays(app: AppTest) -> list[Any]:
    """Gives the marks of each text that is shown with some."""
    return [json.loads(each.proto.json)["marks"] for each in app.get("bidi_component")]


@pytest.mark.parametrize("max_segments", [0, 5])
def test_only_a_judge_that_was_asked_for_more_than_it_scored_is_resumed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, max_segments: int
) -> None:
    (first,) = added(workspace, "One")
    folder = RunFolder(workspace.scoring_folder("judge"))
    folder.path.mkdir(parents=True)
    folder.write_state(JobState(state="finished"))
    path, now = str(folder.path.relative_to(workspace.root)), utc_now()
    settings = {"translation_sets": [first.id], "max_segments": max_segments}
    scores = [SegmentScore("judge", first.id, n, 80.0 + n) for n in range(5)]
    workspace.scorings.add(
        Scoring("judge", "judge", "A judge", TARGET.hash, now, settings=settings),
        scores,
        job=Job("judge", "core.evaluate", path, "score", "finished", now),
    )
    app = at(workspace, monkeypatch, "Scorers")
    assert "finished" in shown(app) and not app.error
    assert ("Resume" in [each.label for each in app.button]) == (max_segments == 0)


def test_human_ratings_as_the_only_metric_leave_nothing_to_disagree_with(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = added(workspace, "One", "Two")
    key = scored(workspace, sets, "MQM", HUMAN)
    app = at(workspace, monkeypatch, "People")
    app = next(each for each in app.multiselect if each.label == "Metrics").set_value([key]).run()
    assert not app.exception and not app.error
    assert "Choose a metric above" in shown(app)


def test_a_filter_by_checks_that_have_not_run_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(workspace, "One", "Two")
    monkeypatch.setattr(findings, "is_quick", lambda *_: False)  # as with very many segments
    app = at(workspace, monkeypatch, "Segments")
    checks = next(each for each in app.multiselect if each.label == "With a finding")
    app = checks.set_value(["empty"]).run()
    assert "The checks have not run" in shown(app) and "No segment fits" not in shown(app)


def test_the_test_split_of_a_corpus_and_its_translated_test_set_are_told_apart(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (corpus,) = ready_workspace.corpora.all()
    target = target_of_corpus(ready_workspace, corpus.id, "test", corpus.src_lang, corpus.tgt_lang)
    upload = read_pasted("\n".join(target.references) + "\n", name="One")
    add_upload(ready_workspace, upload, target)
    app = at(ready_workspace, monkeypatch, "Scores")
    targets = next(each for each in app.selectbox if each.label == "Translations of")
    assert len(set(targets.options)) == len(targets.options)
