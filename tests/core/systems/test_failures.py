from __future__ import annotations

import asyncio
import json
import ssl
import time
from email.utils import formatdate
from typing import Any

import httpx2
import openai
import pytest

from core.errors import EndpointError
from core.systems.endpoint import EndpointSettings
from core.systems.failures import (
    SHOWN,
    AskError,
    deadline_passed,
    engine_error,
    from_exception,
    from_status,
    not_an_api,
)
from core.systems.model_list import listed_models
from core.systems.secrets import HIDDEN
from tests.servers.fault_server import FaultServer

KEY = "4fJ8kQ2mZx7Lq9-secret"
URL = "https://example.org/v1"


def failed(status: int, body: Any = None, headers: dict[str, str] | None = None) -> AskError:
    error = from_status(status, headers or {}, body, name="Mine", secrets=(KEY,))
    assert error.status == status
    assert "\n" not in str(error)
    assert KEY not in str(error)
    return error


def openai_body(message: str, **values: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", **values}}


QUOTA = "The quota or credit of this key is used up; retrying does not help."
REFUSED = "The key was refused."
ADDRESS = "Check the model, and the base URL"
RATE = "Too many requests for this key."
LONG = "The prompt is too long for this model"
SERVER = "The fault is on the endpoint's side"
REQUEST = "Check the model and the parameters."

GOOGLE_KEY = {
    "error": {
        "code": 400,
        "message": "API key not valid. Please pass a valid API key.",
        "status": "INVALID_ARGUMENT",
        "details": [{"@type": "x", "reason": "API_KEY_INVALID"}],
    }
}
GOOGLE_PACE = {
    "error": {
        "code": 429,
        "message": "Quota exceeded for quota metric 'v2 and v3 general model characters'.",
        "errors": [{"reason": "rateLimitExceeded", "domain": "global"}],
        "status": "RESOURCE_EXHAUSTED",
    }
}
VERTEX = (
    "Quota exceeded for aiplatform.googleapis.com/generate_content_requests_per_minute_per_project"
    "_per_base_model with base model: gemini-pro. Please submit a quota increase request."
)
AZURE = (
    "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 "
    "have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 20 "
    "seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further "
    "increase the default rate limit."
)
MINUTE = "Quota exceeded for quota metric 'Translate requests' and limit 'Requests per minute'"
GEMINI = "You exceeded your current quota. " + "See the documentation. " * 20 + "Retry in 12.5s."

STATUSES: list[tuple[int, Any, str, str]] = [
    (400, openai_body("Unsupported value"), "request", REQUEST),
    (400, None, "request", REQUEST),
    (400, GOOGLE_KEY, "key", REFUSED),
    (400, [GOOGLE_KEY], "key", REFUSED),
    (400, json.dumps(GOOGLE_KEY).encode(), "key", REFUSED),
    (401, None, "key", REFUSED),
    (401, openai_body("Incorrect API key provided: sk-4fJ8***9.", code="invalid_api_key"), "key",
     REFUSED),
    (402, {"error": "Payment required"}, "quota", QUOTA),
    (403, "", "key", REFUSED),
    (403, {"error": "Please contact the server operator to get an API key"}, "key", REFUSED),
    (403, {"error": {"code": 403, "message": "Daily quota exceeded"}}, "quota", QUOTA),
    (403, {"error": {"code": 403, "message": "Daily Limit Exceeded"}}, "quota", QUOTA),
    (403, {"error": {"code": 403, "message": "User Rate Limit Exceeded"}}, "rate", RATE),
    (403, {"error": {"code": 403, "message": MINUTE}}, "rate", RATE),
    (404, {"detail": "Not Found"}, "address", ADDRESS),
    (405, {"detail": "Method Not Allowed"}, "request", REQUEST),
    (408, None, "server", SERVER),
    (413, "<html>", "too long", LONG),
    (422, {"detail": "Unexpected fields in the request: {'top_k'}"}, "request", REQUEST),
    (400, openai_body("Too much", code="context_length_exceeded"), "too long", LONG),
    (400, openai_body("This model's maximum context length is 4096 tokens."), "too long", LONG),
    (400, {"error": {"code": 400, "type": "exceed_context_size_error", "message": "no"}},
     "too long", LONG),
    (400, {"error": {"message": "the request exceeds the available context size"}}, "too long",
     LONG),
    (400, {"type": "error", "error": {"message": "prompt is too long: 9 > 8"}}, "too long", LONG),
    (400, openai_body("The text has the word quota in it"), "request", REQUEST),
    (429, None, "rate", RATE),
    (429, {"message": "Too many requests"}, "rate", RATE),
    (429, openai_body("You exceeded your quota", code="insufficient_quota"), "quota", QUOTA),
    (429, {"error": "You exceeded your current quota, check your billing."}, "quota", QUOTA),
    (429, {"error": {"message": MINUTE}}, "rate", RATE),
    (429, [{"error": {"code": 429, "message": GEMINI}}], "rate", RATE),
    (429, GOOGLE_PACE, "rate", RATE),
    (429, {"error": {"message": "Resource has been exhausted (e.g. check quota)."}}, "rate", RATE),
    (429, {"error": {"message": VERTEX}}, "rate", RATE),
    (429, {"error": {"code": "429", "message": AZURE}}, "rate", RATE),
    (429, {"error": {"message": AZURE.replace("retry after 20 seconds", "wait")}}, "rate", RATE),
    (456, {"message": "Quota Exceeded"}, "quota", QUOTA),
    (500, {"error": {"message": "quota service down"}}, "server", SERVER),
    (502, "<html><title>502 Bad Gateway</title></html>", "server", SERVER),
    (529, {"type": "error", "error": {"type": "overloaded_error"}}, "server", SERVER),
    (599, b"", "server", SERVER),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "hint"), STATUSES)
