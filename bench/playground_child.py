"""The measurements of the playground bench, to be made in a process of their own."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.data import SRC_LANG, TGT_LANG
from bench.report import say
from core.host import peak_memory_bytes
from core.storage.answer_records import AnswerRecord
from core.storage.workspace import PROJECT, Workspace
from core.systems.board import Board, Question
from core.systems.catalogue import add_endpoint
from core.systems.endpoint import EndpointSettings
from core.systems.parameters import Parameters
from core.systems.protocol import Request, SystemInfo

NUM_TURNS = 3
NUM_TOKENS = 200
PACES_MS = (12, 14, 15, 17, 18, 20)
NUM_STOPS = 20
NUM_SHORT = 60
NUM_UNSTOPPED = 5

READ_EVERY_S = 1 / 3  # as the page does
LOOK_EVERY_S = 0.002
PATIENCE_S = 60.0
SOURCE = "The nurse writes a letter."
LLM_CACHE = PROJECT / ".pytest_cache" / "d" / "tiny_llm"  # where the tests keep the tiny LLM

# Answers each line of its input with the times at which requests came or clients left.
_SERVER = """
import json, sys
from core.jobs.processes import die_with_parent
from tests.servers.fault_server import FaultServer

die_with_parent()
with FaultServer() as faults:
    print(faults.port, flush=True)
    for line in sys.stdin:
        what, num = line.split()
        if what == "forget":
            faults.forget()
            found = []
        elif what == "requests":
            found = faults.wait_for_requests(int(num))
        else:
            found = faults.wait_for_disconnects(int(num))
        print(json.dumps([each.at_s for each in found]), flush=True)
"""


@dataclass(frozen=True)
class Asking:
    """What it took to ask some systems at the same time.

    Attributes:
        total_s: Seconds until all had ended and were stored.
        first_token_s: Seconds until each had shown something.
        cpu_s_per_token: Processor seconds of the asking process for one token.
    """

    total_s: float
    first_token_s: float
    cpu_s_per_token: float


@dataclass
class Figures:
    """What the process of the measurement found.

    Attributes:
        cold_first_token_s: First token of the first question in the process.
        alone, together: The slowest column, and all; one of each a turn.
        peer: All columns by httpx2 with nothing around it.
        base_bytes: Memory of the process before anything was asked.
        peak_bytes: The most while six columns were asked and stopped.
        stop_s: Seconds until the last of six servers had seen the stop.
        stop_stored_s: Seconds until the stopped answers were stored.
        stop_silent_s: The same as `stop_s`, before a server has sent anything.
        short_ms, raw_ms, raw_new_ms: A short answer by the board; by httpx2 over a connection
            that is kept; by httpx2 with a new client.
        llm_alone_s, llm_stopped_s, llm_busy_s: A short answer of the tiny LLM: undisturbed, right
            after a long one was stopped, and beside a long one.
        llm_skipped: Why the tiny LLM was not asked.
    """

    cold_first_token_s: float = 0.0
    alone: list[Asking] = field(default_factory=list)
    together: list[Asking] = field(default_factory=list)
    peer: list[Asking] = field(default_factory=list)
    base_bytes: int = 0
    peak_bytes: int = 0
    stop_s: list[float] = field(default_factory=list)
    stop_stored_s: list[float] = field(default_factory=list)
    stop_silent_s: list[float] = field(default_factory=list)
    short_ms: list[float] = field(default_factory=list)
    raw_ms: list[float] = field(default_factory=list)
    raw_new_ms: list[float] = field(default_factory=list)
    llm_alone_s: list[float] = field(default_factory=list)
    llm_stopped_s: list[float] = field(default_factory=list)
    llm_busy_s: list[float] = field(default_factory=list)
    llm_skipped: str = ""


def measured(folder: Path) -> Figures:
    """Measures columns, stops and short answers on a workspace in `folder`."""
    found = Figures()
    with ExitStack() as stack:
        workspace = Workspace(folder / "workspace")
        stack.callback(workspace.database.dispose)
        board = Board(workspace)
        stack.callback(board.close)
        server = stack.enter_context(_paced_server())
        asked = _Asked(workspace, board, server)
        found.base_bytes = peak_memory_bytes()
        echo = asked.columns("echo")
        found.cold_first_token_s = asked.timed(echo, 1).first_token_s
        _measure_columns(asked, found)
        _measure_stops(asked, found)
        found.peak_bytes = peak_memory_bytes()
        _measure_short(asked, echo, found)
        _measure_llm(asked, found, stack)
    return found


class _Server:
    """The paced server in its process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._port = int(self._line())

    def url(self, situation: str) -> str:
        return f"http://127.0.0.1:{self._port}/{situation}/v1"

    def times(self, what: str, num: int = 0) -> list[float]:
        """Gives when the first requests came, or clients left; waits until there are `num`."""
        assert self._process.stdin
        self._process.stdin.write(f"{what} {num}\n")
        self._process.stdin.flush()
        found: list[float] = json.loads(self._line())
        return found

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the paced server has ended; its error is above")
        return line


