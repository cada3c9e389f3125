"""The leak status of a corpus on every page that shows its scores, whatever is known of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from app.text import plain
from core.evaluate.adding import Target, add_upload
from core.evaluate.formats.reading import read_pasted
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.search import studies
from core.search.plan import Plan
from core.search.settings import StudySettings
from core.search.space import parse_space
from core.storage.corpus_records import Corpus
from core.storage.files import append_json_line
from core.storage.run_records import Run
from core.storage.workspace import Workspace
from tests.core.commands.test_leaks_told import STATES
from tests.leak_statuses import CLEAN, LEAKS, told
from tests.pages.reading import shown
from tests.pages.test_deploy import stored_version
from tests.pages.test_emissions import stored as measured
from tests.pages.test_emissions import train
from tests.pages.test_pages import opened, stored_run

WORDS = {"leaks": "leaks", "clean": "none found", "unchecked": "not checked", "unknown": "unknown"}
SCORE = {"name": "BLEU", "value": 20.0, "signature": "BLEU|x", "num_segments": 200}

Change = Callable[[str], tuple[str, str, str]]


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay in the queue: nothing here needs what they would do."""
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: None)


@pytest.fixture
def changed(ready_workspace: Workspace) -> Change:
    """Makes the sample corpus one of a state; gives badge and the sentences of dev and test."""

    def change(state: str) -> tuple[str, str, str]:
        act, badge, of_dev, of_test = STATES[state]
        act(ready_workspace, ready_workspace.corpora.all()[0].id)
        return badge, plain(of_dev), plain(of_test)

    return change


def scored_run(workspace: Workspace) -> Run:
    """Stores a finished run with scores on dev and on test."""
    run = stored_run(workspace, "finished")
    path = RunFolder(workspace.run_folder(run.id)).metrics_file
    of_dev = [{**SCORE, "name": name} for name in ("BLEU", "chrF++")]
    append_json_line(path, {"kind": "eval", "step": 0, "loss": 1.0, "scores": of_dev})
    scores = {"base": [SCORE], "fine_tuned": [SCORE], "num_segments": 200}
    workspace.runs.store_scores(run.id, scores, 5.0)
    return run


def labels(app: AppTest) -> list[str]:
    return [each.proto.label for each in app.get("page_link")]


