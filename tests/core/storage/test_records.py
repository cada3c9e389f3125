from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import DataError, TrainingError
from core.storage.corpus_records import Corpus
from core.storage.job_records import ACTIVE, ENDED, WAITING, Job
from core.storage.run_records import Run
from core.storage.workspace import Workspace

NOW = "2024-03-04T05:06:07.123+00:00"

CORPUS = Corpus(
    id="c1",
    name="Covid ☕ 'quoted'",
    src_lang="eng_Latn",
    tgt_lang="gle_Latn",
    origin="imported from a.tsv",
    is_synthetic=False,
    num_train=3,
    num_dev=2,
    num_test=1,
    created_at=NOW,
    details={"files": {"train": ["a.tsv"]}, "split_seed": None},
)

JOB = Job(
    id="r1",
    kind="core.finetune.job",
    folder="runs/r1",
    lane="compute",
    state=WAITING,
    queued_at=NOW,
    progress={"step": 3, "losses": [1.5, 0.25], "seconds_left": None},
)

RUN = Run(
    id="r1",
    name="First",
    corpus_id="c1",
    corpus_name="Covid",
    base_model="starter",
    src_lang="eng_Latn",
    tgt_lang="gle_Latn",
    settings={"num_epochs": 3, "learning_rate": 2e-5},
    scores={},
    train_seconds=None,
    created_at=NOW,
    job=JOB,
)


def add_run(workspace: Workspace, run_id: str, *, state: str = WAITING, day: int = 1) -> Run:
    job = replace(JOB, id=run_id, folder=f"runs/{run_id}", state=state)
    run = replace(RUN, id=run_id, name=f"Run {run_id}", created_at=f"2024-01-0{day}", job=job)
    workspace.runs.add(run)
    return run


def test_title_and_person_are_stored_as_any_database_takes_them(
    workspace: Workspace,
) -> None:
    job = replace(JOB, title="☕" * 301, person="Ná\0oise \udcff")
    assert job.title == "☕" * 299 + "…" and job.person == "Náoise ?"
    workspace.runs.add(replace(RUN, job=job))
    assert workspace.jobs.get("r1") == workspace.runs.get("r1").job == job
    assert replace(JOB, person="p" * 200).person == "p" * 200


def test_corpus_comes_back_as_it_was_stored(workspace: Workspace) -> None:
    workspace.corpora.add(CORPUS)
    assert workspace.corpora.get("c1") == workspace.corpora.get(CORPUS.name) == CORPUS
    assert workspace.corpora.all() == [CORPUS]
    assert CORPUS.counts == {"train": 3, "dev": 2, "test": 1}


def test_corpus_name_is_unique(workspace: Workspace) -> None:
    workspace.corpora.add(CORPUS)
    with pytest.raises(DataError, match="There is already a corpus named"):
        workspace.corpora.add(replace(CORPUS, id="c2"))


def test_corpora_are_listed_newest_first(workspace: Workspace) -> None:
    for number in (1, 3, 2):
        created_at = f"2024-01-0{number}"
        workspace.corpora.add(
            replace(CORPUS, id=str(number), name=str(number), created_at=created_at)
        )
    assert [corpus.id for corpus in workspace.corpora.all()] == ["3", "2", "1"]


def test_unknown_corpus_names_those_that_exist(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="There is no corpus 'x'") as caught:
        workspace.corpora.get("x")
    assert caught.value.hint == "Corpora: none yet."
    workspace.corpora.add(CORPUS)
    with pytest.raises(DataError) as caught:
        workspace.corpora.get("x")
    assert CORPUS.name in caught.value.hint
    with pytest.raises(DataError, match="No corpus was chosen"):
        workspace.corpora.get("")


def test_deleted_corpus_is_gone(workspace: Workspace) -> None:
    workspace.corpora.add(CORPUS)
    workspace.corpora.delete("c1")
    assert workspace.corpora.all() == []


def test_run_and_its_job_come_back_as_they_were_stored(workspace: Workspace) -> None:
    workspace.runs.add(RUN)
    assert workspace.runs.get("r1") == workspace.runs.get("First") == RUN
    assert workspace.jobs.get("r1") == JOB
    assert workspace.runs.newest() == [RUN]


