"""Duels end to end: asked of real endpoints, judged blindly, counted once, kept."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from core.errors import ConfigError, DataError
from core.storage.answer_records import AnswerRecord
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace
from core.systems.arena import duels
from core.systems.board import Board
from core.systems.catalogue import add_endpoint, delete_system
from core.systems.endpoint import EndpointSettings
from core.systems.parameters import Parameters
from core.systems.prompt_choice import PromptChoice
from tests.servers.fault_server import FaultServer


@pytest.fixture
def board(ready_workspace: Workspace) -> Iterator[Board]:
    opened = Board(ready_workspace)
    yield opened
    opened.close()


def endpoint(workspace: Workspace, faults: FaultServer, situation: str, name: str) -> str:
    settings = EndpointSettings(name=name, base_url=faults.url(situation), model="m")
    return add_endpoint(workspace, settings).id


def asked(board: Board, workspace: Workspace, task: duels.Task) -> list[AnswerRecord]:
    ask_id = str(uuid.uuid4())
    duels.begin(
        board,
        workspace,
        task,
        ask_id=ask_id,
        choice=PromptChoice(),
        parameters=Parameters(),
        session_keys={},
    )
    return board.wait(ask_id, 30)


@pytest.fixture
def pair(ready_workspace: Workspace, faults: FaultServer) -> list[str]:
    """Two endpoints whose answers differ."""
    return [
        endpoint(ready_workspace, faults, "no-usage", "One"),
        endpoint(ready_workspace, faults, "slow-5-1", "Two"),
    ]


def test_a_vote_is_counted_once_for_the_side_that_was_shown(
    board: Board, ready_workspace: Workspace, pair: list[str]
) -> None:
    workspace = ready_workspace
    corpus = workspace.corpora.all()[0]
    for choice in ("left", "right", "tie"):
        task = duels.next_task(workspace, pair, corpus, "Una", seed=choice)
        answers = asked(board, workspace, task)
        assert duels.why_not(workspace, answers) == ""
        assert duels.vote(workspace, answers, choice, rater=" Una ")
        assert not duels.vote(workspace, answers, "tie")  # a double click
        vote = workspace.votes.of_ask(answers[0].ask_id)
        assert vote is not None and vote.rater == "Una" and vote.segment == task.segment
        left, right = duels.sides(answers)
        winner = {"left": left.system_id, "right": right.system_id, "tie": ""}[choice]
        assert {"a": vote.system_a, "b": vote.system_b, "tie": ""}[vote.outcome] == winner
    votes = workspace.votes.of_direction("eng_Latn", "gle_Latn")
    assert len({vote.segment for vote in votes}) == 3  # no segment twice for this rater and pair
    found = duels.standings(workspace, votes)
    assert {each.name for each in found} == {"One", "Two"}
    assert all(each.rating.num_votes == 3 and each.seconds is not None for each in found)


def test_that_both_are_unacceptable_is_another_judgement_than_who_is_better(
    board: Board, ready_workspace: Workspace, pair: list[str]
) -> None:
    workspace = ready_workspace
    task = duels.next_task(workspace, pair, workspace.corpora.all()[0], "", seed="x")
    answers = asked(board, workspace, task)
    duels.vote(workspace, answers, "left", are_both_unacceptable=True)
    found = duels.standings(workspace, workspace.votes.of_direction("eng_Latn", "gle_Latn"))
    assert found[0].rating.num_wins == 1
    assert [each.unacceptable_share for each in found] == [1.0, 1.0]


@pytest.mark.parametrize("situation", ["401", "length", "no-done", "empty", "drop-midway"])
def test_an_answer_that_is_none_gets_no_vote(
    board: Board, ready_workspace: Workspace, faults: FaultServer, situation: str
) -> None:
    workspace = ready_workspace
    ids = [
        endpoint(workspace, faults, "no-usage", "Good"),
        endpoint(workspace, faults, situation, "Bad"),
    ]
    task = duels.next_task(workspace, ids, workspace.corpora.all()[0], "", seed="x")
    answers = asked(board, workspace, task)
    assert duels.why_not(workspace, answers)
    with pytest.raises(ConfigError):
        duels.vote(workspace, answers, "left")
    assert workspace.votes.directions() == []


def test_a_text_of_ones_own_is_judged_too(
    board: Board, ready_workspace: Workspace, pair: list[str]
) -> None:
    workspace = ready_workspace
    own = duels.OwnText("A text.", "eng_Latn", "fra_Latn")
    answers = asked(board, workspace, duels.next_task(workspace, pair, own, "", seed="x"))
    assert duels.vote(workspace, answers, "tie")
    (vote,) = workspace.votes.of_direction("eng_Latn", "fra_Latn")
    assert (vote.corpus_id, vote.segment) == ("", None)
    with pytest.raises(ConfigError, match="no text"):
        duels.next_task(workspace, pair, duels.OwnText(" ", "eng_Latn", "fra_Latn"), "", seed="x")


def test_the_pair_with_the_fewest_votes_comes_next_and_the_end_is_told(
    board: Board, ready_workspace: Workspace, faults: FaultServer, pair: list[str]
) -> None:
    workspace = ready_workspace
    corpus = workspace.corpora.all()[0]
    third = endpoint(workspace, faults, "slow-6-1", "Three")
    seen = []
    for number in range(3):
        task = duels.next_task(workspace, [*pair, third], corpus, "", seed=str(number))
        duels.vote(workspace, asked(board, workspace, task), "tie")
        seen.append(frozenset(task.system_ids))
    assert len(set(seen)) == 3
    from dataclasses import replace

    small = replace(corpus, num_test=1)
    task = duels.next_task(workspace, pair, small, "Max", seed="x")
    duels.vote(workspace, asked(board, workspace, task), "tie", rater="Max")
    with pytest.raises(DataError, match="Max judged every pair"):
        duels.next_task(workspace, pair, small, "Max", seed="y")


def test_a_name_is_known_after_the_history_and_the_system_are_deleted(
    board: Board, ready_workspace: Workspace, pair: list[str]
) -> None:
    workspace = ready_workspace
    corpus = workspace.corpora.all()[0]
    for number in range(2):
        task = duels.next_task(workspace, pair, corpus, "", seed=str(number))
        answers = asked(board, workspace, task)
        duels.vote(workspace, answers, "left")
        workspace.answers.delete(answers[0].ask_id)
    names = {each.name for each in standings(workspace)}
    assert names == {"One", "Two"}
    delete_system(workspace, pair[0])
    kind, _, rest = pair[0].partition(":")
    assert {each.name for each in standings(workspace)} == {f"deleted {kind} {rest[:8]}", "Two"}
    kept = TranslationSet(
        "s", None, pair[0], "Once", "c", "C", "test", "eng_Latn", "gle_Latn", "h", 1, "2026"
    )
    workspace.translation_sets.add(kept)
    assert {each.name for each in standings(workspace)} == {"Once", "Two"}


def standings(workspace: Workspace) -> list[duels.Standing]:
    return duels.standings(workspace, workspace.votes.of_direction("eng_Latn", "gle_Latn"))


def test_the_systems_that_a_pair_was_taken_from_are_known_afterwards(
    board: Board, ready_workspace: Workspace, faults: FaultServer, pair: list[str]
) -> None:
    workspace = ready_workspace
    assert duels.last_pool(workspace, "") == []
    pool = [*pair, endpoint(workspace, faults, "slow-6-1", "Three")]
    corpus = workspace.corpora.all()[0]
    answers = asked(board, workspace, duels.next_task(workspace, pool, corpus, "", seed="x"))
    own = duels.OwnText("A text.", "eng_Latn", "fra_Latn")
    asked(board, workspace, duels.next_task(workspace, pair, own, "", seed="y"))
    assert duels.last_pool(workspace, answers[0].ask_id) == pool
    assert duels.last_pool(workspace, "") == pair