def test_status_and_body_say_what_is_to_be_done(
    status: int, body: Any, kind: str, hint: str
) -> None:
    error = failed(status, body)
    assert error.kind == kind
    assert error.hint.startswith(hint)
    assert error.message.startswith(f"Mine answered {status}")
    assert error.is_retryable == (kind in ("rate", "server"))
    assert isinstance(error, EndpointError)


NESTED = "deep"
for _ in range(500):
    NESTED = {"error": NESTED}  # type: ignore[assignment]

BODIES: list[tuple[Any, str]] = [
    (None, ""),
    ("", ""),
    (b"", ""),
    ({}, ""),
    ([], ""),
    (0, "0"),
    (True, "True"),
    ("plain text", "plain text"),
    (b"\xff\xfe\x00", "\ufffd\ufffd\x00"),
    ('"a JSON text"', "a JSON text"),
    ("null", ""),
    ("[1, 2, 3, 4]", "1; 2; 3"),
    (openai_body("The model `x` does not exist."), "The model `x` does not exist"),
    ({"message": "said", "type": "x", "param": None, "code": None}, "said"),
    ({"detail": "Invalid API key"}, "Invalid API key"),
    ({"detail": [{"loc": ["body", "top_k"], "msg": "Extra inputs are not permitted"}]},
     "'top_k': Extra inputs are not permitted"),
    ({"detail": [{"loc": ["body", "messages", 0, "content"], "msg": "Field required"},
                 {"loc": ["body"], "msg": "not JSON"}, {"msg": "c"}, {"msg": "d"}]},
     "'messages.0.content': Field required; not JSON; c"),
    ({"error": {"message": {"detail": "inner"}}}, "inner"),
    ({"error": ["one", {"message": "two"}]}, "one; two"),
    ({"error": True, "message": "reason"}, "reason"),
    ({"error": "", "msg": "reason"}, "reason"),
    ({"error": None}, '{"error": null}'),
    ({"object": "error", "message": "of vLLM", "code": 40303}, "of vLLM"),
    ({"unknown": "shape", "ü": 1}, '{"unknown": "shape", "ü": 1}'),
    ({"error": {"code": 7, "details": 5}}, '{"code": 7, "details": 5}'),
    ({"error": {"message": "x", "details": [None, 1, {"reason": None}]}}, "x"),
    ("<html>\n<head><title>502 Bad\nGateway</title></head>  <hr>nginx</html>",
     "502 Bad Gateway nginx"),
    ("<<<>a>", "<< a>"),
    ("{broken", "{broken"),
    ("e\u0301 שלום नमस्ते 翻訳 👩🏽‍🔬", "e\u0301 שלום नमस्ते 翻訳 👩🏽‍🔬"),
    ({"error": "half \ud800 character"}, "half ? character"),
    (NESTED, ""),
    ("[" * 200_000, "[" * SHOWN),
]  # fmt: skip


