"""The Evaluate page on stored translations: what is scored, what is not, and where one gets to."""

import shutil
import uuid
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.evaluate import evaluation_jobs
from core.evaluate.adding import Target, add_upload
from core.evaluate.formats.reading import read_pasted
from core.evaluate.people.ratings import add_ratings
from core.evaluate.texts import load_texts
from core.jobs import queue
from core.storage.files import utc_now
from core.storage.scoring_records import Scoring, SegmentScore
from core.storage.translation_set_records import TranslationSet, TranslationSetRecords
from core.storage.workspace import Workspace
from tests.pages.reading import button, shown
from tests.pages.test_playground import NAME, opened, translation_set

PARTS = ("Scores", "Segments", "Causes", "Robustness", "Scorers", "People", "Report")
SOURCES = tuple(f"The nurse number {n} writes a letter." for n in range(1, 13))
REFERENCES = tuple(f"Scríobhann altra uimhir {n} litir." for n in range(1, 13))


@pytest.fixture
def sets(workspace: Workspace) -> list[TranslationSet]:
    """A perfect system, a poor one, and one with a hostile name."""
    target = Target("Letters", "test", "", "eng_Latn", "gle_Latn", SOURCES, REFERENCES)
    poor = [text.replace("litir", "leabhar mór").replace("altra", "") for text in REFERENCES]
    for name, texts in (("Perfect", REFERENCES), ("Poor", poor), (NAME, [*REFERENCES[:11], ""])):
        add_upload(workspace, read_pasted("\n".join(texts) + "\n", name=name), target)
    return workspace.translation_sets.of_test_set(target.hash)


def at(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, part: str, **query: str) -> AppTest:
    return opened(workspace, monkeypatch, "evaluate", part=part, **query)


def test_nothing_to_compare_says_how_translations_come_here(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "evaluate")
    assert "Nothing to compare yet" in shown(app) and not app.error


