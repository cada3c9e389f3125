"""Who a request comes from: by cookie, by identity provider, or from this machine itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.access.door import LOCAL_NAMES, Door, host_name
from core.access.roles import Role, Visitor
from core.access.signing import Pass, pass_of_cookie
from core.errors import DataError
from core.storage.member_records import Member
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Shown:
    """What a request shows of its sender; every part of it may be forged.

    Attributes:
        host: The Host header.
        is_forwarded: Whether a proxy says that it passed the request on.
        rater_cookie: The cookie of a rater's link; signed, or empty.
        owner_cookie: The cookie of the owner's token or a member's link; signed, or empty.
        email: Address that an identity provider vouched for, in a cookie that it signed, or empty.
    """

    host: str = ""
    is_forwarded: bool = False
    rater_cookie: str = field(default="", repr=False)
    owner_cookie: str = field(default="", repr=False)
    email: str = ""


def identify(workspace: Workspace, door: Door, shown: Shown) -> Visitor | None:
    """Gives who sent a request, or None for somebody who may not enter.

    A rater's cookie comes first: whoever tries a rater's link sees what the rater sees. The
    database is read once in most cases, so that what was revoked is refused at once.

    Raises:
        HostError: The workspace's secret cannot be read.
    """
    return (
        visitor_of(workspace, door, _pass(workspace, shown.rater_cookie))
        or visitor_of(workspace, door, _pass(workspace, shown.owner_cookie))
        or _of_email(workspace, shown.email)
        or (Visitor("owner") if is_at_this_machine(door, shown) else None)
    )


def is_signed(workspace: Workspace, door: Door, shown: Shown) -> bool:
    """Tells whether a request shows something that we signed, though perhaps revoked since.

    It takes no look at the database, and is enough for files that are the same for everybody.

    Raises:
        HostError: The workspace's secret cannot be read.
    """
    cookies = (shown.rater_cookie, shown.owner_cookie)
    return (
        any(_pass(workspace, cookie) is not None for cookie in cookies)
        or bool(shown.email)
        or is_at_this_machine(door, shown)
    )


def visitor_of(workspace: Workspace, door: Door, shown: Pass | None) -> Visitor | None:
    """Gives whom a pass lets in now, or None if it is worthless, as one that was revoked."""
    if shown is None:
        return None
    if shown.kind == "owner":
        return Visitor("owner") if shown.id == door.token.start_id else None
    try:
        if shown.kind == "member":
            member = workspace.members.get(shown.id)
            is_valid = _is_valid(member.revoked_at, member.link_version, shown)
            return _of_member(member) if is_valid else None
        rater = workspace.raters.get(shown.id)
    except DataError:  # deleted
        return None
    if not _is_valid(rater.revoked_at, rater.link_version, shown):
        return None
    return Visitor("rater", rater.name, rater_id=rater.id, campaign_id=rater.campaign_id)


def is_at_this_machine(door: Door, shown: Shown) -> bool:
    """Tells whether a request can only come from the owner's own machine."""
    return door.is_local and not shown.is_forwarded and host_name(shown.host) in LOCAL_NAMES


def _pass(workspace: Workspace, cookie: str) -> Pass | None:
    return pass_of_cookie(workspace, cookie) if cookie else None


def _is_valid(revoked_at: str | None, link_version: int, shown: Pass) -> bool:
    return revoked_at is None and link_version > 0 and link_version == shown.link_version


def _of_email(workspace: Workspace, email: str) -> Visitor | None:
    member = workspace.members.of_email(email) if email else None
    return _of_member(member) if member is not None and member.revoked_at is None else None


def _of_member(member: Member) -> Visitor:
    role: Role = "owner" if member.role == "owner" else "member"
    return Visitor(role, member.name, member_id=member.id)