@pytest.mark.parametrize(("body", "said"), BODIES, ids=range(len(BODIES)))
def test_body_of_any_shape_is_read(body: Any, said: str) -> None:
    error = failed(418, body)
    if body is NESTED:  # how deep can be read depends on the stack
        assert error.message in ("Mine answered 418.", "Mine answered 418: deep.")
        return
    assert error.message == "Mine answered 418" + (f": {said}" if said else "") + "."
    if isinstance(body, dict | list):
        assert failed(418, json.dumps(body)).message == error.message
        assert failed(418, json.dumps(body).encode()).message == error.message


@pytest.mark.parametrize(
    "body",
    ["x" * 5_000_000, b"\xff" * 1_000_000, "<" * 1_000_000, "</a" * 400_000, " \n" * 1_000_000,
     {"error": "long " * 1_000_000}, ["y" * 1_000_000] * 9, "-" * 1_000_000, "9" * 5000],
    ids=range(9),
)  # fmt: skip
def test_huge_body_is_shown_in_part(body: Any) -> None:
    assert len(failed(400, body).message) <= SHOWN + len("Mine answered 400: .")
    assert len(engine_error("Mine", body, ()).message) < SHOWN + 30


def test_what_was_said_is_kept_at_more_length_for_those_who_read_it() -> None:
    error = failed(400, openai_body("word " * 100 + f"'top_k' {KEY}"))
    assert "top_k" not in error.message
    assert error.said.endswith(f"'top_k' {HIDDEN}")


@pytest.mark.parametrize("place", range(150, 215, 5))
def test_key_in_a_body_is_never_shown_not_even_in_part(place: int) -> None:
    text = "x" * place + f" {KEY} " + "y" * 100
    errors = [
        failed(400, openai_body(text)),
        failed(400, text),
        failed(307, "", {"location": f"https://e.org/{text.replace(' ', '?')}"}),
        engine_error("Mine", {"message": text}, (KEY,)),
        from_exception(ValueError(text), name="Mine", url=URL, secrets=(KEY,)),
        from_exception(OSError(text), name="Mine", url=URL, secrets=(KEY,)),
    ]
    for error in errors:
        for size in range(6, len(KEY)):
            assert KEY[:size] not in str(error) + error.said


def test_key_that_we_never_had_is_hidden_by_its_shape() -> None:
    error = failed(401, openai_body("Incorrect API key provided: sk-proj-4fJ8kQ2mZx7."))
    assert error.message == f"Mine answered 401: Incorrect API key provided: {HIDDEN}."