@pytest.mark.parametrize("state", STATES)
def test_a_run_shows_it_beside_test_scores_and_dev_charts(
    state: str, ready_workspace: Workspace, changed: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = scored_run(ready_workspace)
    _, of_dev, of_test = changed(state)
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert not app.exception
    found = [each.value for each in app.caption]
    assert of_test in found and of_dev in found
    assert found.index(of_test) < len(found) - 1 - found[::-1].index(of_dev)
    assert "never saw" not in shown(app)


def test_a_run_without_scores_shows_none(
    ready_workspace: Workspace, changed: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, of_dev, of_test = changed("leaks")
    run = stored_run(ready_workspace, "failed")
    text = shown(opened(ready_workspace, monkeypatch, "run", id=run.id))
    assert of_dev not in text and of_test not in text


@pytest.mark.parametrize("page", ["runs", "home"])
@pytest.mark.parametrize("state", STATES)
def test_the_list_of_runs_has_a_word_for_it(
    page: str,
    state: str,
    ready_workspace: Workspace,
    changed: Change,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scored_run(ready_workspace)
    badge, _, _ = changed(state)
    (rows,) = (
        each.value for each in opened(ready_workspace, monkeypatch, page).dataframe
        if "Leaks" in each.value
    )  # fmt: skip
    assert list(rows["Leaks"]) == [WORDS[badge]]


@pytest.mark.parametrize("state", STATES)
def test_a_study_shows_what_is_known_of_dev(
    state: str, ready_workspace: Workspace, changed: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = FineTuneSettings(corpus=ready_workspace.corpora.all()[0].id, engine="plain")
    plan = Plan(StudySettings(), parse_space({"weight_decay": [0.0, 0.1]}), base)
    study = studies.start(ready_workspace, "S", plan)
    badge, of_dev, of_test = changed(state)
    app = opened(ready_workspace, monkeypatch, "study", id=study.id)
    assert not app.exception
    assert of_dev in [each.value for each in app.caption]
    assert of_test == of_dev or of_test not in shown(app)
    if state != "deleted":  # the form above the list needs a corpus
        app = opened(ready_workspace, monkeypatch, "search")
        (rows,) = (each.value for each in app.dataframe if "Purpose" in each.value)
        assert list(rows["Leaks"]) == [WORDS[badge]]


@pytest.mark.parametrize(
    ("state", "link"),
    [("leaks", "See and remove its leaks"), ("clean", ""), ("unchecked", "Look for leaks")],
)
def test_who_fine_tunes_is_warned_before_the_launch(
    state: str,
    link: str,
    ready_workspace: Workspace,
    changed: Change,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, of_dev, of_test = changed(state)
    app = opened(ready_workspace, monkeypatch, "finetune")
    assert not app.exception
    text = shown(app)
    if state == "leaks":
        assert of_test.removesuffix(r"\.") in text and of_dev.removesuffix(r"\.") in text
    elif state == "clean":
        assert "No test or dev segment stands in train" in text
    else:
        assert "was not checked" in text
    warned = [each.value for each in app.warning if "flatter the model" in each.value]
    assert bool(warned) == (state == "leaks")
    shown_links = {"See and remove its leaks", "Look for leaks"} & set(labels(app))
    assert shown_links == ({link} if link else set())
    if link:
        (found,) = (each.proto for each in app.get("page_link") if each.proto.label == link)
        assert "part=Leaks" in found.query_string
        assert ready_workspace.corpora.all()[0].id in found.query_string


@pytest.mark.parametrize("part", ["Scores", "Robustness", "Report"])
@pytest.mark.parametrize("state", STATES)
def test_evaluate_shows_it_above_all_parts(
    part: str,
    state: str,
    ready_workspace: Workspace,
    changed: Change,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corpus = ready_workspace.corpora.all()[0]
    texts = (tuple(f"A letter {n}." for n in range(12)), tuple(f"Litir {n}." for n in range(12)))
    target = Target(corpus.name, "test", corpus.id, corpus.src_lang, corpus.tgt_lang, *texts)
    add_upload(ready_workspace, read_pasted("Litir.\n" * 12, name="Poor"), target)
    told(ready_workspace, corpus.id)
    before = opened(ready_workspace, monkeypatch, "evaluate", part=part)
    assert plain(CLEAN.format("test")) in [each.value for each in before.caption]
    _, _, of_test = changed(state)
    # The scores are kept, and what is known of leaks is looked up again.
    app = opened(ready_workspace, monkeypatch, "evaluate", part=part)
    assert not app.exception
    assert of_test in [each.value for each in app.caption]


@pytest.mark.parametrize("state", STATES)
def test_the_gate_says_whether_its_dev_lines_leak(
    state: str, ready_workspace: Workspace, changed: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = ready_workspace.corpora.all()[0]
    stored_version(ready_workspace, corpus=corpus.name, corpus_id=corpus.id)
    _, of_dev, _ = changed(state)
    app = opened(ready_workspace, monkeypatch, "deploy")
    assert not app.exception
    assert of_dev in [each.value for each in app.caption]


def test_an_older_gate_knows_its_corpus_by_name(
    ready_workspace: Workspace, changed: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_version(ready_workspace, corpus=ready_workspace.corpora.all()[0].name)
    _, of_dev, _ = changed("leaks")
    app = opened(ready_workspace, monkeypatch, "deploy")
    assert of_dev in [each.value for each in app.caption]


def test_quality_beside_energy_says_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(workspace, "a", "finished", title="a", phases=train(1.0), scores={"BLEU": 30.0})
    app = opened(workspace, monkeypatch, "emissions", part="Quality")
    assert plain("Unknown: the corpus was deleted.") in [each.value for each in app.caption]
    languages = ("eng_Latn", "gle_Latn")
    workspace.corpora.add(Corpus("c1", "A", *languages, "", False, 3600, 200, 200, "2024-01-01"))
    told(workspace, "c1", test=4)
    app = opened(workspace, monkeypatch, "emissions", part="Quality")
    assert plain(f"{LEAKS.format(4, 'test', 4)}.") in [each.value for each in app.caption]