@contextmanager
def _paced_server() -> Iterator[_Server]:
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield _Server(process)  # it ends with its input


@dataclass(frozen=True)
class _Asked:
    """A board with the server that its systems are on."""

    workspace: Workspace
    board: Board
    server: _Server

    def columns(self, *situations: str) -> list[SystemInfo]:
        """Adds an endpoint for each situation."""
        return [self.endpoint(self.server.url(each), "m") for each in situations]

    def endpoint(self, url: str, model: str) -> SystemInfo:
        """Adds an endpoint."""
        settings = EndpointSettings(name=str(uuid.uuid4()), base_url=url, model=model)
        return add_endpoint(self.workspace, settings)

    def ask(self, infos: Sequence[SystemInfo], source: str = SOURCE) -> str:
        """Asks all at the same time."""
        request = Request(source, SRC_LANG, TGT_LANG, Parameters(temperature=0.0))
        return self.board.ask([Question(each, request, position=n) for n, each in enumerate(infos)])

    def ended(self, ask_id: str, *states: str) -> list[AnswerRecord]:
        """Waits for all and refuses other ends than these."""
        answers = self.board.wait(ask_id, PATIENCE_S)
        for answer in answers:
            if answer.state not in states:
                raise RuntimeError(f"A column is {answer.state!r}: {answer.failure}")
        return answers

    def has_begun(self, ask_id: str) -> bool:
        """Whether each shows something."""
        return all(answer.text for answer in self.board.answers(ask_id))

    def timed(self, infos: Sequence[SystemInfo], num_tokens: int) -> Asking:
        """Asks all and reads meanwhile as the page does."""
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        ask_id = self.ask(infos)
        first: list[float] = []
        reader = threading.Thread(target=self._read, args=(ask_id, first))
        reader.start()
        answers = self.ended(ask_id, "done")
        total_s, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
        reader.join()
        if any(len(answer.text.split()) < num_tokens for answer in answers):
            raise RuntimeError(f"Answers are shorter than {num_tokens} tokens.")
        return Asking(total_s, first[0] - began_s, cpu_s / (num_tokens * len(infos)))

    def _read(self, ask_id: str, first: list[float]) -> None:
        while self.board.is_active(ask_id):
            if not first and self.has_begun(ask_id):
                first.append(time.monotonic())
            time.sleep(READ_EVERY_S if first else LOOK_EVERY_S)
            self.board.answers(ask_id)
        first.append(time.monotonic())  # if it came and ended between two looks


def _measure_columns(asked: _Asked, found: Figures) -> None:
    situations = [f"slow-{NUM_TOKENS}-{pace}" for pace in PACES_MS]
    infos = asked.columns(*situations)
    urls = [asked.server.url(situation) for situation in situations]
    slowest = infos[PACES_MS.index(max(PACES_MS))]
    ways: list[tuple[list[Asking], Callable[[], Asking]]] = [
        (found.alone, lambda: asked.timed([slowest], NUM_TOKENS)),
        (found.together, lambda: asked.timed(infos, NUM_TOKENS)),
        (found.peer, lambda: _peer(urls)),
    ]
    for turn in range(NUM_TURNS):
        for way in range(len(ways)):  # each turn begins with another one
            kept, measure = ways[(turn + way) % len(ways)]
            kept.append(measure())
        ratio = found.together[-1].total_s / found.alone[-1].total_s
        say(f"   turn {turn + 1}: {len(infos)} columns take {ratio:.3f} times the slowest")


def _peer(urls: Sequence[str]) -> Asking:
    """Asks all by httpx2, on one client and a loop of its own."""
    import httpx2

    firsts: dict[str, float] = {}

    async def one(client: httpx2.AsyncClient, url: str) -> None:
        num = 0
        async with client.stream("POST", f"{url}/chat/completions", json=_body()) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    choice = json.loads(line.removeprefix("data: "))["choices"][0]
                    if choice["delta"].get("content"):
                        firsts.setdefault(url, time.monotonic())
                        num += 1
        if num != NUM_TOKENS:
            raise RuntimeError(f"{num} tokens came from {url}")

    async def everything() -> None:
        async with httpx2.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
            await asyncio.gather(*(one(client, url) for url in urls))

    began_s, began_cpu_s = time.monotonic(), time.process_time()
    asyncio.run(everything())
    cpu_s = time.process_time() - began_cpu_s
    ended_s = time.monotonic()
    first_s = max(firsts.values()) - began_s
    return Asking(ended_s - began_s, first_s, cpu_s / (NUM_TOKENS * len(urls)))


