"""Why a system did not answer: one sentence that says what to do, and never holds a key."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from core.errors import EndpointError
from core.systems.secrets import scrubbed_message

FailureKind = Literal[
    "key", "address", "parameter", "rate", "quota", "too long", "server", "timeout", "connection",
    "protocol", "cut", "loading", "request",
]  # fmt: skip
RETRYABLE = ("rate", "server", "timeout", "connection", "cut")
SHOWN = 200  # characters of an answer that a message repeats
LOOKED_AT = 100_000  # characters of it that are read at all

_HINTS: dict[FailureKind, str] = {
    "quota": "The quota or credit of this key is used up; retrying does not help.",
    "key": "The key was refused. Check the key and what it may be used for.",
    "address": "Check the model, and the base URL: it should usually end in /v1.",
    "rate": "Too many requests for this key.",
    "too long": "The prompt is too long for this model: fewer examples, or a shorter source.",
    "server": "The fault is on the endpoint's side; try again.",
    "request": "Check the model and the parameters.",
}
# MT services: other words for the same.
_MT_HINTS: dict[FailureKind, str] = {
    "address": "Check the base URL: the API's own paths, such as /translate, are added to it.",
    "too long": "The text is too long for this service.",
    "request": "Check whether the service knows both languages.",
}
_LONGEST_PAUSE_S = 86_400.0  # nobody waits longer, whatever an endpoint says
_KEPT = "What had come is kept."
_QUOTA = re.compile(r"\bquotas?\b|\bdaily limit\b", re.IGNORECASE)
_USED_UP = re.compile(r"exceed|insufficient|billing|credit", re.IGNORECASE)
_PASSING = re.compile(r"per[ _](?:minute|second)|retry in", re.IGNORECASE)
_RATE = re.compile(r"rate.?limit|too.?many.?requests|resource.?exhausted", re.IGNORECASE)
# "Please retry after 20 seconds" of Azure, "try again in 1m2.5s" of OpenAI.
_AGAIN = re.compile(
    r"(?:retry|try again) (?:after|in) ((?:\d{1,9}(?:\.\d{1,9})? ?(?:ms|h|m|s)[a-z]{0,10} ?){1,3})",
    re.IGNORECASE | re.ASCII,  # else a long s, "ſ", is an s, too
)
_SPAN = re.compile(r"(\d+(?:\.\d+)?) ?(ms|mil|h|m|s)", re.IGNORECASE | re.ASCII)
_SECONDS = {"ms": 0.001, "mil": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
# What errors without an HTTP status call themselves, and the status that they would have had.
_STATUSES = (
    (429, _RATE),
    (401, re.compile(r"authentication|unauthorized|permission|api.?key", re.IGNORECASE)),
    (404, re.compile(r"not.?found", re.IGNORECASE)),
    (
        400,
        re.compile(
            r"invalid.?(?:request|argument|value|param)|bad.?request|unsupported|unknown.?param",
            re.IGNORECASE,
        ),
    ),
)
_TOO_LONG = re.compile(
    r"maximum context|context[ _](?:length|size|window)|prompt is too long", re.IGNORECASE
)


class AskError(EndpointError):
    """A system did not answer as it should.

    Attributes:
        kind: What sort of failure it is.
        status: The HTTP status; 0 if there was none.
        retry_after_s: When the endpoint says that it is worth trying again; None if it does not.
        said: What the endpoint itself said, at more length, without secrets.
        param: The parameter that it complains about, if it names one in a field of its own.
        is_retryable: Whether the same question may be answered later.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        kind: FailureKind = "request",
        status: int = 0,
        retry_after_s: float | None = None,
        said: str = "",
        param: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.status = status
        self.retry_after_s = retry_after_s
        self.said = said
        self.param = param

    @property
    def is_retryable(self) -> bool:
        """Whether the same question may be answered later."""
        return self.kind in RETRYABLE


def from_status(
    status: int,
    headers: Mapping[str, str],
    body: Any,
    *,
    name: str,
    secrets: Iterable[str],
    is_llm: bool = True,
) -> AskError:
    """Gives the failure that an answer with an error status stands for.

    Args:
        status: The HTTP status.
        headers: Those of the answer, in small letters.
        body: What came with it, parsed or not.
        name: What the endpoint is called.
        secrets: Texts that must not be repeated.
        is_llm: Whether it is an OpenAI-compatible API, not an MT service.
    """
    parsed = _parsed(body)
    said = scrubbed_message(_said(parsed), secrets)
    what = f"{name} answered {status}" + (f": {said[:SHOWN]}" if said else "")
    retry_after_s = _retry_after_s(headers, said)
    kind = _kind(status, _code(parsed), said, is_passing=retry_after_s is not None)
    hint = _hint(kind, retry_after_s, is_llm=is_llm)
    if 300 <= status < 400:
        target = scrubbed_message(headers.get("location", ""), secrets)
        hint = f"It redirects to {target[:SHOWN]}; enter that address if you trust it."
    return AskError(
        what.rstrip(".") + ".",
        hint=hint,
        kind=kind,
        status=status,
        retry_after_s=retry_after_s if kind in ("rate", "server") else None,
        said=said,
        param=_param(parsed),
    )