RETRY = [
    ({}, None),
    ({"retry-after": "30"}, 30.0),
    ({"retry-after": "0.5"}, 0.5),
    ({"retry-after": " 7 "}, 7.0),
    ({"retry-after": "-3"}, 0.0),
    ({"retry-after": ""}, None),
    ({"retry-after": "soon"}, None),
    ({"retry-after": "nan"}, None),
    ({"retry-after": "inf"}, None),
    ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ({"retry-after": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
    ({"retry-after": "9" * 400}, None),
    ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
    ({"retry-after-ms": "x", "retry-after": "2"}, 2.0),
]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("headers", "seconds"), RETRY)
def test_pause_is_the_one_that_is_asked_for(
    headers: dict[str, str], seconds: float | None, status: int
) -> None:
    error = failed(status, {"message": "busy"}, headers)
    assert error.retry_after_s == seconds
    told = f" It can be tried again in {seconds or 0:.0f} s."
    assert error.hint.endswith(told) == (status == 429 and seconds is not None)


def test_pause_may_be_a_date() -> None:
    headers = {"retry-after": formatdate(time.time() + 3600, usegmt=True)}
    error = failed(429, None, headers)
    assert error.retry_after_s is not None and 3000 < error.retry_after_s <= 3601


def test_pause_that_helps_nothing_is_not_told() -> None:
    body = openai_body("No credit", code="insufficient_quota")
    assert failed(429, body, {"retry-after": "30"}).retry_after_s is None
    assert failed(401, None, {"retry-after": "30"}).retry_after_s is None


def test_quota_that_comes_back_by_itself_is_a_matter_of_pace() -> None:
    error = failed(429, {"error": "quota exceeded"}, {"retry-after": "12"})
    assert (error.kind, error.retry_after_s) == ("rate", 12.0)


def test_redirect_is_told_and_not_followed() -> None:
    error = failed(308, "", {"location": f"https://evil.org/?key={KEY}"})
    assert error.kind == "address"
    assert error.hint == (
        f"It redirects to https://evil.org/?key={HIDDEN}; enter that address if you trust it."
    )


def caused(outer: Exception, root: Exception) -> Exception:
    outer.__cause__ = root
    return outer


NO_JSON = (
    "Mine is not the API that it should be: it answered something else than the JSON of this API."
)
REQUEST_OBJECT = httpx2.Request("POST", URL)

EXCEPTIONS: list[tuple[Exception, str, str]] = [
    (httpx2.ConnectTimeout("slow"), "timeout", "Mine could not be reached in time."),
    (httpx2.ReadTimeout("slow"), "timeout", "Mine stopped answering in time."),
    (TimeoutError(), "timeout", "Mine stopped answering in time."),
    (caused(openai.APITimeoutError(request=REQUEST_OBJECT), httpx2.ReadTimeout("slow")),
     "timeout", "Mine stopped answering in time."),
    (httpx2.ConnectError("[Errno 111] Connection refused"), "connection",
     f"Mine cannot be reached at {URL}: [Errno 111] Connection refused."),
    (caused(openai.APIConnectionError(request=REQUEST_OBJECT), OSError("No route to host.")),
     "connection", f"Mine cannot be reached at {URL}: No route to host."),
    (OSError(), "connection", f"Mine cannot be reached at {URL}: OSError."),
    (ssl.SSLError("[SSL: WRONG_VERSION_NUMBER] wrong version number"), "connection",
     "Mine cannot be reached"),
    (ssl.SSLCertVerificationError("self-signed certificate"), "connection",
     "Mine cannot be reached"),
    (httpx2.RemoteProtocolError("peer closed connection"), "cut",
     "The connection to Mine was dropped: peer closed connection."),
    (httpx2.ReadError("reset"), "cut", "The connection to Mine was dropped: reset."),
    (json.JSONDecodeError("Expecting value", "x", 0), "protocol",
     "Mine is not the API that it should be: it could not be read"),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), "protocol", "could not be read"),
    (AttributeError("'str' object has no attribute 'choices'"), "protocol", NO_JSON),
    (TypeError("'NoneType' object is not iterable"), "protocol", NO_JSON),
    (KeyError("choices"), "protocol", NO_JSON),
    (IndexError("list index out of range"), "protocol", NO_JSON),
    (LookupError("unknown encoding: utf-9"), "protocol",
     "could not be read (unknown encoding: utf-9)"),
    (RecursionError("too deep"), "protocol", "could not be read (too deep)"),
    (OverflowError("too large"), "protocol", "could not be read (too large)"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "kind", "sentence"), EXCEPTIONS)
