"""Posting a notice to a webhook: three tries, and no word of the address in an error."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from core.errors import HostError

TIMEOUT_S = 10.0
TRIES = 3
FIRST_PAUSE_S = 1.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would turn the message into a question, perhaps to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follows none; the status is told."""


def post(url: str, values: dict[str, Any]) -> None:
    """Posts JSON; tries again while the server is out of order.

    Raises:
        HostError: It was not taken; the sentence names the host alone, as the address is a secret.
    """
    host = urlsplit(url).hostname or "the webhook"
    for attempt in range(TRIES):
        try:
            _post_once(url, values)
            return
        except urllib.error.HTTPError as error:
            problem = f"{host} answered with status {error.code}"
            error.close()
            if error.code < 500 and error.code not in (408, 429):
                raise HostError(f"The webhook did not take the message: {problem}.",
                                hint="Check the address of the webhook.") from None  # fmt: skip
        except (OSError, http.client.HTTPException, ValueError) as error:
            problem = f"{host} cannot be reached ({_cause(error)})"
        if attempt < TRIES - 1:
            time.sleep(FIRST_PAUSE_S * 4**attempt)
    raise HostError(
        f"The webhook did not take the message in {TRIES} tries: {problem}.",
        hint="Check the address of the webhook, and the network.",
    ) from None


def _post_once(url: str, values: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json", "User-Agent": "adaptMLLM"}
    body = json.dumps(values, ensure_ascii=False).encode()
    request = urllib.request.Request(url, body, headers, method="POST")
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as answer:
        answer.read(4096)


def _cause(error: Exception) -> str:
    """Gives the kind of an error, without the words, which may repeat the address."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__ if isinstance(reason, Exception) else type(error).__name__
