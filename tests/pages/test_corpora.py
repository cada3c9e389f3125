"""Work on corpora as cards, the way back to a corpus, and what one can do with it as a whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from app.corpora.corpus_charts import scatter_chart
from core.corpora import works
from core.corpora.checking import CheckSettings
from core.corpora.deleting import delete_corpus
from core.corpora.storing import store_corpus
from core.jobs.folder import JobFolder, JobState
from core.storage.corpus_job_records import CorpusJob
from core.storage.corpus_records import Corpus
from core.storage.files import append_json_line, utc_now
from core.storage.workspace import Workspace
from core.systems.back_translation.settings import BackTranslateSettings
from tests.pages.corpus_pages import hold_jobs, said
from tests.pages.reading import button
from tests.pages.test_pages import opened, stored_run

ADDRESS = "See http://127.0.0.1:8080/a_b_c?x=*1* for it."
Begin = Callable[..., CorpusJob]


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    hold_jobs(monkeypatch)


@pytest.fixture
def store(workspace: Workspace) -> Callable[..., Corpus]:
    """Stores a small corpus; a split without rows is empty."""

    def make(name: str, *, num_dev: int = 1) -> Corpus:
        splits = {"train": [("one", "a haon")], "dev": [("two", "a dó")] * num_dev}
        return store_corpus(
            workspace,
            name=name,
            src_lang="eng_Latn",
            tgt_lang="gle_Latn",
            splits=splits | {"test": [("three", "a trí")]},
        )

    return make


Store = Callable[..., Corpus]


@pytest.fixture
def begin(workspace: Workspace) -> Begin:
    """Makes work that is in a state, as its supervisor would have left it."""

    def make(corpus: Corpus, state: str, *, made: str = "", **values: str) -> CorpusJob:
        work = works.start(workspace, "check", CheckSettings(corpus=corpus.id))
        told = JobState(state=state, ended_at=utc_now(), **values)
        JobFolder(workspace.corpus_job_folder(work.id)).write_state(told)
        reason = values.get("reason", "")
        workspace.jobs.claim_next(work.job.lane)
        if told.has_ended:
            workspace.jobs.publish(work.id, state, reason, {}, utc_now())
        if made:
            workspace.corpus_jobs.store_result(work.id, {"corpus": made})
        return workspace.corpus_jobs.get(work.id)

    return make


def links(app: AppTest, label: str) -> list[str]:
    found = [each.proto for each in app.get("page_link")]
    return [each.query_string for each in found if each.label == label]


def test_only_the_newest_that_ended_well_stand_open_and_the_rest_goes_at_once(
    workspace: Workspace, store: Store, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = store("B")
    # Of one corpus only the newest checks are kept.
    found = [begin(store(f"A{num}"), "finished", made=made.id) for num in range(5)]
    failed = begin(made, "failed", reason=ADDRESS)
    app = opened(workspace, monkeypatch, "corpora")
    (earlier,) = (each for each in app.expander if each.label == "Earlier")
    assert len(links(app, "Open")) == 5
    assert [each.label for each in earlier.button] == ["Dismiss all", "Dismiss", "Dismiss"]
    app = button(app, "Dismiss all").click().run()
    kept = {each.id for each in workspace.corpus_jobs.all()}
    assert kept == {failed.id, *(each.id for each in found[2:])}
    assert not [each for each in app.expander if each.label == "Earlier"]


def test_work_whose_corpus_was_deleted_has_no_card(
    workspace: Workspace, store: Store, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, made = store("A"), store("B")
    begin(corpus, "finished", made=made.id)
    assert links(opened(workspace, monkeypatch, "corpora"), "Open") == [f"id={made.id}"]
    delete_corpus(workspace, made.id)
    app = opened(workspace, monkeypatch, "corpora")
    assert not links(app, "Open")
    assert not [each for each in app.button if each.label == "Dismiss"]


def test_a_failure_stands_exactly_with_its_details_and_a_stop_is_none(
    workspace: Workspace, store: Store, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = store("A")
    for number in range(2):  # each has a box of its own
        begin(corpus, "failed", reason=f"{ADDRESS} {number}", hint="Do *that*.", detail="line 1")
    app = opened(workspace, monkeypatch, "corpus", id=corpus.id)
    assert not app.exception and not app.error
    texts = [each.value for each in app.text]
    assert {f"{ADDRESS} 0", f"{ADDRESS} 1", "Do *that*."} <= set(texts)
    assert [each.value for each in app.code][:2] == ["line 1"] * 2
    begin(corpus, "stopped", reason="Stopped on request; nothing of it was kept.")
    app = opened(workspace, monkeypatch, "corpus", id=corpus.id)
    assert "Stopped on request; nothing of it was kept." in said(app) and not app.error


def test_a_badge_of_work_says_nothing_of_models(
    workspace: Workspace, store: Store, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = store("A")
    begin(corpus, "finished", made=corpus.id)
    app = opened(workspace, monkeypatch, "corpora")
    (help_text,) = (each.proto.help for each in app.markdown if "finished" in each.value)
    assert help_text == "Everything was done."


def test_live_work_without_a_total_has_no_bar_and_what_just_ended_no_button(
    workspace: Workspace, store: Store, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = store("A")
    work = begin(corpus, "preparing")
    folder = JobFolder(workspace.corpus_job_folder(work.id))
    monkeypatch.setattr(JobFolder, "observed_state", JobFolder.read_state)
    step = {"kind": "progress", "note": "reading", "done": 1200, "total": 0, "elapsed_s": 1.0}
    append_json_line(folder.metrics_file, step)
    app = opened(workspace, monkeypatch, "corpora")
    assert "Reading · 1,200 …" in said(app) and not app.get("progress")
    assert button(app, "Stop")
    append_json_line(folder.metrics_file, {**step, "total": 2400})
    app = opened(workspace, monkeypatch, "corpora")
    assert len(app.get("progress")) == 1
    folder.write_state(JobState(state="finished"))  # its record follows
    app = opened(workspace, monkeypatch, "corpora")
    assert "Just ended …" in said(app)
    assert not {"Stop", "Dismiss"} & {each.label for each in app.button}


def test_an_address_without_a_corpus_leads_to_the_one_that_was_shown_last(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = store("A")
    assert "No corpus was chosen." in said(opened(workspace, monkeypatch, "corpus"))
    app = opened(workspace, monkeypatch, "corpus", id=corpus.id)
    app.query_params.clear()
    app.run()
    assert app.title[0].value == "A" and app.query_params["id"] == corpus.id
    delete_corpus(workspace, corpus.id)
    app.query_params.clear()
    app.run()
    assert f"There is no corpus '{corpus.id}'." in said(app)


def test_fine_tune_without_a_split_says_what_is_missing(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "corpus", id=store("A", num_dev=0).id)
    assert button(app, "Fine-tune on this corpus").disabled
    assert "Dev would be empty: split it first." in said(app)


def test_a_refused_deletion_keeps_both_buttons_and_says_why(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = store("A")
    stored_run(workspace, "finished")
    app = opened(workspace, monkeypatch, "corpus", id=corpus.id)
    app = button(app, "Delete …").click().run()
    button(app, "Delete …").click()  # a test has no fragments: the dialog must be opened again
    app = button(app, "Delete for good").click().run()
    assert "the corpus 'A'" in said(app)
    assert button(app, "Delete for good") and button(app, "Keep it")
    assert workspace.corpora.get(corpus.id)


@pytest.mark.parametrize(
    ("lengths", "wanted"),
    [((12, 80), {20, 50}), ((5, 60), {5, 10, 20, 50}), ((3, 3000), {10, 100, 1000})],
)
def test_an_axis_has_ticks_within_a_decade_too(lengths: tuple[int, int], wanted: set[int]) -> None:
    low, high = lengths
    figure = scatter_chart([(low, low), (high, high)], 1.0, title="", names=("a", "b"))
    assert {tick for tick in figure.layout.xaxis.tickvals if low <= tick <= high} == wanted


def test_text_is_back_translated_from_the_page_and_resumed_where_it_ended(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, "corpora")
    go = button(app, "Back-translate")
    assert go.disabled and "Choose a text file with a segment a line." in said(app)
    (sample,) = ready_workspace.corpora.all()
    settings = BackTranslateSettings(name="BT", corpus=sample.id, system="model:starter")
    work = works.start(ready_workspace, "back-translate", settings)
    folder = JobFolder(ready_workspace.corpus_job_folder(work.id))
    reason = "Stopped on request; 7 of 3,000 segments are translated."
    folder.write_state(JobState(state="stopped", reason=reason, ended_at=utc_now()))
    ready_workspace.jobs.claim_next(work.job.lane)
    ready_workspace.jobs.publish(work.id, "stopped", reason, {}, utc_now())
    app = opened(ready_workspace, monkeypatch, "corpora")
    assert reason in said(app)
    app = button(app, "Resume").click().run()
    assert not app.exception
    assert ready_workspace.corpus_jobs.get(work.id).job.state == "queued"
