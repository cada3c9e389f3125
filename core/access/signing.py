"""Links and cookies that cannot be forged: signed with the workspace's secret, never stored.

A pass names a rater or member and the version of the link. A higher version in the database, or
a date of revocation, makes every link and cookie of the old version worthless.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from core.errors import HostError
from core.storage.campaign_records import Rater
from core.storage.member_records import Member
from core.storage.workspace import Workspace

Kind: TypeAlias = Literal["rater", "member", "owner"]

JOIN_PATH = "/join/"
COOKIE_MAX_AGE_S = 30 * 24 * 3600
MAX_TOKEN_LENGTH = 1000  # longer ones are not looked at

_KINDS: tuple[Kind, ...] = ("rater", "member", "owner")
_SIGNER = {"key_derivation": "hmac", "digest_method": hashlib.sha256}


@dataclass(frozen=True)
class Pass:
    """What a link or a cookie says.

    Attributes:
        kind: Whose it is; `owner` for those who knew the token printed at start.
        id: Of the rater or member; of an owner, which start's token was known.
        link_version: Must be the stored one; 0 for an owner.
    """

    kind: Kind
    id: str
    link_version: int = 0


def rater_link(workspace: Workspace, rater: Rater) -> str:
    """Gives the path of a rater's personal link, `/join/…`; the same each time.

    Raises:
        HostError: The workspace's secret cannot be read or written.
    """
    return JOIN_PATH + _link_token(workspace, Pass("rater", rater.id, rater.link_version))


def member_link(workspace: Workspace, member: Member) -> str:
    """Gives the path of a member's personal link, `/join/…`; the same each time.

    Raises:
        HostError: The workspace's secret cannot be read or written.
    """
    return JOIN_PATH + _link_token(workspace, Pass("member", member.id, member.link_version))


def pass_of_link(workspace: Workspace, token: str) -> Pass | None:
    """Gives what the part of a link behind `/join/` says, or None if we did not sign it."""
    if len(token) > MAX_TOKEN_LENGTH:
        return None
    try:
        return _as_pass(_links(workspace).loads(token))
    except BadData:
        return None


def cookie_of(workspace: Workspace, granted: Pass) -> str:
    """Gives the value of a cookie for a pass; it holds for `COOKIE_MAX_AGE_S`.

    Raises:
        HostError: The workspace's secret cannot be read or written.
    """
    signed: str | bytes = _cookies(workspace).dumps(
        [granted.kind, granted.id, granted.link_version]
    )
    return signed if isinstance(signed, str) else signed.decode("ascii")


def pass_of_cookie(workspace: Workspace, value: str) -> Pass | None:
    """Gives what a cookie says, or None if we did not sign it or it is too old."""
    if len(value) > MAX_TOKEN_LENGTH:
        return None
    try:
        return _as_pass(_cookies(workspace).loads(value, max_age=COOKIE_MAX_AGE_S))
    except BadData:
        return None


def _link_token(workspace: Workspace, granted: Pass) -> str:
    signed: str | bytes = _links(workspace).dumps([granted.kind, granted.id, granted.link_version])
    return signed if isinstance(signed, str) else signed.decode("ascii")


def _links(workspace: Workspace) -> URLSafeSerializer:
    secret = _secret(workspace.secret_file)
    return URLSafeSerializer(secret, salt="adaptmllm link", signer_kwargs=_SIGNER)


def _cookies(workspace: Workspace) -> URLSafeTimedSerializer:
    # Another salt: a link, which stands in letters and logs, is no cookie.
    secret = _secret(workspace.secret_file)
    return URLSafeTimedSerializer(secret, salt="adaptmllm cookie", signer_kwargs=_SIGNER)


def _as_pass(value: Any) -> Pass | None:
    match value:
        case [str() as kind, str() as its_id, int() as version] if kind in _KINDS:
            return Pass(_KINDS[_KINDS.index(kind)], its_id, version)
    return None


def _secret(file: Path) -> str:
    """Gives the secret; the first that asks makes it, and of several at once one wins."""
    try:
        if not file.exists():
            _make_secret(file)
        secret = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or "it is not text"
        raise HostError(
            f"The secret {file}, which links and cookies are signed with, cannot be used: {cause}.",
            hint="Give this account the right to read and write it.",
        ) from error
    if not re.fullmatch("[0-9a-f]{64}", secret):
        raise HostError(
            f"The secret {file} does not hold 64 hexadecimal digits.",
            hint="Delete it: a new one is made, and all links have to be sent again.",
        )
    return secret


def _make_secret(file: Path) -> None:
    whole = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32))
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first; its secret counts
            os.link(whole, file)
    finally:
        whole.unlink()
