"""Counting a corpus in tokens of a base model, as a task."""

from __future__ import annotations

import uuid

import pytest

from core.corpora import works
from core.corpora.storing import store_corpus
from core.corpora.tasks import load_task
from core.errors import AdaptMLLMError, ModelError
from core.finetune.preflight.corpus_lengths import corpus_lengths
from core.finetune.recipes import SCRATCH, STARTER
from core.finetune.settings import FineTuneSettings
from core.finetune.token_lengths import TokenLengths
from core.finetune.token_task import TASK, TokenSettings, tokens_of
from core.jobs import queue
from core.jobs.folder import JobFolder
from core.settings import bounds_of
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


@pytest.fixture
def corpus(ready_workspace: Workspace) -> Corpus:
    return store_corpus(
        ready_workspace,
        name="few",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        splits={"train": [("hands " * 30, "lámha"), ("Wash your hands.", "Ω")]},
    )


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay in the queue: the tests do their work here."""
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: None)


def worked(workspace: Workspace, corpus: Corpus, **values: object) -> str:
    """Does the work of a job and stores the result, as its process does; gives its id."""
    settings = TokenSettings.parse({"corpus": corpus.name, "base_model": STARTER, **values})
    work = works.start(workspace, "tokens", settings, work_id=str(uuid.uuid4()))
    folder = JobFolder(workspace.corpus_job_folder(work.id))
    told: list[str] = []

    def watch(phase: str, done: int, total: int) -> None:
        told.append(phase)

    given = TASK.settings.load(folder.settings_file)
    workspace.corpus_jobs.store_result(work.id, TASK.work(workspace, given, folder, watch))
    assert told[0] == "loading the tokenizer of starter"
    assert "counting tokens of the train split" in told
    return work.id


def test_it_is_the_task_of_its_name() -> None:
    assert load_task("tokens") is TASK


def test_bounds_are_those_of_a_run() -> None:
    for name in ("max_source_length", "max_target_length"):
        ours, theirs = (each.model_fields[name] for each in (TokenSettings, FineTuneSettings))
        assert bounds_of(ours) == bounds_of(theirs)
        assert ours.default == theirs.default


def test_the_newest_of_each_model_and_direction_is_given(
    ready_workspace: Workspace, corpus: Corpus
) -> None:
    assert tokens_of(ready_workspace, corpus.id) == []
    worked(ready_workspace, corpus, max_source_length=10)
    newest = worked(ready_workspace, corpus, max_source_length=1000)
    turned = worked(ready_workspace, corpus, is_reversed=True)
    found = tokens_of(ready_workspace, corpus.id)
    assert [work.id for _, _, work in found] == [turned, newest]
    settings, tokens, _ = found[1]
    assert (settings.corpus, settings.max_source_length) == (corpus.id, 1000)
    assert isinstance(tokens, TokenLengths)
    train = tokens.splits["train"]
    assert (train.num_segments, train.source.lang, train.num_cut) == (2, "eng_Latn", 0)
    assert train.target.unknown_characters == (("Ω", 1),)
    # Turned, what was the target is the source.
    other = found[0][1].splits["train"]
    assert (other.source.lang, other.target.lang) == ("gle_Latn", "eng_Latn")
    assert other.source.unknown_characters == (("Ω", 1),)
    assert other.target.longest[0][0] == 1


def test_of_a_large_split_so_many_are_drawn(ready_workspace: Workspace, corpus: Corpus) -> None:
    worked(ready_workspace, corpus, max_source_length=40, max_segments=1)
    ((_, tokens, _),) = tokens_of(ready_workspace, corpus.id)
    assert tokens.splits["train"].num_measured == 1
    worked(ready_workspace, corpus, max_source_length=40)
    ((_, tokens, _),) = tokens_of(ready_workspace, corpus.id)
    assert tokens.splits["train"].source.num_longer == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"base_model": " "}, "No base model was named"),
        ({"base_model": SCRATCH}, "learns its tokens when its run begins"),
        ({"base_model": "/nowhere/at/all"}, "There is no folder /nowhere/at/all"),
        ({"corpus": "nothing"}, "There is no corpus 'nothing'"),
    ],
)
def test_what_cannot_be_counted_is_refused_and_nothing_is_written(
    ready_workspace: Workspace, corpus: Corpus, values: dict[str, str], message: str
) -> None:
    settings = TokenSettings.parse({"corpus": corpus.id, "base_model": STARTER, **values})
    with pytest.raises(AdaptMLLMError, match=message):
        works.start(ready_workspace, "tokens", settings)
    assert ready_workspace.corpus_jobs.all() == []


def test_a_starter_that_is_not_built_is_refused(workspace: Workspace) -> None:
    corpus = store_corpus(
        workspace,
        name="few",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        splits={"train": [("a", "b")]},
    )
    settings = TokenSettings(corpus=corpus.id, base_model=STARTER)
    with pytest.raises(ModelError, match="starter model has not been built"):
        TASK.check(workspace, settings)


@pytest.mark.usefixtures("nothing_starts")
def test_preflight_knows_the_tokens_of_everything_that_is_learnt(
    ready_workspace: Workspace, corpus: Corpus
) -> None:
    long = [("The nurse writes a letter. " * 6, "Beir an t-altra litir léi. " * 4)]
    more = store_corpus(
        ready_workspace,
        name="more",
        src_lang="gle_Latn",
        tgt_lang="eng_Latn",
        splits={"train": [pair[::-1] for pair in long] * 10},
    )
    one = FineTuneSettings.parse({"corpus": corpus.id, "base_model": STARTER})
    mixed = one.changed(mixed=[{"corpus": more.id, "weight": 2.0}])
    worked(ready_workspace, corpus)
    alone = corpus_lengths(ready_workspace, one)
    assert alone.is_measured and not corpus_lengths(ready_workspace, mixed).is_measured

    worked(ready_workspace, more)  # the other way round: what it counts is turned
    both = corpus_lengths(ready_workspace, mixed)
    assert both.is_measured and both.num_train == alone.num_train + 20
    added = corpus_lengths(ready_workspace, one.changed(corpus=more.id))
    assert added.is_measured and added.mean_source > added.mean_target > alone.longest_target
    assert both.longest_source == max(added.longest_source, alone.longest_source)
    tokens = alone.num_train * alone.mean_source + 20 * added.mean_source
    assert both.mean_source == pytest.approx(tokens / both.num_train)

    turned = corpus_lengths(ready_workspace, mixed.changed(both_directions=True))
    longest = max(both.longest_source, both.longest_target)
    assert turned.longest_source == turned.longest_target == longest
    assert turned.num_train == 2 * both.num_train
    assert turned.mean_source == pytest.approx((both.mean_source + both.mean_target) / 2)
