"""An OpenAI-compatible system against a server that fails in every way seen in the wild."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from core.systems.clients import openai_system
from core.systems.clients.openai_system import OpenAISystem
from core.systems.collecting import Collected, collect
from core.systems.endpoint import EndpointSettings
from core.systems.failures import AskError
from core.systems.parameters import Parameters
from core.systems.prompting import Prompting
from core.systems.prompts.built_in import built_in_templates
from core.systems.prompts.tokens import count_messages, estimate_tokens
from core.systems.protocol import Delta, Finished, Ignored, Request, SystemInfo, Usage
from core.systems.secrets import HIDDEN, Credentials
from tests.core.systems.scripted import Scripted
from tests.servers.chat_faults import PARTIAL, TEXT, THOUGHTS
from tests.servers.fault_server import KEY, FaultServer

SOURCE = "The nurse writes a letter."
DIRECTION = ("eng_Latn", "gle_Latn")
WRONG_KEY = "sk-wrong-0123456789abcdef"


def system(faults: FaultServer, situation: str, **values: Any) -> OpenAISystem:
    key = values.pop("key", "")
    learned, on_learn = values.pop("learned", None), values.pop("on_learn", lambda _: None)
    values = {"deadline_s": 20.0, "stall_s": 10.0, **values}
    prices = values.pop("prices", {})
    settings = EndpointSettings(
        name="Testing", base_url=values.pop("base_url", faults.url(situation)), model="m", **values
    )
    info = SystemInfo("endpoint:1", "Testing", "openai", is_llm=True, **prices)
    secrets = (key,) if key else ()
    credentials = Credentials(key, {}, secrets)
    return OpenAISystem(info, settings, credentials, learned=learned, on_learn=on_learn)


def request(**parameters: Any) -> Request:
    return Request(SOURCE, *DIRECTION, Parameters(**parameters))


def asked(opened: OpenAISystem, what: Request | None = None) -> Collected:
    async def run() -> Collected:
        try:
            return await collect(opened, what or request())
        finally:
            await opened.close()

    return asyncio.run(run())


FAILURES: list[tuple[str, str, str, str]] = [
    # situation, kind, part of the sentence, part of the hint
    ("401", "key", "answered 401", "The key was refused"),
    ("403", "key", "not supported", "The key was refused"),
    ("404", "address", "answered 404", "should usually end in /v1"),
    ("404-model", "address", "The model `x` does not exist", "Check the model"),
    ("429-retry-300", "rate", "Rate limit reached", "tried again in 300 s"),
    ("429-quota", "quota", "exceeded your current quota", "retrying does not help"),
    ("context-length", "too long", "maximum context length", "too long for this model"),
    ("500", "server", "The server had an error", "endpoint's side"),
    ("502-html", "server", "502 Bad Gateway", "endpoint's side"),
    ("redirect", "address", "answered 307", "It redirects to http://127.0.0.1"),
    ("sse-error", "server", "engine died", "What had come is kept"),
    ("sse-error-text", "server", "engine died", "What had come is kept"),
    ("sse-429", "rate", "Rate limit reached", "can be tried again in 90 s"),
    ("html-200", "protocol", "a web page", "should usually end in /v1"),
    ("malformed-json", "protocol", "could not be read", "should usually end in /v1"),
    ("wrong-schema", "protocol", "holds no text", "should usually end in /v1"),
    ("choices-null", "protocol", "holds no text", "should usually end in /v1"),
    ("choices-infinite", "protocol", "holds no text", "should usually end in /v1"),
    ("long-number", "protocol", "could not be read", "should usually end in /v1"),
    ("nested", "protocol", "could not be read (maximum recursion", "should usually end in /v1"),
    ("non-utf8", "protocol", "could not be read", "should usually end in /v1"),
    ("drop-midway", "cut", "was dropped", "What had come is kept"),
]


@pytest.mark.parametrize(("situation", "kind", "sentence", "hint"), FAILURES)
def test_each_failure_is_told_in_a_sentence_that_one_can_act_on(
    faults: FaultServer, situation: str, kind: str, sentence: str, hint: str
) -> None:
    found = asked(system(faults, situation, key=WRONG_KEY))
    assert isinstance(found.failure, AskError)
    assert found.state == "failed"
    assert found.failure.kind == kind
    assert "Testing" in found.failure.message and sentence in found.failure.message
    assert hint in found.failure.hint
    assert WRONG_KEY not in str(found.failure) + found.raw + repr(found)
    assert len(faults.asked(situation)) == 1  # a person waits: nothing is tried again in secret


def test_what_came_before_a_failure_is_kept_as_partial(faults: FaultServer) -> None:
    for situation in ("sse-error", "sse-429", "drop-midway"):
        found = asked(system(faults, situation))
        assert (found.text, found.finish_reason) == (PARTIAL, "incomplete")


def test_a_stream_that_just_ends_is_marked_incomplete(faults: FaultServer) -> None:
    found = asked(system(faults, "no-done"))
    assert (found.state, found.finish_reason, found.text) == ("done", "incomplete", PARTIAL)
    assert "incomplete" in found.problem


@pytest.mark.parametrize("situation", ["stall-before", "stall-midway"])
def test_nothing_hangs_past_a_pause_or_the_deadline(faults: FaultServer, situation: str) -> None:
    for limits in ({"stall_s": 0.5}, {"deadline_s": 0.6}):
        began_s = time.monotonic()
        found = asked(system(faults, situation, **limits))
        assert time.monotonic() - began_s < 8  # of a server that would stall for ever
        assert isinstance(found.failure, AskError) and found.failure.kind == "timeout"
        assert found.text == (PARTIAL if situation == "stall-midway" else "")
    faults.wait_for_disconnects(2)


def test_a_slow_stream_ends_at_the_deadline_although_it_never_pauses(faults: FaultServer) -> None:
    found = asked(system(faults, "slow-1000-20", deadline_s=0.6))
    assert isinstance(found.failure, AskError) and "within 0.6 s" in found.failure.message
    assert found.text.startswith("0 1 2")
    faults.wait_for_disconnects()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://127.0.0.1:9/v1", "cannot be reached at http://127.0.0.1:9/v1"),
        ("http://no-such-host.invalid/v1", "cannot be reached at http://no-such-host.invalid"),
        ("https://127.0.0.1:{port}/echo/v1", "cannot be reached"),
    ],
)
def test_an_address_without_a_server_names_the_cause(
    faults: FaultServer, address: str, sentence: str
) -> None:
    found = asked(system(faults, "echo", base_url=address.format(port=faults.port)))
    assert isinstance(found.failure, AskError) and found.failure.kind == "connection"
    assert sentence in found.failure.message
    assert "Connection error." not in found.failure.message
    if address.startswith("https"):
        assert "https" in found.failure.hint


def test_text_usage_and_finish_reason_come_from_the_stream(faults: FaultServer) -> None:
    found = asked(system(faults, "echo"))
    assert found.raw == f"echo: {found.messages[-1]['content']}"
    assert (found.state, found.finish_reason) == ("done", "stop")
    assert found.usage.completion_tokens > 0 and not found.usage.is_estimated
    assert found.first_token_s is not None and found.total_s is not None
    (sent,) = faults.asked("echo")
    assert sent.body["stream"] is True
    assert set(sent.body) == {"model", "messages", "stream", "stream_options"}


def test_tokens_are_estimated_and_marked_where_none_are_reported(faults: FaultServer) -> None:
    found = asked(system(faults, "no-usage"))
    assert found.usage.is_estimated and found.usage.completion_tokens > 0
    assert found.text == TEXT


@pytest.mark.parametrize(
    ("situation", "reason", "problem"),
    [
        ("length", "length", "cut at the maximum"),
        ("content-filter", "content_filter", "content filter"),
        ("empty", "stop", "empty"),
    ],
)
def test_an_answer_that_is_not_whole_says_so(
    faults: FaultServer, situation: str, reason: str, problem: str
) -> None:
    found = asked(system(faults, situation))
    assert found.finish_reason == reason and problem in found.problem


def test_thoughts_fences_and_preambles_are_taken_off_and_the_raw_text_kept(
    faults: FaultServer,
) -> None:
    for situation in ("think", "chatty"):
        found = asked(system(faults, situation))
        assert found.text == TEXT
        assert found.raw != TEXT and TEXT in found.raw


def test_reasoning_is_a_text_of_its_own(faults: FaultServer) -> None:
    found = asked(system(faults, "reasoning"))
    assert (found.text, found.stages) == (TEXT, {"reasoning": "".join(THOUGHTS)})


def test_an_answer_without_an_end_is_cut(faults: FaultServer) -> None:
    found = asked(system(faults, "huge"))
    assert found.finish_reason == "length" and len(found.raw) < 500_000
    faults.wait_for_disconnects()


@pytest.mark.parametrize(
    ("situation", "parameters", "ignored"),
    [
        ("no-temperature", {"temperature": 0.2, "top_p": 0.5}, ["temperature"]),
        ("no-top-k", {"top_k": 5, "temperature": 0.0}, ["top_k"]),
        ("no-extra", {"top_k": 5, "repetition_penalty": 1.2}, ["repetition_penalty", "top_k"]),
        ("no-seed-no-stream-options", {"seed": 1}, ["seed"]),
    ],
)
def test_a_refused_parameter_is_dropped_remembered_and_told(
    faults: FaultServer, situation: str, parameters: dict[str, Any], ignored: list[str]
) -> None:
    learned: dict[str, Any] = {}
    found = asked(
        system(faults, situation, learned=learned, on_learn=learned.update), request(**parameters)
    )
    assert found.state == "done" and sorted(found.ignored) == ignored
    num_before = len(faults.asked(situation))
    again = asked(system(faults, situation, learned=learned), request(**parameters))
    assert again.state == "done" and sorted(again.ignored) == ignored
    assert len(faults.asked(situation)) == num_before + 1  # asked without it at once
    last = faults.asked(situation)[-1].body
    kept = set(parameters) - set(ignored)
    assert kept <= set(last) and not set(ignored) & set(last)


def test_the_newer_name_of_the_maximum_of_tokens_is_learnt(faults: FaultServer) -> None:
    learned: dict[str, Any] = {}
    found = asked(system(faults, "no-max-tokens", on_learn=learned.update), request(max_tokens=50))
    assert found.state == "done" and found.ignored == []
    assert faults.asked("no-max-tokens")[-1].body["max_completion_tokens"] == 50
    assert learned["renamed"] == {"max_tokens": "max_completion_tokens"}


def test_parameters_reach_the_endpoint_as_they_are(faults: FaultServer) -> None:
    values: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 3,
        "max_tokens": 20,
        "repetition_penalty": 1.1,
        "presence_penalty": 0.1,
        "frequency_penalty": -0.1,
        "seed": 7,
        "stop": ("\n",),
    }
    asked(system(faults, "echo"), request(**values, num_beams=4))
    body = faults.asked("echo")[-1].body
    assert {name: body[name] for name in values} == {**values, "stop": ["\n"]}
    assert "num_beams" not in body


def test_a_completion_api_gets_one_prompt(faults: FaultServer) -> None:
    found = asked(system(faults, "echo", api="completions"))
    sent = faults.asked("echo")[-1]
    assert sent.path.endswith("/v1/completions") and SOURCE in sent.body["prompt"]
    assert found.state == "done" and found.raw.startswith("echo:")


def test_the_key_goes_to_the_endpoint_and_nowhere_else(faults: FaultServer) -> None:
    assert asked(system(faults, "needs-key", key=KEY)).state == "done"
    refused = asked(system(faults, "needs-key"))
    assert isinstance(refused.failure, AskError) and refused.failure.kind == "key"
    first, second = faults.asked("needs-key")
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in second.headers


HOSTILE = {
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    "OPENAI_API_KEY": "sk-from-the-environment",
    "OPENAI_ORG_ID": "org-x",
    "OPENAI_PROJECT_ID": "proj-x",
    "OPENAI_ADMIN_KEY": "sk-admin",
    "OPENAI_CUSTOM_HEADERS": "Authorization: Bearer stolen\nX-Spy: yes",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
}


@pytest.mark.parametrize("proxy", ["none", "environment"])
def test_the_environment_redirects_nothing_and_adds_nothing(
    faults: FaultServer, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
        if name.endswith("PROXY"):
            monkeypatch.setenv(name.lower(), value)
    found = asked(system(faults, "echo", proxy=proxy))
    assert found.state == "done", found.failure
    headers = faults.asked("echo")[-1].headers
    assert not {"authorization", "x-spy", "openai-organization", "openai-project"} & set(headers)


def test_another_host_is_reached_through_the_proxy_only_where_that_was_chosen(
    faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The fault server stands in for the proxy: it sees the whole address in the request.
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{faults.port}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{faults.port}")
    address = "http://llm.invalid/echo/v1"
    direct = asked(system(faults, "echo", base_url=address))
    assert isinstance(direct.failure, AskError) and direct.failure.kind == "connection"
    assert faults.requests == []
    asked(system(faults, "echo", base_url=address, proxy="environment"))
    assert faults.requests[0].headers["host"] == "llm.invalid"


def test_a_query_in_the_address_goes_with_every_call(faults: FaultServer) -> None:
    address = f"{faults.url('echo')}?api-version=2024-10-21"
    assert asked(system(faults, "echo", base_url=address)).state == "done"
    assert faults.asked("echo")[-1].query == {"api-version": "2024-10-21"}


def test_cancelling_reaches_the_server(faults: FaultServer) -> None:
    async def run() -> Collected:
        opened = system(faults, "slow-1000-20")
        found = Collected()
        task = asyncio.create_task(collect(opened, request(), found))
        while found.raw.count(" ") < 5:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await opened.close()
        return found

    found = asyncio.run(run())
    assert found.state == "stopped" and found.text.startswith("0 1 2 3 4")
    (left,) = faults.wait_for_disconnects()
    assert left.num_chunks < 1000


def test_closing_the_events_early_frees_the_server(faults: FaultServer) -> None:
    async def run() -> None:
        opened = system(faults, "slow-1000-20")
        async with aclosing(opened.ask(request())) as events:
            async for event in events:
                if isinstance(event, Delta):
                    break
        await opened.close()

    asyncio.run(run())
    faults.wait_for_disconnects()


def test_a_template_can_have_its_own_draft_refined(faults: FaultServer) -> None:
    (template,) = [each for each in built_in_templates() if each.draft_from == "itself"]
    what = replace(request(), prompting=Prompting(template=template))
    found = asked(system(faults, "echo"), what)
    assert len(faults.asked("echo")) == 2
    assert found.stages["draft"].startswith("echo:")
    second = faults.asked("echo")[1].body["messages"][-1]["content"]
    assert SOURCE in second and "echo:" in second
    assert found.usage.prompt_tokens > 0


def test_a_draft_without_a_system_is_one_sentence(faults: FaultServer) -> None:
    (template,) = [each for each in built_in_templates() if each.draft_from == "system"]
    what = replace(request(), prompting=Prompting(template=template))
    found = asked(system(faults, "echo"), what)
    assert found.failure is not None and "edits a draft" in found.failure.message
    assert faults.requests == []


def test_models_are_listed_or_the_reason_is_told(faults: FaultServer) -> None:
    async def models(situation: str) -> list[str]:
        opened = system(faults, situation)
        try:
            return await opened.models()
        finally:
            await opened.close()

    assert asyncio.run(models("echo")) != []
    for situation in ("401", "html-200", "404", "502-html"):
        with pytest.raises(AskError):
            asyncio.run(models(situation))


def test_ignored_parameters_are_told_before_the_text(faults: FaultServer) -> None:
    async def run() -> list[Any]:
        opened = system(faults, "no-temperature", learned={"ignored": ["temperature"]})
        try:
            return [event async for event in opened.ask(request(temperature=0.2))]
        finally:
            await opened.close()

    kinds = [type(event) for event in asyncio.run(run())]
    assert kinds.index(Ignored) < kinds.index(Delta)


def test_a_key_that_an_endpoint_says_is_not_shown(faults: FaultServer) -> None:
    what = Request(f"My key is {KEY}", *DIRECTION)
    found = asked(system(faults, "needs-key", key=KEY), what)
    assert found.raw.startswith("echo:") and KEY not in found.raw + found.text


@pytest.mark.parametrize("error", [RecursionError("too deep"), OverflowError("too large")])
def test_whatever_a_parser_stumbles_over_is_told_in_a_sentence(
    faults: FaultServer, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def stumbles(_: Any) -> None:
        raise error

    monkeypatch.setattr(openai_system, "_next", stumbles)
    found = asked(system(faults, "echo"))
    assert isinstance(found.failure, AskError) and found.failure.kind == "protocol"
    assert f"it could not be read ({error})" in found.failure.message


def test_numbers_without_an_end_are_no_counts(faults: FaultServer) -> None:
    found = asked(system(faults, "infinite"))
    assert (found.state, found.raw, found.finish_reason) == ("done", "Dia duit", "stop")
    assert found.usage.is_estimated and 0 < found.usage.prompt_tokens < 1000


PRICES = {"price_in_usd": 1e3, "price_out_usd": 2e3}


@pytest.mark.parametrize("situation", ["drop-midway", "sse-error", "sse-429", "stall-midway"])
def test_what_came_before_a_stream_broke_off_is_paid_for(
    faults: FaultServer, situation: str
) -> None:
    found = asked(system(faults, situation, prices=PRICES, stall_s=0.5))
    assert found.state == "failed" and found.text == PARTIAL
    num_in, num_out = count_messages(list(found.messages)), estimate_tokens(PARTIAL)
    cost_usd = (num_in * 1e3 + num_out * 2e3) / 1e6
    assert replace(found.usage, cost_usd=0.0) == Usage(num_in, num_out, is_estimated=True)
    assert found.usage.cost_usd == found.cost_usd == pytest.approx(cost_usd)
    assert num_in > 0 and num_out > 0


def test_nothing_is_paid_for_where_nothing_came(faults: FaultServer) -> None:
    for situation in ("401", "nested", "wrong-schema", "html-200"):
        assert asked(system(faults, situation, prices=PRICES)).usage == Usage()


def test_a_draft_brings_no_key_of_its_system_to_another_endpoint(faults: FaultServer) -> None:
    (template,) = [each for each in built_in_templates() if each.draft_from == "system"]
    pieces = (Delta(f"Dréacht {KEY[:5]}"), Delta(f"{KEY[5:]} anseo"), Finished())
    drafting = Scripted("Drafting", *pieces, secret=KEY)
    prompting = Prompting(template=template, draft_system=drafting)
    found = asked(system(faults, "echo"), replace(request(), prompting=prompting))
    assert found.state == "done", found.failure
    (sent,) = faults.asked("echo")
    assert f"Dréacht {HIDDEN} anseo" in sent.body["messages"][-1]["content"]
    assert KEY not in sent.raw.decode()


def test_a_parameter_may_be_refused_inside_the_stream(faults: FaultServer) -> None:
    learned: dict[str, Any] = {}
    opened = system(faults, "sse-no-temperature", on_learn=learned.update)
    found = asked(opened, request(temperature=0.2))
    assert (found.state, found.ignored) == ("done", ["temperature"])
    assert learned["ignored"] == ["temperature"]
    assert len(faults.asked("sse-no-temperature")) == 2


@pytest.mark.parametrize(
    ("situation", "sentence", "text"),
    [
        ("temperature-range", "answered 400: temperature must be between 0 and 1.", ""),
        ("sse-late-temperature", "broke off: Unsupported value: 'temperature'", PARTIAL),
    ],
)
def test_a_complaint_is_told_where_leaving_a_parameter_out_is_no_answer_to_it(
    faults: FaultServer, situation: str, sentence: str, text: str
) -> None:
    learned: dict[str, Any] = {}
    found = asked(system(faults, situation, on_learn=learned.update), request(temperature=1.5))
    assert isinstance(found.failure, AskError) and found.failure.kind == "request"
    assert sentence in found.failure.message
    assert (found.text, found.ignored, learned) == (text, [], {})
    assert len(faults.asked(situation)) == 1


def test_calls_at_the_same_time_learn_together(faults: FaultServer) -> None:
    lessons: list[dict[str, Any]] = []
    opened = system(faults, "no-extra", on_learn=lessons.append)
    both: dict[str, Any] = {"top_k": 5, "repetition_penalty": 1.2}
    wanted: list[dict[str, Any]] = [{"top_k": 5}, {"repetition_penalty": 1.2}, both] * 4

    async def run() -> list[Collected]:
        try:
            asking = [collect(opened, request(**parameters)) for parameters in wanted]
            found = await asyncio.gather(*asking)
            faults.forget()
            return [*found, await collect(opened, request(**both))]
        finally:
            await opened.close()

    for found, parameters in zip(asyncio.run(run()), [*wanted, both], strict=True):
        assert found.failure is None
        assert sorted(found.ignored) == sorted(parameters)
    assert len(faults.asked("no-extra")) == 1  # afterwards all is known
    assert {name for lesson in lessons for name in lesson["ignored"]} == {*both, "stream_options"}


def test_a_key_that_is_listed_as_a_model_is_not_shown(faults: FaultServer) -> None:
    async def models() -> list[str]:
        opened = system(faults, "key-as-model", key=KEY)
        try:
            return await opened.models()
        finally:
            await opened.close()

    assert asyncio.run(models()) == [f"model of {HIDDEN}"]


@pytest.mark.parametrize("place", range(184, 204, 4))
def test_a_key_is_hidden_before_an_answer_that_is_none_is_cut(
    faults: FaultServer, place: int
) -> None:
    found = asked(system(faults, f"key-at-{place}", key=KEY))
    assert isinstance(found.failure, AskError) and found.failure.kind == "protocol"
    assert not any(KEY[:size] in found.problem for size in range(4, len(KEY) + 1))
