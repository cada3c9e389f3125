"""The fault server: each situation is what its name says, and everything is noted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from libretranslatepy import LibreTranslateAPI

from tests.servers import excesses
from tests.servers.chat_faults import PARTIAL, SITUATIONS, TEXT
from tests.servers.fault_server import KEY, FaultServer

MESSAGES = [{"role": "system", "content": "Translate."}, {"role": "user", "content": "a b"}]
STALLING = {"stall-before", "stall-midway", "drop-midway", "huge", "slow"}


@pytest.fixture(scope="module")
def web() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, timeout=20) as opened:
        yield opened


@pytest.fixture
def client(faults: FaultServer) -> Iterator[openai.OpenAI]:
    plain = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(
        base_url=faults.url(), api_key="wrong-key", max_retries=0, http_client=plain
    ) as opened:
        yield opened


def streamed(client: openai.OpenAI, url: str, **fields: Any) -> tuple[str, str | None, str]:
    """Gives text, finish reason and the name of the error that ended the stream."""
    text, reason = "", None
    there = client.with_options(base_url=url, timeout=0.5)
    try:
        with there.chat.completions.create(
            model="m", messages=MESSAGES, stream=True, **fields
        ) as stream:
            for chunk in stream:
                for choice in chunk.choices:
                    text += choice.delta.content or ""
                    reason = choice.finish_reason or reason
    except (openai.APIError, ValueError) as error:
        return text, reason, type(error).__name__
    return text, reason, ""


@pytest.mark.parametrize("situation", sorted(SITUATIONS.keys() - STALLING))
@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions", "/v1/completions"])
def test_every_situation_answers_as_it_is_meant_to(
    faults: FaultServer, web: httpx2.Client, situation: str, path: str
) -> None:
    url = faults.root(situation) + path
    named = situation[:3]
    meant = {200} | ({int(named)} if named.isdigit() else {307, 400, 401, 422})
    if path == "/v1/models":
        assert web.get(url).status_code in meant
        return
    fields = {"model": "m", "messages": MESSAGES, "prompt": "a b", "temperature": 0, "top_k": 1}
    for is_stream in (True, False):
        assert web.post(url, json={**fields, "stream": is_stream}).status_code in meant


@pytest.mark.parametrize(
    ("situation", "text", "reason", "error"),
    [
        ("echo", "echo: a b", "stop", ""),
        ("slow-3-1", "0 1 2 ", "stop", ""),
        ("length", PARTIAL, "length", ""),
        ("empty", "", "stop", ""),
        ("reasoning", TEXT, "stop", ""),
        ("no-done", PARTIAL, None, ""),
        ("drop-midway", PARTIAL, None, "APIConnectionError"),
        ("stall-midway", PARTIAL, None, "APITimeoutError"),
        ("stall-before", "", None, "APITimeoutError"),
        ("sse-error", PARTIAL, None, "APIError"),
        ("sse-429", PARTIAL, None, "APIError"),
        ("sse-late-temperature", PARTIAL, None, "APIError"),
        ("sse-no-temperature", "", None, "APIError"),
        ("temperature-range", "", None, "BadRequestError"),
        ("infinite", "Dia duit", "stop", ""),
        ("long-number", "", None, "ValueError"),
        ("malformed-json", "", None, "JSONDecodeError"),
        ("non-utf8", "", None, "UnicodeDecodeError"),
        ("html-200", "", None, ""),
        ("401", "", None, "AuthenticationError"),
        ("needs-key", "", None, "AuthenticationError"),
        ("no-temperature", "", None, "BadRequestError"),
        ("no-extra", "", None, "UnprocessableEntityError"),
        ("nowhere", "", None, "NotFoundError"),
    ],
)
def test_streams_end_as_they_are_meant_to(
    faults: FaultServer,
    client: openai.OpenAI,
    situation: str,
    text: str,
    reason: str | None,
    error: str,
) -> None:
    found = streamed(client, faults.url(situation), temperature=0.2, seed=1)
    assert found == (text, reason, error)


def test_a_refused_key_is_echoed(faults: FaultServer, client: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError, match="wrong-key"):
        client.with_options(base_url=faults.url("401")).models.list()


def test_the_second_request_after_a_rate_limit_works(
    faults: FaultServer, client: openai.OpenAI
) -> None:
    there = client.with_options(base_url=faults.url("429-retry-1"))
    with pytest.raises(openai.RateLimitError) as busy:
        there.chat.completions.create(model="m", messages=MESSAGES)
    assert busy.value.response.headers["retry-after"] == "1"
    there.chat.completions.create(model="m", messages=MESSAGES)
    assert len(faults.asked("429-retry-1")) == 2


def test_requests_are_noted_as_they_were_sent(faults: FaultServer, client: openai.OpenAI) -> None:
    streamed(client, faults.url("redirect"), temperature=0.5)
    first, second = faults.requests
    assert (first.situation, first.rest) == ("redirect", "/v1/chat/completions")
    assert first.headers["authorization"] == "Bearer wrong-key"
    assert (first.port, second.port) == (faults.port, faults.other_port)
    assert second.body["messages"] == MESSAGES
    assert second.body["temperature"] == 0.5


@pytest.mark.parametrize(("situation", "num_read"), [("slow-10000-1", 20), ("huge", 3)])
def test_a_client_that_leaves_is_noted(
    faults: FaultServer, client: openai.OpenAI, situation: str, num_read: int
) -> None:
    there = client.with_options(base_url=faults.url(situation))
    with there.chat.completions.create(model="m", messages=MESSAGES, stream=True) as stream:
        for _ in range(num_read):
            next(iter(stream))
        stream.close()
    (left,) = faults.wait_for_disconnects()
    assert left.asked.situation == situation
    assert num_read <= left.num_chunks < 2000


@pytest.mark.parametrize("situation", sorted(excesses.SITUATIONS.keys() - {"key-as-model"}))
def test_excesses_are_more_than_anybody_should_read(
    faults: FaultServer, web: httpx2.Client, situation: str
) -> None:
    num_bytes = 0
    with web.stream("POST", faults.url(situation), json={"messages": MESSAGES}) as answer:
        for piece in answer.iter_raw():
            num_bytes += len(piece)
            if num_bytes > 4_500_000:
                break
    assert num_bytes > 4_500_000


def test_compressed_answers_say_so(faults: FaultServer, web: httpx2.Client) -> None:
    for coding in ("gzip", "identity"):
        answer = web.get(faults.root(f"coded-{coding}") + "/v1/models")
        assert answer.headers["content-encoding"] == coding
        assert answer.json()["translatedText"] == "a"


def test_usage_in_a_stream_is_sent_only_if_asked_for(
    faults: FaultServer, web: httpx2.Client
) -> None:
    url = faults.url("echo") + "/chat/completions"
    fields = {"messages": MESSAGES, "stream": True}
    assert "usage" not in web.post(url, json=fields).text
    fields["stream_options"] = {"include_usage": True}
    assert '"completion_tokens": 3' in web.post(url, json=fields).text


def test_libretranslates_own_client_is_served(faults: FaultServer) -> None:
    service = LibreTranslateAPI(faults.root("lt") + "/")
    assert service.translate("it's", "en", "ga") == "ga: it's"
    assert {"code": "ga", "name": "Irish", "targets": ["en", "ga", "mr", "fr"]} in (
        service.languages()
    )


GOOGLE = "/language/translate/v2"
DEEPL = "/v2/translate"
DEEPL_KEY = {"Authorization": f"DeepL-Auth-Key {KEY}"}
GOOGLE_KEY = {"X-goog-api-key": KEY}


@pytest.mark.parametrize(
    ("situation", "path", "headers", "fields", "status", "words"),
    [
        ("lt", "/translate", {}, {"q": ["a"], "source": "en", "target": "ga"}, 200, '["ga: a"]'),
        ("lt", "/translate", {}, {"q": "a", "source": "en", "target": "zz"}, 400, "zz is not"),
        ("lt", "/translate", {}, {"q": "a", "api_key": "x"}, 403, "Invalid API key"),
        ("lt-key", "/translate", {}, {"q": "a"}, 400, "contact the server operator"),
        ("lt-429", "/translate", {}, {"q": "a"}, 429, "Slowdown"),
        ("deepl", DEEPL, DEEPL_KEY, {"text": ["a", "b"], "target_lang": "GA"}, 200, '"GA: b"'),
        ("deepl", DEEPL, DEEPL_KEY, {"text": ["a"], "target_lang": "XX"}, 400, "target_lang"),
        ("deepl", DEEPL, {}, {"text": ["a"], "target_lang": "GA"}, 403, "Forbidden"),
        ("deepl-456", DEEPL, DEEPL_KEY, {}, 456, "Quota Exceeded"),
        ("deepl-429", DEEPL, DEEPL_KEY, {}, 429, "Too many requests"),
        ("google", GOOGLE, GOOGLE_KEY, {"q": "it's", "target": "ga"}, 200, '"ga: it&#39;s"'),
        (
            *("google", f"{GOOGLE}?key={KEY}", {}),
            *({"q": ["it's"], "target": "ga", "format": "text"}, 200, '"ga: it\'s"'),
        ),
        ("google", f"{GOOGLE}?key=x", {}, {}, 400, "API_KEY_INVALID"),
        ("google", GOOGLE, {}, {}, 403, "PERMISSION_DENIED"),
        ("google-403", GOOGLE, GOOGLE_KEY, {}, 403, "dailyLimitExceeded"),
        ("google-429", GOOGLE, GOOGLE_KEY, {}, 429, "RESOURCE_EXHAUSTED"),
    ],
)
def test_translation_services_answer_in_their_formats(
    faults: FaultServer,
    web: httpx2.Client,
    situation: str,
    path: str,
    headers: dict[str, str],
    fields: dict[str, Any],
    status: int,
    words: str,
) -> None:
    answer = web.post(faults.root(situation) + path, json=fields, headers=headers)
    assert answer.status_code == status
    assert words in answer.text


def test_no_test_changes_the_clock_of_this_process() -> None:
    """This server's loop lives by it: a moment in the future, and it never wakes up again."""
    changed = re.compile(r"""setattr\(\s*(time, "monotonic"|"[\w.]+\.time\.monotonic")""")
    files = Path(__file__).parents[1].rglob("test_*.py")
    assert [file.name for file in files if changed.search(file.read_text(encoding="utf-8"))] == []