def _body(model: str = "m", *, is_stream: bool = True) -> dict[str, Any]:
    messages = [{"role": "user", "content": SOURCE}]
    return {"model": model, "messages": messages, "temperature": 0.0, "stream": is_stream}


def _measure_stops(asked: _Asked, found: Figures) -> None:
    streaming = asked.columns(*[f"slow-2000-{pace}" for pace in PACES_MS])
    silent = asked.columns(*["stall-before"] * len(PACES_MS))
    for number in range(NUM_STOPS):
        seen_s, stored_s = _stopped(asked, streaming, asked.has_begun, number)
        found.stop_s.append(seen_s)
        found.stop_stored_s.append(stored_s)
        found.stop_silent_s.append(_stopped(asked, silent, lambda _: True, number)[0])


def _stopped(
    asked: _Asked, infos: list[SystemInfo], is_due: Callable[[str], bool], seed: int
) -> tuple[float, float]:
    """Gives the seconds from a stop until the last server sees it, and until all are stored."""
    asked.server.times("forget")
    ask_id = asked.ask(infos)
    asked.server.times("requests", len(infos))
    while not is_due(ask_id) and asked.board.is_active(ask_id):
        time.sleep(LOOK_EVERY_S)
    time.sleep(random.Random(seed).uniform(0, max(PACES_MS) / 1000))  # anywhere between two tokens
    began_s = time.monotonic()
    asked.board.stop(ask_id)
    asked.ended(ask_id, "stopped")
    stored_s = time.monotonic() - began_s
    # Both processes read the same clock of the kernel.
    return max(asked.server.times("disconnects", len(infos))) - began_s, stored_s


def _measure_short(asked: _Asked, infos: list[SystemInfo], found: Figures) -> None:
    import httpx2

    url = f"{asked.server.url('echo')}/chat/completions"

    def by_board() -> None:
        asked.ended(asked.ask(infos), "done")

    def by_new_client() -> None:
        with httpx2.Client(trust_env=False) as client:
            client.post(url, json=_body()).raise_for_status()

    with httpx2.Client(trust_env=False) as kept:
        for _ in range(NUM_SHORT):
            found.raw_ms.append(1000 * _timed_s(lambda: kept.post(url, json=_body())))
            found.short_ms.append(1000 * _timed_s(by_board))
            found.raw_new_ms.append(1000 * _timed_s(by_new_client))


def _timed_s(work: Callable[[], object]) -> float:
    began_s = time.monotonic()
    work()
    return time.monotonic() - began_s


def _measure_llm(asked: _Asked, found: Figures, stack: ExitStack) -> None:
    """Asks the tiny LLM, where `transformers serve` can be started."""
    # Only here: the memory of the measurement before is not to hold it.
    from tests.servers.tiny_llm import LONG_SOURCE, PAIRS, LlmServer, cached_tiny_llm

    LLM_CACHE.mkdir(parents=True, exist_ok=True)
    try:
        llm = stack.enter_context(LlmServer(cached_tiny_llm(LLM_CACHE)))
    except (AssertionError, OSError) as error:
        told = f"{error}".strip().splitlines()
        found.llm_skipped = " … ".join(dict.fromkeys((told[0], told[-1])))
        return
    import httpx2

    infos = [asked.endpoint(llm.url, llm.model)]
    client = stack.enter_context(httpx2.Client(trust_env=False, timeout=PATIENCE_S))

    def short() -> None:
        body = _body(llm.model, is_stream=False)
        answer = client.post(f"{llm.url}/chat/completions", json=body).json()
        if answer["choices"][0]["message"]["content"] != PAIRS[SOURCE]:
            raise RuntimeError(f"The tiny LLM answered {answer}")

    def long() -> str:
        ask_id = asked.ask(infos, LONG_SOURCE)
        while not asked.has_begun(ask_id) and asked.board.is_active(ask_id):
            time.sleep(LOOK_EVERY_S)
        return ask_id

    short()
    for _ in range(3 * NUM_STOPS):
        if len(found.llm_stopped_s) == NUM_STOPS:
            break
        found.llm_alone_s.append(_timed_s(short))
        ask_id = long()
        began_s = time.monotonic()
        asked.board.stop(ask_id)
        short()
        answered_s = time.monotonic() - began_s
        # One that had ended before it could be stopped says nothing.
        if asked.ended(ask_id, "stopped", "done")[0].state == "stopped":
            found.llm_stopped_s.append(answered_s)
    for _ in range(NUM_UNSTOPPED):
        ask_id = long()
        found.llm_busy_s.append(_timed_s(short))
        asked.ended(ask_id, "done")
