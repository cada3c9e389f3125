"""Several systems asked at once: concurrency, stops, records that survive a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from core.storage.workspace import PROJECT, Workspace
from core.systems.board import Board, Question
from core.systems.catalogue import add_chain, add_endpoint, find_system
from core.systems.chain import ChainSettings
from core.systems.endpoint import EndpointSettings
from core.systems.parameters import Parameters
from core.systems.protocol import Request, SystemInfo
from tests.servers.chat_faults import PARTIAL
from tests.servers.fault_server import KEY, FaultServer
from tests.servers.tiny_llm import PAIRS, LlmServer

SOURCE = "The nurse writes a letter."
DIRECTION = ("eng_Latn", "gle_Latn")
COUNTING = "Count from one to one hundred."


@pytest.fixture
def board(workspace: Workspace) -> Iterator[Board]:
    opened = Board(workspace)
    yield opened
    opened.close()


def endpoint(
    workspace: Workspace, faults: FaultServer, situation: str, **values: Any
) -> SystemInfo:
    settings = EndpointSettings(
        name=values.pop("name", situation), base_url=faults.url(situation), model="m", **values
    )
    return add_endpoint(workspace, settings)


def questions(infos: list[SystemInfo], source: str = SOURCE, **parameters: Any) -> list[Question]:
    request = Request(source, *DIRECTION, Parameters(**parameters))
    return [Question(info, request, position=position) for position, info in enumerate(infos)]


def test_a_column_that_fails_disturbs_no_other(
    board: Board, workspace: Workspace, faults: FaultServer
) -> None:
    situations = ("echo", "401", "no-done", "drop-midway", "html-200", "no-usage")
    infos = [endpoint(workspace, faults, situation) for situation in situations]
    found = board.wait(board.ask(questions(infos)), 30)
    states = {answer.system_name: answer.state for answer in found}
    assert states == {
        "echo": "done",
        "401": "failed",
        "no-done": "done",
        "drop-midway": "failed",
        "html-200": "failed",
        "no-usage": "done",
    }
    by_name = {answer.system_name: answer for answer in found}
    assert "incomplete" in by_name["no-done"].failure
    assert by_name["drop-midway"].text == PARTIAL
    assert workspace.answers.of_ask(found[0].ask_id) == found


def test_stopping_one_column_lets_the_others_finish(
    board: Board, workspace: Workspace, faults: FaultServer
) -> None:
    infos = [
        endpoint(workspace, faults, "slow-2000-20", name="one"),
        endpoint(workspace, faults, "slow-40-20", name="two"),
    ]
    ask_id = board.ask(questions(infos))
    while not all(answer.text.count(" ") > 3 for answer in board.answers(ask_id)):
        time.sleep(0.02)
    board.stop(ask_id, 0)
    (left,) = faults.wait_for_disconnects()
    assert left.asked.situation == "slow-2000-20"
    first, second = board.wait(ask_id, 30)
    assert (first.state, second.state) == ("stopped", "done")
    assert first.text.startswith("0 1 2") and second.text.split()[-1] == "39"


def test_stop_all_frees_every_server(
    board: Board, workspace: Workspace, faults: FaultServer
) -> None:
    infos = [endpoint(workspace, faults, "slow-2000-20", name=str(n)) for n in range(6)]
    ask_id = board.ask(questions(infos))
    faults.wait_for_requests(6)
    board.stop(ask_id)
    faults.wait_for_disconnects(6)
    assert {answer.state for answer in board.wait(ask_id, 30)} == {"stopped"}
    assert not board.is_active(ask_id)


def test_the_same_ask_twice_asks_once(
    board: Board, workspace: Workspace, faults: FaultServer
) -> None:
    infos = [endpoint(workspace, faults, "echo")]
    ask_id = str(uuid.uuid4())
    for _ in range(2):
        board.ask(questions(infos), ask_id=ask_id)
    board.wait(ask_id, 30)
    assert len(faults.asked("echo")) == 1
    assert len(workspace.answers.of_ask(ask_id)) == 1


def test_a_key_for_the_session_is_used_and_stored_nowhere(
    board: Board, workspace: Workspace, faults: FaultServer
) -> None:
    info = endpoint(workspace, faults, "needs-key")
    with_key = board.ask(questions([info], f"Say {KEY}"), session_keys={info.id: KEY})
    without = board.ask(questions([info]))
    (good,), (bad,) = board.wait(with_key, 30), board.wait(without, 30)
    assert (good.state, bad.state) == ("done", "failed")
    assert "key was refused" in bad.failure
    assert KEY not in good.raw + good.text
    # The user's own text is the user's; nothing else may hold the key.
    stored = workspace.answers.of_ask(with_key)[0]
    assert KEY not in f"{stored.text} {stored.raw} {stored.failure} {stored.figures}"


def test_a_key_that_an_endpoint_echoes_reaches_neither_the_database_nor_another_endpoint(
    board: Board, workspace: Workspace, faults: FaultServer
) -> None:
    first = endpoint(workspace, faults, "needs-key")
    second = endpoint(workspace, faults, "echo")
    chain = ChainSettings(name="Both", first=first.id, second=second.id, pivot_lang="fra_Latn")
    info = add_chain(workspace, chain)
    text = f"My key is {KEY}."  # the endpoint echoes it
    ask_id = board.ask(questions([info], text), session_keys={first.id: KEY})
    (answer,) = board.wait(ask_id, 30)
    assert answer.state == "done", answer.failure
    (stored,) = workspace.answers.of_ask(ask_id)
    assert KEY not in str(stored.stages) + stored.text + stored.raw + str(stored.request)
    assert KEY not in json.dumps(faults.asked("echo")[0].body)


def test_a_stop_does_not_wait_for_a_busy_database(
    board: Board, workspace: Workspace, faults: FaultServer
) -> None:
    info = endpoint(workspace, faults, "slow-3000-20")
    ask_id = board.ask(questions([info]))
    faults.wait_for_requests()
    is_writing, may_end = threading.Event(), threading.Event()

    def write() -> None:
        with workspace.database.writing():
            is_writing.set()
            may_end.wait(30)

    writer = threading.Thread(target=write)
    writer.start()
    is_writing.wait(30)
    asking = threading.Thread(target=board.ask, args=(questions([info]),))
    asking.start()  # waits for the database
    board.stop(ask_id)
    faults.wait_for_disconnects()  # although nothing can be written
    may_end.set()
    writer.join()
    asking.join()
    (answer,) = board.wait(ask_id, 30)
    assert answer.state == "stopped"


def test_a_key_that_is_missing_is_told_in_its_column(
    board: Board, workspace: Workspace, faults: FaultServer
) -> None:
    infos = [
        endpoint(workspace, faults, "needs-key", key_env="ADAPTMLLM_NO_SUCH_KEY"),
        endpoint(workspace, faults, "echo"),
    ]
    first, second = board.wait(board.ask(questions(infos)), 30)
    assert "ADAPTMLLM_NO_SUCH_KEY" in first.failure and second.state == "done"


def test_a_refused_parameter_is_remembered_for_the_next_question(
    board: Board, workspace: Workspace, faults: FaultServer
) -> None:
    info = endpoint(workspace, faults, "no-temperature")
    for _ in range(2):
        (answer,) = board.wait(board.ask(questions([info], temperature=0.2)), 30)
        assert answer.figures["ignored"] == ["temperature"]
    assert len(faults.asked("no-temperature")) == 3


def test_costs_come_from_the_prices_of_the_endpoint(
    board: Board, workspace: Workspace, faults: FaultServer
) -> None:
    info = endpoint(workspace, faults, "echo", price_in_usd=1.0, price_out_usd=10.0)
    (answer,) = board.wait(board.ask(questions([info])), 30)
    figures = answer.figures
    expected = (figures["prompt_tokens"] + 10 * figures["completion_tokens"]) / 1e6
    assert figures["cost_usd"] == pytest.approx(expected, abs=1e-8) and expected > 0


def test_the_tiny_llm_streams_its_exact_answers_side_by_side(
    board: Board, workspace: Workspace, tiny_llm: LlmServer
) -> None:
    values = {"base_url": tiny_llm.url, "model": tiny_llm.model}
    infos = [
        add_endpoint(workspace, EndpointSettings(name=f"Tiny {n}", **values)) for n in range(2)
    ]
    for source, target in list(PAIRS.items())[:3]:
        found = board.wait(board.ask(questions(infos, source, temperature=0.0)), 60)
        assert [answer.text for answer in found] == [target, target]
        assert all(answer.finish_reason == "stop" for answer in found)


def test_a_stopped_answer_of_the_tiny_llm_leaves_it_free(
    board: Board, workspace: Workspace, tiny_llm: LlmServer
) -> None:
    values = {"base_url": tiny_llm.url, "model": tiny_llm.model}
    info = add_endpoint(workspace, EndpointSettings(name="Tiny", **values))
    for _ in range(20):  # it is quick: now and then it has finished before it can be stopped
        ask_id = board.ask(questions([info], COUNTING, temperature=0.0))
        while len(board.answers(ask_id)[0].text) < 20 and board.is_active(ask_id):
            time.sleep(0.005)
        board.stop(ask_id)
        (stopped,) = board.wait(ask_id, 30)
        if stopped.state == "stopped":
            break
    assert stopped.state == "stopped"
    assert PAIRS[COUNTING].startswith(stopped.text[:20]) and stopped.text != PAIRS[COUNTING]
    (answer,) = board.wait(board.ask(questions([info], SOURCE, temperature=0.0)), 30)
    assert answer.text == PAIRS[SOURCE]


def test_a_chain_shows_the_text_in_between(
    board: Board, workspace: Workspace, faults: FaultServer, tiny_llm: LlmServer
) -> None:
    values = {"base_url": tiny_llm.url, "model": tiny_llm.model}
    first = add_endpoint(workspace, EndpointSettings(name="Tiny", **values))
    service = EndpointSettings(name="LT", kind="libretranslate", base_url=faults.root("lt"))
    second = add_endpoint(workspace, service)
    chain = ChainSettings(
        name="Tiny, then LT", first=first.id, second=second.id, pivot_lang="gle_Latn"
    )
    info = add_chain(workspace, chain)
    request = Request(SOURCE, "eng_Latn", "fra_Latn", Parameters(temperature=0.0))
    (answer,) = board.wait(board.ask([Question(info, request)]), 30)
    assert answer.stages == [{"name": "in between", "text": PAIRS[SOURCE]}]
    assert answer.text == f"fr: {PAIRS[SOURCE]}"


KILLED = """
import sys, time
from core.storage.workspace import Workspace
from core.systems.board import Board, Question
from core.systems.catalogue import find_system
from core.systems.protocol import Request