def from_exception(
    error: Exception, *, name: str, url: str, secrets: Iterable[str], is_llm: bool = True
) -> AskError:
    """Gives the failure that an exception of the connection or of the parser stands for."""
    root = _root(error)
    text = scrubbed_message(str(root) or type(root).__name__, secrets)[:SHOWN].rstrip(".")
    kind = type(root).__name__
    if "Timeout" in type(error).__name__ or "Timeout" in kind:
        is_connecting = "Connect" in kind
        what = f"{name} {'could not be reached' if is_connecting else 'stopped answering'} in time."
        return AskError(what, hint=f"Is {url} at work? {_again(error)}", kind="timeout")
    # TLS errors are both; the others are what the SDK stumbles over in an answer of no shape.
    of_parser = (
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        RecursionError,
        ArithmeticError,
    )
    # What these say is about Python objects, not about the answer: SDKs do not check its shape.
    if isinstance(root, TypeError | AttributeError | KeyError | IndexError):
        what = "it answered something else than the JSON of this API"
        return not_an_api(name, url, what, is_llm=is_llm)
    if isinstance(root, of_parser) and not isinstance(root, OSError):
        return not_an_api(name, url, f"it could not be read ({text})", is_llm=is_llm)
    if "RemoteProtocol" in kind or "ReadError" in kind or "IncompleteRead" in kind:
        what = f"The connection to {name} was dropped: {text}."
        return AskError(what, hint=f"{_KEPT} Try again.", kind="cut")
    what = f"{name} cannot be reached at {url}: {text}."
    hint = "Check the address and that the server runs there."
    if "SSL" in str(root) or "WRONG_VERSION" in str(root):
        hint = "Does the server speak https? If not, the address begins with http://."
    return AskError(what, hint=hint, kind="connection")


def not_an_api(name: str, url: str, what: str, *, is_llm: bool = True) -> AskError:
    """Gives the failure of an answer that came, but is not what this kind of API answers."""
    hint = f"Check {url}: for an OpenAI-compatible API it should usually end in /v1."
    return AskError(
        f"{name} is not the API that it should be: {what}.",
        hint=hint if is_llm else f"Check {url}. {_MT_HINTS['address']}",
        kind="protocol",
    )


def engine_error(name: str, body: Any, secrets: Iterable[str]) -> AskError:
    """Gives the failure of an error that came inside a stream, where only the body says why."""
    parsed = _parsed(body)
    said = scrubbed_message(_said(parsed), secrets)
    what = f"{name} broke off: {said[:SHOWN].rstrip('.') or 'no reason given'}."
    status, retry_after_s = _status_in(parsed, said), _retry_after_s({}, said)
    kind = _kind(status or 500, _code(parsed), said, is_passing=retry_after_s is not None)
    hint = "Try again." if kind == "server" else _hint(kind, retry_after_s)
    return AskError(
        what,
        hint=f"{_KEPT} {hint}",
        kind=kind,
        status=status,
        retry_after_s=retry_after_s if kind in ("rate", "server") else None,
        said=said,
        param=_param(parsed),
    )


def deadline_passed(name: str, seconds: float) -> AskError:
    """Gives the failure of an answer that took too long as a whole."""
    return AskError(
        f"{name} did not finish within {seconds:g} s.",
        hint=f"{_KEPT} Raise the endpoint's deadline, or ask for less.",
        kind="timeout",
    )


def _again(error: Exception) -> str:
    return _KEPT if "Read" in type(_root(error)).__name__ else "Try again."