def test_exception_becomes_a_sentence(error: Exception, kind: str, sentence: str) -> None:
    found = from_exception(error, name="Mine", url=URL, secrets=(KEY,))
    assert found.kind == kind
    assert sentence in found.message
    assert found.hint
    assert found.status == 0
    assert found.is_retryable == (kind != "protocol")


def test_web_page_in_place_of_a_list_of_models_tells_nothing_of_python(
    faults: FaultServer,
) -> None:
    settings = EndpointSettings(name="Mine", base_url=faults.url("html-200"), model="any")
    with pytest.raises(AskError) as caught:
        asyncio.run(listed_models(settings))
    assert caught.value.kind == "protocol"
    assert "JSON" in caught.value.message
    assert "object" not in caught.value.message and "attribute" not in caught.value.message


def test_tls_error_asks_whether_the_server_speaks_https() -> None:
    error = ssl.SSLError("[SSL: WRONG_VERSION_NUMBER] wrong version number")
    found = from_exception(error, name="Mine", url=URL, secrets=())
    assert found.hint == "Does the server speak https? If not, the address begins with http://."


def test_error_in_a_stream_keeps_what_had_come() -> None:
    error = engine_error("Mine", {"error": {"message": f"engine died {KEY}."}}, (KEY,))
    assert error.message == f"Mine broke off: engine died {HIDDEN}."
    assert (error.kind, error.is_retryable) == ("server", True)
    assert engine_error("Mine", None, ()).message == "Mine broke off: no reason given."


def said(message: str, **values: Any) -> dict[str, Any]:
    return {"message": message, **values}


IN_STREAMS: list[tuple[Any, str, int, str]] = [
    (said("busy", code="rate_limit_exceeded"), "rate", 429, RATE),
    (said("busy", code=429), "rate", 429, RATE),
    ({"error": said("busy", code=429)}, "rate", 429, RATE),
    (said("busy", code="429"), "rate", 429, RATE),
    (said("busy", type="too_many_requests"), "rate", 429, RATE),
    (said("Rate limit reached for requests"), "rate", 429, RATE),
    (said(AZURE), "rate", 429, RATE),
    (said(VERTEX), "rate", 429, RATE),
    (GOOGLE_PACE, "rate", 429, RATE),
    ([GOOGLE_PACE], "rate", 429, RATE),
    (said("You exceeded your current quota."), "quota", 429, QUOTA),
    (said("no", code="insufficient_quota"), "quota", 0, QUOTA),
    (said("no", code=402), "quota", 402, QUOTA),
    (said("no", code="invalid_api_key"), "key", 401, REFUSED),
    (said("no", type="authentication_error"), "key", 401, REFUSED),
    (said("no", status="PERMISSION_DENIED"), "key", 401, REFUSED),
    (said("no", code="model_not_found"), "address", 404, ADDRESS),
    (said("no", type="not_found_error"), "address", 404, ADDRESS),
    (said("no", code="context_length_exceeded"), "too long", 0, LONG),
    (said("This model's maximum context length is 9 tokens", code=400), "too long", 400, LONG),
    (said("Unsupported value", type="invalid_request_error"), "request", 400, REQUEST),
    (said("no", code="unsupported_parameter"), "request", 400, REQUEST),
    (said("no", status="INVALID_ARGUMENT", code=7), "request", 400, REQUEST),
    (said("Overloaded", type="overloaded_error"), "server", 0, "Try again."),
    (said("Provider disconnected", code=502), "server", 502, "Try again."),
    (said("no", code="503"), "server", 503, "Try again."),
    (said("no", code=True, type=600, status="999"), "server", 0, "Try again."),
    ("engine died", "server", 0, "Try again."),
    (["engine died"], "server", 0, "Try again."),
    (True, "server", 0, "Try again."),
    (None, "server", 0, "Try again."),
]


