"""Which requests are use, and when a service without any ends."""

import asyncio
import contextlib
import http.client
import socket
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from core.jobs import queue
from core.serving import idleness, services
from core.serving.document_queue import DocumentQueue
from core.serving.idleness import idle_sentence, until_idle
from core.serving.middleware import Observed
from core.serving.routes import chat, documents, operation, page, translation
from core.serving.settings import ServeSettings
from core.serving.statistics import Statistics
from core.serving.translator import Direction, Translation
from core.storage.workspace import Workspace

USES = {
    "/translate",
    "/translate_file",
    "/v1/chat/completions",
    "/detect",
    "/suggest",
    "/documents",
    "/documents/{document_id}",
    "/download_file/{document_id}",
}
ROUTES = sorted(
    {
        route.path  # type: ignore[attr-defined]
        for module in (translation, documents, chat, operation, page)
        for route in module.router.routes
    }
)
NEVER = 60.0


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idleness, "LOOK_EVERY_S", 0.005)


async def nothing() -> Message:
    return {"type": "http.request"}


async def unheard(message: Message) -> None: ...


def is_use(path: str, status: int) -> bool:
    """Lets the middleware watch one request and tells whether the time without use began anew."""
    statistics = Statistics()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": status, "headers": []})

    async def main() -> bool:
        scope = {"type": "http", "method": "POST", "path": path}
        scope["route"] = SimpleNamespace(path=path)  # type: ignore[assignment]
        before_s = statistics.idle_s
        service: Any = SimpleNamespace(statistics=statistics)
        await Observed(app, service)(scope, nothing, unheard)
        return statistics.idle_s < before_s + 0.01

    return asyncio.run(main())


@pytest.mark.parametrize("path", ROUTES)
def test_only_what_a_service_is_there_for_is_use(path: str) -> None:
    assert is_use(path, 200) == (path in USES)


def test_every_use_is_a_route() -> None:
    assert set(ROUTES) >= USES | {"/health", "/ready", "/metrics"}


@pytest.mark.parametrize("status", [400, 403, 413, 429, 499, 500, 503])
def test_a_request_that_got_no_translation_is_no_use(status: int) -> None:
    assert not is_use("/translate", status)


def test_a_request_on_its_way_keeps_the_service() -> None:
    async def main() -> None:
        statistics = Statistics()
        statistics.in_flight = 1
        idle = asyncio.create_task(until_idle(statistics, DocumentQueue(Held()), 1e-4))
        await asyncio.sleep(0.1)
        assert not idle.done()
        statistics.in_flight = 0
        await asyncio.wait_for(idle, 10)

    asyncio.run(main())


class Held:
    """Translates once it may."""

    def __init__(self) -> None:
        self.may_go = asyncio.Event()

    async def translate(self, texts: list[str], direction: Direction) -> list[Translation]:
        await self.may_go.wait()
        return [Translation(text) for text in texts]


def test_a_document_that_is_not_finished_keeps_the_service() -> None:
    async def main() -> None:
        held = Held()
        queue = DocumentQueue(held)  # type: ignore[arg-type]
        job = await queue.add("a.txt", b"One.", Direction("eng_Latn", "gle_Latn"))
        queue.begin(job)
        idle = asyncio.create_task(until_idle(Statistics(), queue, 1e-4))
        await asyncio.sleep(0.1)
        assert not idle.done() and job.state == "translating"
        held.may_go.set()
        await asyncio.wait_for(idle, 10)
        assert job.state == "finished"
        await queue.close()

    asyncio.run(main())


def test_time_before_it_was_ready_does_not_count() -> None:
    async def main() -> None:
        statistics = Statistics()
        statistics._last_use_s -= 2 * NEVER * 60
        idle = asyncio.create_task(until_idle(statistics, DocumentQueue(Held()), NEVER))
        await asyncio.sleep(0.05)
        assert not idle.done()
        idle.cancel()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(30.0, "30 minutes"), (1.0, "1 minute"), (0.5, "0.5 minutes"), (100_000, "100000 minutes")],
)
def test_the_end_is_told_in_minutes(minutes: float, words: str) -> None:
    assert idle_sentence(minutes) == f"The service ended after {words} without a request."


def test_a_supervised_service_that_nobody_uses_ends_and_says_so(
    private_workspace: Workspace,
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = ServeSettings(model="demo", port=port, idle_minutes=0.02)
    record = services.start(private_workspace, settings)
    folder = private_workspace.service_folder(record.id)
    sentence = "The service ended after 0.02 minutes without a request."
    starts = set()
    for _ in range(2):
        state = queue.wait(private_workspace, record.id)
        assert (state.state, state.reason, state.hint) == ("stopped", sentence, "")
        assert services.service_state(private_workspace, record).reason == sentence
        job = private_workspace.services.get(record.id).job
        assert (job.state, job.reason) == ("stopped", sentence)
        assert sentence in (folder / "log.txt").read_text()
        assert not list(folder.glob("failure-*")) and not services.is_healthy(record)
        starts.add(state.started_at)
        services.restart(private_workspace, record.id)
    assert len(starts) == 2  # the end of the first time is not taken for that of the second
    queue.wait(private_workspace, record.id)


def test_looks_at_health_do_not_keep_a_service(started: Callable[..., Any]) -> None:
    service = started("--idle-minutes", "0.05")
    deadline = time.monotonic() + 60
    while service.process.poll() is None:
        assert time.monotonic() < deadline
        for path in ("/health", "/ready", "/metrics", "/languages"):
            with contextlib.suppress(OSError, http.client.HTTPException):
                service.send(path)
        time.sleep(0.1)
    assert service.process.returncode == 0
    assert "The service ended after 0.05 minutes without a request." in service.log()
    assert "Traceback" not in service.log()