def _root(error: BaseException) -> BaseException:
    """Gives the reason: OpenAI's SDK says only "Connection error." and keeps it as the cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _kind(status: int, code: str, said: str, *, is_passing: bool) -> FailureKind:
    """Gives what sort of failure a status is; what was said decides where vendors differ."""
    is_about_quota = status in (403, 429) and bool(_QUOTA.search(said))
    # Google speaks of a quota, too, where calls a minute are meant.
    is_passing = is_passing or bool(_PASSING.search(said) or _RATE.search(code))
    is_used_up = is_about_quota and bool(_USED_UP.search(said)) and not is_passing
    if code == "insufficient_quota" or status in (402, 456) or is_used_up:
        return "quota"
    if status == 429 or is_about_quota or (status == 403 and "rate limit" in said.lower()):
        return "rate"
    if status in (401, 403) or code in ("API_KEY_INVALID", "invalid_api_key"):
        return "key"
    if status == 404 or 300 <= status < 400:
        return "address"
    if status == 413 or _TOO_LONG.search(f"{code} {said}"):
        return "too long"
    return "server" if status == 408 or status >= 500 else "request"


def _parsed(body: Any) -> Any:
    """Gives a body as values; one that is no JSON as its text without tags."""
    if isinstance(body, bytes):
        body = body.decode("utf-8", errors="replace")
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return re.sub(r"<[^<>]*>", " ", body[:LOOKED_AT])


def _said(parsed: Any) -> str:
    """Gives what an error's body says, whichever of the usual shapes it has."""
    try:
        return " ".join(_text_of(parsed)[:LOOKED_AT].split())
    except RecursionError:
        return ""


def _text_of(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(filter(None, map(_text_of, value[:3])))
    if isinstance(value, dict):
        for key in ("error", "detail", "message", "msg"):
            if value.get(key) and isinstance(value[key], str | list | dict):
                return _place(value) + _text_of(value[key])
        return json.dumps(value, ensure_ascii=False) if value else ""
    return "" if value is None else str(value)


def _place(value: dict[str, Any]) -> str:
    """Gives the field that a complaint of FastAPI is about; its sentence does not name it."""
    place = value.get("loc")
    names = [str(name) for name in place if name != "body"] if isinstance(place, list) else []
    return f"'{'.'.join(names)}': " if names else ""


def _code(body: Any) -> str:
    """Gives the machine-readable code of an error, as OpenAI and Google write it."""
    error = _error_in(body)
    lists = [error.get(name) for name in ("details", "errors")]
    details = [each for found in lists if isinstance(found, list) for each in found]
    reasons = [each.get("reason") for each in details if isinstance(each, dict)]
    found = (*reasons, error.get("code"), error.get("type"))
    return next((code for code in found if code and isinstance(code, str)), "")


def _error_in(body: Any) -> dict[str, Any]:
    """Gives the error in a body; {} if there is none with fields."""
    if isinstance(body, list) and body:  # Google's OpenAI-compatible API
        body = body[0]
    error = body.get("error", body) if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _param(body: Any) -> str:
    """Gives the parameter that an error is about, without what it holds: `stop` of `stop[0]`."""
    param = _error_in(body).get("param")
    return re.split(r"[.\[]", param.removeprefix("body."))[0] if isinstance(param, str) else ""


def _status_in(body: Any, said: str) -> int:
    """Gives the HTTP status that an error inside a stream stands for; 0 if it says nothing."""
    error = _error_in(body)
    values = [error.get(key) for key in ("code", "status", "type")]
    for value in values:
        if isinstance(value, int) and 400 <= value < 600:
            return value
        if isinstance(value, str) and re.fullmatch(r"[45]\d\d", value, re.ASCII):
            return int(value)
    words = " ".join(value for value in values if isinstance(value, str))
    if _RATE.search(said) or (_QUOTA.search(said) and _USED_UP.search(said)):
        return 429
    return next((status for status, name in _STATUSES if name.search(words)), 0)


def _hint(kind: FailureKind, retry_after_s: float | None, *, is_llm: bool = True) -> str:
    hint = _HINTS[kind] if is_llm else _MT_HINTS.get(kind, _HINTS[kind])
    if kind == "rate" and retry_after_s is not None:
        hint += f" It can be tried again in {retry_after_s:.0f} s."
    return hint


def _retry_after_s(headers: Mapping[str, str], said: str) -> float | None:
    """Gives the pause that is asked for, as a number or as a date (RFC 9110, section 10.2.3).

    Some say it in words only.
    """
    for name, factor in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) * factor
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds):
            return min(max(0.0, seconds), _LONGEST_PAUSE_S)
    try:
        until = parsedate_to_datetime(headers["retry-after"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        return _seconds_in(said)
    return min(max(0.0, until - time.time()), _LONGEST_PAUSE_S)


def _seconds_in(said: str) -> float | None:
    found = _AGAIN.search(said)
    spans = _SPAN.findall(found[1]) if found else []
    return sum(float(num) * _SECONDS[unit.lower()] for num, unit in spans) if spans else None