@pytest.mark.parametrize(("body", "kind", "status", "hint"), IN_STREAMS, ids=range(len(IN_STREAMS)))
def test_error_in_a_stream_has_the_kind_that_its_status_would_have_told(
    body: Any, kind: str, status: int, hint: str
) -> None:
    error = engine_error("Mine", body, (KEY,))
    assert (error.kind, error.status) == (kind, status)
    assert error.hint.startswith(f"What had come is kept. {hint}")
    assert error.message.startswith("Mine broke off: ")
    assert error.is_retryable == (kind in ("rate", "server"))


IN_WORDS = [
    ("Please try again in 1m30s.", 90.0),
    ("Please try again in 20ms.", 0.02),
    ("Please try again in 6m0s, or later", 360.0),
    ("try again in 1h2m3.5s", 3723.5),
    ("Please retry after 20 seconds. Go on in 5 minutes", 20.0),
    ("Please retry in 18.25s.", 18.25),
    ("RETRY AFTER 1 MINUTE 5 SECONDS", 65.0),
    ("try again in 2 hours", 7200.0),
    ("retry in 5 milliseconds", 0.005),
    ("Wait for 20s", None),
    ("try again in 2 days", None),
    ("try again in a minute", None),
    ("try again in 20", None),
    ("try again in 5\u017f", None),  # a long s
    ("try again in \u0663s", None),
    (f"try again in {'9' * 400}s", None),
]


@pytest.mark.parametrize(("text", "seconds"), IN_WORDS)
def test_pause_may_be_told_in_words(text: str, seconds: float | None) -> None:
    errors = [
        failed(429, said(text)),
        failed(503, said(text)),
        engine_error("Mine", said(text, code=429), ()),
        engine_error("Mine", said(text), ()),
    ]
    assert [error.retry_after_s for error in errors] == [seconds] * 4
    told = f" It can be tried again in {seconds or 0:.0f} s."
    assert [error.hint.endswith(told) for error in errors] == [seconds is not None, False] * 2
    assert failed(429, said(text), {"retry-after": "3"}).retry_after_s == 3.0


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (400, "Check whether the service knows both languages."),
        (401, REFUSED),
        (404, "Check the base URL: the API's own paths"),
        (413, "The text is too long for this service."),
        (429, RATE),
        (456, QUOTA),
        (500, SERVER),
    ],
)
def test_hints_for_mt_services_speak_of_no_llm(status: int, hint: str) -> None:
    error = from_status(status, {}, None, name="Mine", secrets=(), is_llm=False)
    assert error.hint.startswith(hint)
    others = [
        not_an_api("Mine", URL.removesuffix("/v1"), "no", is_llm=False),
        from_exception(
            ValueError("no"), name="Mine", url="https://e.org", secrets=(), is_llm=False
        ),
    ]
    for each in (error, *others):
        assert not any(word in each.hint for word in ("/v1", "OpenAI", "model", "prompt"))
    assert "/translate" in others[0].hint and "/translate" in others[1].hint


def test_parameter_that_an_error_is_about_is_named_without_what_it_holds() -> None:
    for param, name in (("stop[0]", "stop"), ("stream_options.include_usage", "stream_options"),
                        ("body.seed", "seed"), ("", ""), (None, ""), (7, "")):  # fmt: skip
        assert failed(400, openai_body("no", param=param)).param == name
        assert engine_error("Mine", said("no", param=param), ()).param == name
    assert failed(400, "param").param == ""


def test_other_failures_name_the_thing_and_the_values() -> None:
    assert deadline_passed("Mine", 0.5).message == "Mine did not finish within 0.5 s."
    assert deadline_passed("Mine", 120.0).message == "Mine did not finish within 120 s."
    assert deadline_passed("Mine", 1).is_retryable
    error = not_an_api("Mine", URL, "it answered with a web page")
    assert error.message == "Mine is not the API that it should be: it answered with a web page."
    assert URL in error.hint and not error.is_retryable
