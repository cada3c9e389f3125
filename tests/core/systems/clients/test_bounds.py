"""How much of an answer is read, against servers that never end or compress what they say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Literal

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.systems.clients.bounds import MAX_BYTES, limited
from core.systems.clients.openai_system import OpenAISystem
from core.systems.clients.rest_system import RestSystem
from core.systems.collecting import Collected, collect
from core.systems.endpoint import EndpointSettings
from core.systems.failures import AskError
from core.systems.protocol import Request, SystemInfo
from core.systems.secrets import Credentials
from tests.servers.excesses import ERROR, NUM_PADDED, PADDING, THOUGHT
from tests.servers.fault_server import FaultServer

Kind = Literal["openai", "libretranslate"]

TOO_MUCH = "Testing is not the API that it should be: it answered with more than 4 MB."
COMPRESSED = "its answers are compressed, which was not asked for."


def opened(
    faults: FaultServer, situation: str, kind: Kind, headers: dict[str, str] | None = None
) -> OpenAISystem | RestSystem:
    url = faults.url(situation) if kind == "openai" else faults.root(situation)
    settings = EndpointSettings(name="Testing", kind=kind, base_url=url, model="m", deadline_s=20.0)
    info = SystemInfo("endpoint:1", "Testing", kind)
    made = OpenAISystem if kind == "openai" else RestSystem
    return made(info, settings, Credentials("", headers or {}, ()))


def asked(faults: FaultServer, situation: str, kind: Kind = "openai", **headers: str) -> Collected:
    system = opened(faults, situation, kind, headers)

    async def run() -> Collected:
        try:
            return await collect(system, Request("Hello", "eng_Latn", "gle_Latn"))
        finally:
            await system.close()

    return asyncio.run(run())


def models_refused(faults: FaultServer, situation: str) -> AskError:
    system = opened(faults, situation, "openai")
    assert isinstance(system, OpenAISystem)

    async def run() -> list[str]:
        try:
            return await system.models()
        finally:
            await system.close()

    with pytest.raises(AskError) as caught:
        asyncio.run(run())
    return caught.value


@pytest.mark.parametrize(
    ("kind", "situation"),
    [
        ("openai", "endless-json"),
        ("openai", "endless-blanks"),
        ("openai", "endless-page"),
        ("openai", "endless-text"),
        ("openai", "endless-event"),
        ("openai", "endless-lines"),
        ("libretranslate", "endless-json"),
        ("libretranslate", "endless-blanks"),
        ("libretranslate", "endless-event"),
        ("libretranslate", "endless-lines"),
    ],
)
def test_answer_without_an_end_is_refused_in_one_sentence(
    faults: FaultServer, kind: Kind, situation: str
) -> None:
    found = asked(faults, situation, kind)
    assert isinstance(found.failure, AskError) and found.failure.kind == "protocol"
    assert found.failure.message == TOO_MUCH
    assert ("end in /v1" in found.failure.hint) == (kind == "openai")
    assert found.raw == ""
    faults.wait_for_disconnects()


def test_list_of_models_without_an_end_is_refused_in_one_sentence(faults: FaultServer) -> None:
    error = models_refused(faults, "endless-json")
    assert (error.kind, error.message) == ("protocol", TOO_MUCH)
    faults.wait_for_disconnects()


@pytest.mark.parametrize("kind", ["openai", "libretranslate"])
@pytest.mark.parametrize(
    ("situation", "failure", "sentence"),
    [
        ("endless-error", "server", f"Testing answered 500: {ERROR} xxx"),
        ("endless-refusal", "rate", "Testing answered 429: "),
    ],
)
def test_error_page_without_an_end_still_says_what_is_wrong(
    faults: FaultServer, kind: Kind, situation: str, failure: str, sentence: str
) -> None:
    found = asked(faults, situation, kind)
    assert isinstance(found.failure, AskError) and found.failure.kind == failure
    assert found.failure.message.startswith(sentence)
    assert len(found.failure.message) < 300
    faults.wait_for_disconnects()


def test_stream_may_be_long_as_long_as_its_events_are_not(faults: FaultServer) -> None:
    assert NUM_PADDED * len(PADDING) > MAX_BYTES > len(PADDING)
    found = asked(faults, "padded-events")
    assert found.failure is None
    assert (found.raw, found.finish_reason) == ("a " * NUM_PADDED, "stop")
    # Where no stream was asked for, events are a body like any other.
    refused = asked(faults, "padded-events", "libretranslate").failure
    assert refused is not None and refused.message == TOO_MUCH
    assert models_refused(faults, "padded-events").message == TOO_MUCH


def test_what_comes_without_an_end_after_the_end_is_no_failure(faults: FaultServer) -> None:
    found = asked(faults, "endless-rest")
    assert (found.state, found.raw, found.finish_reason) == ("done", "a", "stop")
    faults.wait_for_disconnects()


def test_thoughts_without_an_end_are_cut(faults: FaultServer) -> None:
    found = asked(faults, "endless-thoughts")
    assert (found.state, found.finish_reason, found.raw) == ("done", "length", "")
    assert "cut at the maximum" in found.problem
    assert (
        found.stages["reasoning"].startswith(THOUGHT) and len(found.stages["reasoning"]) < 500_000
    )
    faults.wait_for_disconnects()


# What the library would unpack, to whatever size.
UNPACKED = httpx2.Client(trust_env=False).headers["accept-encoding"].split(", ")


@pytest.mark.parametrize("coding", [*UNPACKED, "GZIP", "identity,gzip"])
def test_compressed_answer_is_refused(faults: FaultServer, coding: str) -> None:
    situation = f"coded-{coding}"
    for kind in ("openai", "libretranslate"):
        found = asked(faults, situation, kind)
        assert isinstance(found.failure, AskError) and found.failure.kind == "protocol"
        assert COMPRESSED in found.failure.message
    assert COMPRESSED in models_refused(faults, situation).message


@pytest.mark.parametrize("coding", [*UNPACKED, "identity,gzip"])
def test_compressed_refusal_is_told_by_its_status(faults: FaultServer, coding: str) -> None:
    for kind in ("openai", "libretranslate"):
        found = asked(faults, f"busy-coded-{coding}", kind)
        assert isinstance(found.failure, AskError)
        assert (found.failure.kind, found.failure.status) == ("rate", 429)


@pytest.mark.parametrize("kind", ["openai", "libretranslate"])
def test_nothing_compressed_is_asked_for_whatever_headers_an_endpoint_has(
    faults: FaultServer, kind: Kind
) -> None:
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        assert asked(faults, "coded-identity", kind, **headers).text == "a"
    assert [each.headers["accept-encoding"] for each in faults.requests] == ["identity"] * 2


REFUSAL = AskError("too much")


def read(
    pieces: list[bytes], max_bytes: int, refusal: AskError | None = REFUSAL, *, by_event: bool
) -> tuple[list[bytes], bool, bool]:
    """Gives what came, whether the rest was refused, and whether the body was let go of."""
    came: list[bytes] = []
    is_closed = False

    async def body() -> AsyncGenerator[bytes, None]:
        nonlocal is_closed
        try:
            for piece in pieces:
                yield piece
        finally:
            is_closed = True

    async def run() -> tuple[bool, bool]:
        try:
            async for piece in limited(body(), max_bytes, refusal, by_event=by_event):
                came.append(piece)
        except AskError:
            return True, is_closed
        return False, is_closed

    return came, *asyncio.run(run())


def open_event(text: bytes) -> int:
    """Gives the bytes after the last empty line: what a reader of events must still hold."""
    num_bytes = 0
    for line in text.splitlines(keepends=True):
        num_bytes = 0 if line in (b"\n", b"\r", b"\r\n") else num_bytes + len(line)
    return num_bytes


PIECES = st.lists(
    st.sampled_from([b"", b"a", b"data: abc", b"\n", b"\r", b"\r\n", b"\n\n", b"\n\ndata: abc"])
)


@given(PIECES, st.integers(0, 60))
def test_body_is_read_up_to_its_limit_and_let_go_of(pieces: list[bytes], max_bytes: int) -> None:
    whole = b"".join(pieces)
    came, is_refused, is_closed = read(pieces, max_bytes, by_event=False)
    assert is_refused == (len(whole) > max_bytes)
    assert whole.startswith(b"".join(came)) and len(b"".join(came)) <= max_bytes
    assert (came == pieces) == (not is_refused)
    assert is_closed
    assert read(pieces, max_bytes, None, by_event=False) == (came, False, True)


@given(PIECES, st.integers(8, 24))
@example([b"a" * 8, b"\r", b"\n", b"\r", b"\n", b"a" * 8] * 3, 12)
@example([b"data: a\n\ndata: b"] * 9, 17)
def test_limit_of_a_stream_is_that_of_each_event(pieces: list[bytes], max_bytes: int) -> None:
    came, is_refused, is_closed = read(pieces, max_bytes, by_event=True)
    open_bytes = [open_event(b"".join(pieces[:end])) for end in range(1, len(pieces) + 1)]
    assert all(num_bytes <= max_bytes for num_bytes in open_bytes[: len(came)])
    # The ends of lines around an event may count as part of it.
    assert not is_refused or open_bytes[len(came)] > max_bytes - 4
    assert (came == pieces) == (not is_refused)
    assert is_closed
