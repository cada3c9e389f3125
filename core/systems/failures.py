"""Why a system did not answer: one sentence that says what to do, and never holds a key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from core.errors import EndpointError
from core.systems.secrets import scrubbed_message

FailureKind = Literal[
    "key", "address", "parameter", "rate", "quota", "too long", "server", "timeout", "connection",
    "protocol", "cut", "loading", "request",
]  # fmt: skip
RETRYABLE = ("rate", "server", "timeout", "connection", "cut")
SHOWN = 200  # characters of an answer that a message repeats


class AskError(EndpointError):
    """A system did not answer as it should.

    Attributes:
        kind: What sort of failure it is.
        status: The HTTP status; 0 if there was none.
        retry_after_s: When the endpoint says that it is worth trying again; None if it does not.
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
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.status = status
        self.retry_after_s = retry_after_s

    @property
    def is_retryable(self) -> bool:
        """Whether the same question may be answered later."""
        return self.kind in RETRYABLE


def from_status(
    status: int, headers: Mapping[str, str], body: Any, *, name: str, secrets: Iterable[str]
) -> AskError:
    """Gives the failure that an answer with an error status stands for.

    Args:
        status: The HTTP status.
        headers: Those of the answer.
        body: What came with it, parsed or not.
        name: What the endpoint is called.
        secrets: Texts that must not be repeated.
    """
    said = scrubbed_message(_said(body), secrets)
    what = f"{name} answered {status}" + (f": {said}" if said else "")
    what = what.rstrip(".") + "."
    retry_after_s = _retry_after_s(headers)
    code = _code(body)
    if code == "insufficient_quota" or status in (402, 456) or "quota" in said.lower()[:SHOWN]:
        hint = "The quota or credit of this key is used up; retrying does not help."
        return AskError(what, hint=hint, kind="quota", status=status)
    if status in (401, 403) or code in ("API_KEY_INVALID", "invalid_api_key"):
        hint = "The key was refused. Check the key and what it may be used for."
        return AskError(what, hint=hint, kind="key", status=status)
    if status == 404:
        hint = "Check the model, and the base URL: it should usually end in /v1."
        return AskError(what, hint=hint, kind="address", status=status)
    if 300 <= status < 400:
        target = scrubbed_message(headers.get("location", ""), secrets)
        hint = f"It redirects to {target[:SHOWN]}; enter that address if you trust it."
        return AskError(what, hint=hint, kind="address", status=status)
    if status == 429:
        wait = "" if retry_after_s is None else f" It can be tried again in {retry_after_s:.0f} s."
        hint = f"Too many requests for this key.{wait}"
        return AskError(what, hint=hint, kind="rate", status=status, retry_after_s=retry_after_s)
    if status == 413 or "context_length" in code or "maximum context" in said:
        hint = "The prompt is too long for this model: fewer examples, or a shorter source."
        return AskError(what, hint=hint, kind="too long", status=status)
    if status == 408 or status >= 500:
        hint = "The fault is on the endpoint's side; try again."
        return AskError(what, hint=hint, kind="server", status=status, retry_after_s=retry_after_s)
    hint = "Check the model and the parameters."
    return AskError(what, hint=hint, kind="request", status=status)


def from_exception(error: Exception, *, name: str, url: str, secrets: Iterable[str]) -> AskError:
    """Gives the failure that an exception of the connection or of the parser stands for."""
    root = _root(error)
    text = scrubbed_message(str(root) or type(root).__name__, secrets)[:SHOWN].rstrip(".")
    kind = type(root).__name__
    if "Timeout" in type(error).__name__ or "Timeout" in kind:
        is_connecting = "Connect" in kind
        what = f"{name} {'could not be reached' if is_connecting else 'stopped answering'} in time."
        return AskError(what, hint=f"Is {url} at work? {_again(error)}", kind="timeout")
    if isinstance(root, ValueError | UnicodeError) and not isinstance(root, OSError):
        return not_an_api(name, url, f"it could not be read ({text})")
    if "RemoteProtocol" in kind or "ReadError" in kind or "IncompleteRead" in kind:
        what = f"The connection to {name} was dropped: {text}."
        return AskError(what, hint="What had come is kept. Try again.", kind="cut")
    what = f"{name} cannot be reached at {url}: {text}."
    hint = "Check the address and that the server runs there."
    if "SSL" in str(root) or "WRONG_VERSION" in str(root):
        hint = "Does the server speak https? If not, the address begins with http://."
    return AskError(what, hint=hint, kind="connection")


def not_an_api(name: str, url: str, what: str) -> AskError:
    """Gives the failure of an answer that came, but is not what this kind of API answers."""
    return AskError(
        f"{name} is not the API that it should be: {what}.",
        hint=f"Check {url}: for an OpenAI-compatible API it should usually end in /v1.",
        kind="protocol",
    )


def engine_error(name: str, body: Any, secrets: Iterable[str]) -> AskError:
    """Gives the failure of an error that came inside a stream."""
    said = scrubbed_message(_said(body), secrets) or "no reason given"
    what = f"{name} broke off: {said.rstrip('.')}."
    return AskError(what, hint="What had come is kept. Try again.", kind="server")


def deadline_passed(name: str, seconds: float) -> AskError:
    """Gives the failure of an answer that took too long as a whole."""
    return AskError(
        f"{name} did not finish within {seconds:g} s.",
        hint="What had come is kept. Raise the endpoint's deadline, or ask for less.",
        kind="timeout",
    )


def _again(error: Exception) -> str:
    return "What had come is kept." if "Read" in type(_root(error)).__name__ else "Try again."


def _root(error: BaseException) -> BaseException:
    """Gives the reason: OpenAI's SDK says only "Connection error." and keeps it as the cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _said(body: Any) -> str:
    """Gives what an error's body says, whichever of the usual shapes it has."""
    if isinstance(body, bytes):
        body = body.decode("utf-8", errors="replace")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return _flat(re.sub(r"<[^>]*>", " ", body))
    if isinstance(body, dict):
        if isinstance(body.get("loc"), list):  # FastAPI: which field, and what is wrong with it
            return _flat(f"{'.'.join(map(str, body['loc']))}: {body.get('msg', '')}")
        for key in ("error", "detail", "message", "msg"):
            if body.get(key):
                return _said_value(body[key])
        return _flat(json.dumps(body, ensure_ascii=False)) if body else ""
    return _said_value(body)


def _said_value(value: Any) -> str:
    if isinstance(value, dict):
        return _said(value)
    if isinstance(value, list):
        return _flat("; ".join(_said(each) for each in value[:3]))
    return "" if value is None else _flat(str(value))


def _flat(text: str) -> str:
    return " ".join(text.split())[:SHOWN]


def _code(body: Any) -> str:
    """Gives the machine-readable code of an error, as OpenAI and Google write it."""
    if not isinstance(body, dict):
        return ""
    error = body.get("error", body)
    if not isinstance(error, dict):
        return ""
    details = error.get("details")
    reasons = [each.get("reason") for each in details or [] if isinstance(each, dict)]
    return str(error.get("code") or error.get("type") or "") if not reasons else str(reasons[0])


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    for name, factor in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * factor)
        except (KeyError, ValueError):
            continue
    return None