def test_an_id_counts_before_a_name_and_a_shared_name_is_refused(workspace: Workspace) -> None:
    for number, name in (("1", "First"), ("3", "First"), ("2", "1")):
        job = replace(JOB, id=number)
        values = {"id": number, "name": name, "created_at": f"2024-01-0{number}", "job": job}
        workspace.runs.add(replace(RUN, **values))
    assert workspace.runs.get("1").name == "First"
    with pytest.raises(TrainingError, match="2 runs have the name 'First'. Give the id .* 3 for"):
        workspace.runs.get("First")


def test_unknown_run_is_one_sentence(workspace: Workspace) -> None:
    with pytest.raises(TrainingError, match="There is no run 'x'"):
        workspace.runs.get("x")


def test_runs_are_paged_newest_first_and_selected_by_state(workspace: Workspace) -> None:
    for day, state in enumerate((WAITING, "training", "finished", "finished", "failed"), start=1):
        add_run(workspace, f"r{day}", state=state, day=day)
    ids = [run.id for run in workspace.runs.newest(limit=2, offset=1)]
    assert ids == ["r4", "r3"]
    assert [run.id for run in workspace.runs.newest(states=("finished",))] == ["r4", "r3"]
    assert workspace.runs.counts() == {"queued": 1, "training": 1, "finished": 2, "failed": 1}
    assert workspace.runs.of_corpus("c1") == 5
    assert workspace.runs.of_corpus("c2") == 0


def test_scores_of_a_run_can_change(workspace: Workspace) -> None:
    add_run(workspace, "r1")
    add_run(workspace, "r2")
    scores = {"fine_tuned": [{"name": "BLEU", "value": 12.5}]}
    workspace.runs.store_scores("r1", scores, 61.5)
    run = workspace.runs.get("r1")
    assert (run.id, run.scores, run.train_seconds) == ("r1", scores, 61.5)
    assert workspace.runs.get("r2").scores == {}


def test_deleted_run_takes_its_job_along(workspace: Workspace) -> None:
    add_run(workspace, "r1")
    workspace.runs.delete("r1")
    assert workspace.jobs.get("r1") is None
    assert workspace.runs.newest() == []


def test_run_whose_job_cannot_be_stored_is_not_stored(workspace: Workspace) -> None:
    add_run(workspace, "r1")
    with pytest.raises(Exception, match="UNIQUE"):
        add_run(workspace, "r1")
    assert len(workspace.runs.newest()) == 1


def test_waiting_job_can_be_cancelled_once(workspace: Workspace) -> None:
    add_run(workspace, "r1")
    assert workspace.jobs.cancel_waiting("r1", "Not wanted.")
    assert not workspace.jobs.cancel_waiting("r1", "Again.")
    job = workspace.jobs.get("r1")
    assert job is not None
    assert (job.state, job.reason, bool(job.ended_at)) == ("stopped", "Not wanted.", True)


@pytest.mark.parametrize("state", [WAITING, *ACTIVE, *ENDED])
def test_only_an_ended_job_goes_back_into_the_queue(state: str, workspace: Workspace) -> None:
    run = add_run(workspace, "r1", state=state)
    assert run.job.is_active == (state in ACTIVE)
    assert run.job.has_ended == (state in ENDED)
    assert workspace.jobs.requeue("r1", "compute") == (state in ENDED)
    job = workspace.jobs.get("r1")
    assert job is not None
    assert job.state == (WAITING if state in ENDED else state)
    assert job.progress == JOB.progress


def test_late_writer_does_not_take_a_job_out_of_the_queue(workspace: Workspace) -> None:
    add_run(workspace, "r1", state="lost")
    workspace.jobs.requeue("r1", "compute")
    workspace.jobs.publish("r1", "failed", "An old story.", {}, NOW)
    job = workspace.jobs.get("r1")
    assert job is not None
    assert (job.state, job.reason) == (WAITING, "")


def test_progress_of_an_active_job_is_published(workspace: Workspace) -> None:
    add_run(workspace, "r1", state="training")
    workspace.jobs.publish("r1", "finished", "", {"step": 9}, NOW)
    job = workspace.jobs.get("r1")
    assert job is not None
    assert (job.state, job.progress, job.ended_at) == ("finished", {"step": 9}, NOW)


def test_unknown_job_is_none(workspace: Workspace) -> None:
    assert workspace.jobs.get("x") is None