workspace = Workspace(sys.argv[1])
board = Board(workspace)
infos = [find_system(workspace, name) for name in ("slow", "quick")]
request = Request("A source.", "eng_Latn", "gle_Latn")
board.ask([Question(i, request, position=n) for n, i in enumerate(infos)], ask_id=sys.argv[2])
time.sleep(60)
"""


def test_what_was_asked_survives_a_kill_and_says_that_it_was_interrupted(
    workspace: Workspace, faults: FaultServer
) -> None:
    endpoint(workspace, faults, "slow-5000-20", name="slow")
    endpoint(workspace, faults, "echo", name="quick")
    ask_id = str(uuid.uuid4())
    program = KILLED.replace("Workspace(sys.argv[1])", "Workspace(Path(sys.argv[1]))")
    command = [sys.executable, "-c", f"from pathlib import Path\n{program}"]
    process = subprocess.Popen(
        [*command, str(workspace.root), ask_id], cwd=PROJECT, env={**os.environ}
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = workspace.answers.of_ask(ask_id)
        if len(found) == 2 and found[0].text and found[1].state == "done":
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    board = Board(workspace)  # as a restarted server does
    slow, quick = board.answers(ask_id)
    board.close()
    assert slow.state == "interrupted" and slow.text.startswith("0 1") and slow.failure
    assert quick.state == "done" and quick.text.startswith("echo:")


def test_an_answer_of_a_living_process_is_not_interrupted_by_a_second_board(
    board: Board, workspace: Workspace, faults: FaultServer
) -> None:
    info = endpoint(workspace, faults, "slow-60-20")
    ask_id = board.ask(questions([info]))
    Board(workspace).close()
    (answer,) = board.wait(ask_id, 30)
    assert answer.state == "done"


def test_a_system_that_is_gone_is_told_in_its_column(
    board: Board, workspace: Workspace, faults: FaultServer
) -> None:
    info = endpoint(workspace, faults, "echo")
    workspace.systems.delete(info.id.partition(":")[2])
    (answer,) = board.wait(board.ask(questions([info])), 30)
    assert answer.state == "failed" and "There is no system" in answer.failure


def test_an_endpoint_is_found_by_its_name(workspace: Workspace, faults: FaultServer) -> None:
    info = endpoint(workspace, faults, "echo")
    assert find_system(workspace, "echo") == info