@pytest.mark.parametrize("part", PARTS)
def test_each_part_opens_with_hostile_names(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    app = at(workspace, monkeypatch, part)
    assert not app.error and not app.exception
    assert NAME in str(app.multiselect[0].options)


def test_scores_stand_with_intervals_verdicts_and_signatures(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, "Scores")
    scores = app.dataframe[0].value.set_index("System")
    assert scores.loc["Perfect (baseline)", "chrF2 ↑"] == 100.0
    assert scores.loc[NAME, "Empty"] == 1
    differences = app.dataframe[1].value.set_index("System")
    assert differences.loc["Poor", "Verdict"] == "▼ worse"
    assert differences.loc["Perfect", "Verdict"] == "baseline"
    assert differences.loc["Poor", "p (Holm)"] >= differences.loc["Poor", "p"]
    assert "BLEU|nrefs:1|bs:1000|seed:12345|case:mixed" in app.code[0].value
    assert "n=12" in app.code[0].value
    assert "They do not cover training" in shown(app)


def test_the_stored_texts_are_gone_through_once_a_run_of_the_page(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    digest = TranslationSetRecords.digest

    def counted(records: TranslationSetRecords, set_id: str) -> str:
        asked.append(set_id)
        return digest(records, set_id)

    monkeypatch.setattr(TranslationSetRecords, "digest", counted)
    app = at(workspace, monkeypatch, "Scores")
    assert sorted(asked) == sorted(each.id for each in sets)
    asked.clear()
    app.run()
    assert sorted(asked) == sorted(each.id for each in sets)


def test_another_baseline_turns_the_verdict(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, "Scores")
    poor = next(each for each in sets if each.system_name == "Poor")
    next(each for each in app.selectbox if each.label == "Baseline").select(poor.id)
    app = app.run()
    differences = app.dataframe[1].value.set_index("System")
    assert differences.loc["Perfect", "Verdict"] == "▲ better"


def test_whole_sets_are_scored_and_others_say_why_they_are_not(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = translation_set(workspace, "Whole")
    translation_set(workspace, "Broken", num_failed=1)
    app = opened(workspace, monkeypatch, "evaluate", set=whole.id)
    assert list(app.dataframe[0].value["System"]) == ["Whole (baseline)"]
    assert "Broken: 1 of 3 segments have no translation." in shown(app)
    next(each for each in app.toggle if each.label.startswith("Only segments")).set_value(True)
    app = app.run()
    assert list(app.dataframe[0].value["System"]) == ["Whole (baseline)", "Broken"]
    said = shown(app).replace("\\", "")
    assert "Only the 2 of 3 segments that every system translated count." in said


def test_no_set_that_is_whole_is_one_sentence(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    translation_set(workspace, "Broken", num_failed=1)
    app = opened(workspace, monkeypatch, "evaluate")
    assert "No segment can be scored. 1 of 3 segments have no translation." in shown(app)


def test_segments_are_sorted_by_who_beats_whom_and_searched(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, "Segments")
    order = next(each for each in app.selectbox if each.label == "Order")
    app = order.select(f"Perfect beats {NAME} most").run()
    assert app.dataframe[0].value["#"].iloc[0] == 12  # where the hostile one has nothing
    next(each for each in app.text_input if each.label == "Search").set_value("NUMBER 7")
    app = app.run()
    assert list(app.dataframe[0].value["#"]) == [7]


def test_pasted_lines_of_another_number_are_refused_and_the_page_stays(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, "Scores")
    app.segmented_control[0].set_value("Paste")
    app = app.run()
    next(each for each in app.text_input if each.label == "System").set_value("Pasted")
    lines = next(each for each in app.text_area if each.label.startswith("Translations"))
    lines.set_value("One line.")
    app = app.run()
    button(app, "Add").click()
    app = app.run()
    assert "holds 1 hypothesis; the test set has 12 segments" in shown(app)
    assert len(workspace.translation_sets.all()) == len(sets)
    assert len(app.dataframe) > 1
    lines = next(each for each in app.text_area if each.label.startswith("Translations"))
    lines.set_value("\n".join(REFERENCES))
    app = app.run()
    button(app, "Add").click()
    app = app.run()
    assert "Pasted" in list(app.dataframe[0].value["System"])


def test_a_glossary_shows_who_keeps_to_it(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, "Causes")
    app.text_area(key="glossary.text").set_value("letter\tlitir")
    app = app.run()
    table = next(each.value for each in app.dataframe if "Term" in each.value)
    perfect, poor, _ = (each.id for each in sets)
    assert table.loc[0, perfect] == 100 and table.loc[0, poor] == 0


def ratings_of(sets: list[TranslationSet]) -> bytes:
    rows = ["system\tsegment\trater\tscore"]
    for each, score in zip(sets, (6, 2, 5), strict=True):
        for n in range(1, 13):
            rows += [f"{each.system_name}\t{n}\tanna\t{score - n % 2}"]
            rows += [f"{each.system_name}\t{n}\tben\t{score - n % 3 // 2}"]
    return "\n".join(rows).encode()


def test_people_stand_beside_metrics_with_the_raters_as_ceiling(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = load_texts(workspace, sets[0].test_set_hash, [each.id for each in sets])
    add_ratings(workspace, ratings_of(sets), "ratings.tsv", texts)
    app = at(workspace, monkeypatch, "People")
    table = app.dataframe[0].value.set_index("")
    assert "Raters with each other" in table.index and "TER" in table.index
    assert "its sign was turned" in shown(app)
    assert "3 systems only" in shown(app)


def judged(workspace: Workspace, sets: list[TranslationSet]) -> str:
    scoring = Scoring(
        id=str(uuid.uuid4()),
        kind="judge",
        name="A judge",
        test_set_hash=sets[0].test_set_hash,
        created_at=utc_now(),
        settings={"mode": "score", "translation_sets": [each.id for each in sets]},
    )
    scores = [
        SegmentScore(scoring.id, each.id, n, None if n == 0 else 90.0 - n, failure="?" * (n == 0))
        for each in sets
        for n in range(12)
    ]
    workspace.scorings.add(scoring, scores)
    return scoring.id


def test_a_judge_shows_failures_and_agreement_before_its_ranking(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    scoring_id = judged(workspace, sets)
    app = at(workspace, monkeypatch, "Scores")
    metrics = next(each for each in app.multiselect if each.label == "Metrics")
    app = metrics.set_value([f"scoring:{scoring_id}", "chrf2"]).run()
    text = shown(app)
    assert "36 translations judged, 3 without a readable answer (8.3 %)" in text
    assert "Nobody has compared it with people" in text
    assert "Only 11 of 12 segments have a value." in text.replace("\\", "")
    texts = load_texts(workspace, sets[0].test_set_hash, [each.id for each in sets])
    add_ratings(workspace, ratings_of(sets), "ratings.tsv", texts)
    app = app.run()
    assert "Agreement with people" in shown(app) and "Kendall" in shown(app)


def test_a_comparison_is_saved_opened_and_deleted(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, "Report")
    next(each for each in app.text_input if each.label.startswith("Save")).set_value("First")
    app = app.run()
    button(app, "Save").click()
    app = app.run()
    (record,) = workspace.evaluations.all()
    assert record.name == "First" and len(record.settings["systems"]) == 3
    systems = next(each for each in app.multiselect if each.label == "Systems")
    systems.set_value([sets[1].id])
    app = app.run()
    button(app, "Open").click()
    app = app.run()
    systems = next(each for each in app.multiselect if each.label == "Systems")
    assert len(systems.value) == 3
    button(app, "Delete").click()
    app = app.run()
    button(app, "Delete").click()
    button(app, "Delete for good").click()
    app.run()
    assert workspace.evaluations.all() == []


def test_a_run_brings_both_its_models(
    trained_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained_folder, tmp_path / "trained")
    workspace = Workspace(tmp_path / "trained")
    app = opened(workspace, monkeypatch, "evaluate")
    app.segmented_control[0].set_value("From a run")
    app = app.run()
    button(app, "Add its models").click()
    app = app.run()
    assert len(workspace.translation_sets.all()) == 2
    assert list(app.dataframe[0].value["System"]) == ["starter (baseline)", "demo"]
    workspace.database.dispose()


def test_long_work_is_a_job_that_the_page_starts_and_follows(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation_jobs, "INLINE_S", 0.0)  # as with a hundred thousand segments
    app = at(workspace, monkeypatch, "Scores")
    assert "A job does it; you may leave the page." in shown(app) and not app.dataframe
    button(app, "Score").click()
    app = app.run()
    (job,) = workspace.jobs.in_states("queued", "preparing", "evaluating", "saving", "finished")
    assert job.person == "owner" and job.title.startswith("Evaluation of ")
    assert queue.wait(workspace, job.id).state == "finished"
    app = at(workspace, monkeypatch, "Scores")
    assert len(app.dataframe[0].value) == len(sets)


def test_two_test_sets_of_one_name_are_told_apart_and_a_link_is_followed_once(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target("Letters", "test", "", "eng_Latn", "gle_Latn", SOURCES, REFERENCES[::-1])
    upload = read_pasted("\n".join(REFERENCES) + "\n", name="Other")
    (other,) = add_upload(workspace, upload, target).sets
    app = at(workspace, monkeypatch, "Scores", set=sets[0].id)
    choice = next(each for each in app.selectbox if each.label == "Test set")
    assert len(set(choice.options)) == 2 and choice.value == sets[0].test_set_hash
    app = choice.select(other.test_set_hash).run()
    assert list(app.dataframe[0].value["System"]) == ["Other (baseline)"]


def test_adding_to_the_open_test_set_keeps_what_was_chosen(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, "Scores")
    metrics = next(each for each in app.multiselect if each.label == "Metrics")
    app = metrics.set_value(["ter"]).run()
    app = app.segmented_control[0].set_value("Paste").run()
    next(each for each in app.text_input if each.label == "System").set_value("Pasted")
    lines = next(each for each in app.text_area if each.label.startswith("Translations"))
    lines.set_value("\n".join(REFERENCES))
    app = app.run()
    button(app, "Add").click()
    app = app.run()
    metrics = next(each for each in app.multiselect if each.label == "Metrics")
    assert metrics.value == ["ter"] and len(app.dataframe[0].value) == 4


def test_a_part_of_another_page_in_the_address_does_no_harm(
    workspace: Workspace, sets: list[TranslationSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, "Batches")
    assert not app.exception and app.dataframe
