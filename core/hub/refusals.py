"""What goes wrong on the way to the hub, each time in one sentence without the token."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import AdaptMLLMError, HostError, ModelError

TOKEN_VARIABLE = "HF_TOKEN"
_TOKEN_HINT = f"set {TOKEN_VARIABLE}, or log in with `hf auth login`"
# Tokens of the hub, and what signs an address, however they came into a text.
_LIKE_A_TOKEN = re.compile(r"hf_[A-Za-z0-9]{8,}|Bearer\s+\S+|(?<=\?)[^\s'\"]*=[^\s'\"]+")
_MAX_REASON = 300  # characters
_FULL = (errno.ENOSPC, errno.EDQUOT)


def hub_token() -> str:
    """Gives the token of the environment or of the hub's own login file; empty = none.

    Raises:
        ModelError: It holds what no header may hold.
    """
    from huggingface_hub import get_token

    token = get_token() or ""
    if not (token.isascii() and token.isprintable()) or " " in token:
        # An HTTP library would quote it in its own complaint.
        raise ModelError(
            f"{TOKEN_VARIABLE} holds characters that no token has.", hint="Copy the token again."
        )
    return token


@contextmanager
def one_sentence(repo_id: str, revision: str = "") -> Iterator[None]:
    """Turns what the hub's library raises into an error for people.

    Args:
        repo_id: The repository that is asked for.
        revision: Its branch, tag or commit; empty = the newest.

    Raises:
        ModelError: The hub does not give the model; the hint says what to do.
        HostError: The disk is full, or not to be written.
    """
    # `from None` throughout: the original may quote the request with its headers.
    try:
        yield
    except AdaptMLLMError:
        raise
    except Exception as error:  # noqa: BLE001
        # What the hub's client and the libraries below it raise is no closed list.
        raise explained(error, repo_id, revision) from None


def explained(error: Exception, repo_id: str, revision: str = "") -> AdaptMLLMError:
    """Gives the error for people that an error of the hub's library stands for."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    error = cause_of(error)
    if isinstance(error, HFValidationError):
        return ModelError(
            f"{repo_id[:120]!r} is no id of a model on the hub.", hint="Give owner/name."
        )
    if isinstance(error, RevisionNotFoundError):
        return ModelError(
            f"{repo_id} has no revision {revision[:120]!r}.",
            hint="Give a branch, a tag or a commit that its page names; empty = the newest.",
        )
    if isinstance(error, GatedRepoError):
        return _gated(repo_id)
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code if error.response is not None else 0
        is_unknown = isinstance(error, RepositoryNotFoundError) or status == 404
        return _refused(repo_id, status, is_unknown=is_unknown, reason=_reason(error))
    return _without_answer(error, repo_id)


def cause_of(error: Exception) -> Exception:
    """Gives what was behind "it is neither here nor on the hub", else the error itself."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    is_outer = isinstance(error, LocalEntryNotFoundError)
    return error.__cause__ if is_outer and isinstance(error.__cause__, Exception) else error


def _gated(repo_id: str) -> ModelError:
    from huggingface_hub import constants

    page = f"{constants.ENDPOINT}/{repo_id}"
    if hub_token():
        message = f"{repo_id} is gated, and the account of this token may not have it."
        return ModelError(message, hint=f"Accept its terms at {page} with that account.")
    return ModelError(
        f"{repo_id} is gated: only accounts that accepted its terms may have it.",
        hint=f"Accept them at {page}, then {_TOKEN_HINT}.",
    )


def _refused(repo_id: str, status: int, *, is_unknown: bool, reason: str) -> ModelError:
    """Says what a status means; 401 is the hub's answer for "private" and for "there is none"."""
    if status == 401 and hub_token():
        return ModelError(
            f"The hub does not accept the token for {repo_id} (status 401).",
            hint=f"Make a new one at huggingface.co/settings/tokens and {_TOKEN_HINT}.",
        )
    if status == 401:
        return ModelError(
            f"The hub does not give {repo_id} without a token: it is private, or misspelt.",
            hint=f"Check owner/name; for a private model {_TOKEN_HINT}.",
        )
    if is_unknown:
        return ModelError(
            f"The hub has no model {repo_id!r}, or none that this account may see.",
            hint=f"Check the spelling: owner/name. For a private model {_TOKEN_HINT}.",
        )
    if status == 403:
        return ModelError(
            f"The hub does not let this account read {repo_id} (status 403).",
            hint="Give the token the right to read this repository.",
        )
    if status == 429:
        return ModelError(
            "The hub answers that it was asked too often (status 429).",
            hint=f"Try again in some minutes; accounts may ask more often: {_TOKEN_HINT}.",
        )
    message = f"The hub did not give {repo_id} (status {status}): {reason}."
    return ModelError(message, hint="Try again later; what was downloaded stays.")


def _without_answer(error: Exception, repo_id: str) -> AdaptMLLMError:
    from huggingface_hub.errors import OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return switched_off(repo_id)
    if isinstance(error, OSError) and error.errno in _FULL:
        return HostError(
            f"The disk is full while {repo_id} is downloaded.",
            hint="Free some space, then start it again: it goes on where it stopped.",
        )
    if is_connection(error):
        return ModelError(
            f"The hub cannot be reached for {repo_id}: {_reason(error)}.",
            hint="Check the network, then start it again: it goes on where it stopped.",
        )
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return HostError(f"{repo_id} cannot be stored: {error.strerror}{where}.")
    return ModelError(f"{repo_id} cannot be downloaded: {type(error).__name__}: {_reason(error)}.")


def switched_off(repo_id: str) -> ModelError:
    """Says that a model is not here and that nobody may ask the hub for it."""
    return ModelError(
        f"{repo_id} is not on this machine, and the hub is switched off (HF_HUB_OFFLINE).",
        hint="Unset HF_HUB_OFFLINE, or give a folder that holds the model.",
    )


def is_connection(error: Exception) -> bool:
    """Whether an error is of the connection, not of what was said over it."""
    import httpx2

    return isinstance(error, (httpx2.TransportError, ConnectionError, TimeoutError))


def scrubbed(text: str) -> str:
    """Gives a text without anything that looks like a token of the hub."""
    return _LIKE_A_TOKEN.sub("…", text)


def _reason(error: Exception) -> str:
    text = scrubbed(str(getattr(error, "server_message", None) or error))
    first = (text.strip() or type(error).__name__).splitlines()[0]
    return first[:_MAX_REASON].rstrip(".:! ")
