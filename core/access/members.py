"""Members: people who work in the application beside its owner."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace

from core.access.roles import Role
from core.errors import ConfigError
from core.storage.files import utc_now
from core.storage.member_records import Member
from core.storage.workspace import Workspace

MEMBER_ROLES: tuple[Role, ...] = ("member", "owner")
MAX_NAME_LENGTH = 100
MAX_EMAIL_LENGTH = 254

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
# Signs that change the direction of what follows, or show as nothing: a name must be what it seems.
_UNSEEN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]")


def add_member(
    workspace: Workspace, name: str, *, role: Role = "member", email: str = ""
) -> Member:
    """Stores a new member and gives the record; the link is that of `signing.member_link`.

    Args:
        workspace: Where the member may enter.
        name: 1 to 100 characters, unique.
        role: `member`, or `owner` for somebody who may also let others in.
        email: By which an identity provider knows the member; may be empty.

    Raises:
        ConfigError: Name, role or address is wrong or taken.
    """
    name, email = checked_name(name), _checked_email(email)
    if role not in MEMBER_ROLES:
        raise ConfigError(f"A member's role is 'member' or 'owner', not {role!r}.")
    if email and (other := workspace.members.of_email(email)) is not None:
        raise ConfigError(
            f"The address {email!r} is that of {other.name!r}.",
            hint="Give each member an own address, or none.",
        )
    member = Member(str(uuid.uuid4()), name, role, created_at=utc_now(), email=email)
    workspace.members.add(member)
    return member


def revoke_member(workspace: Workspace, member_id: str) -> Member:
    """Ends a member's access at once, on every device.

    Raises:
        DataError: There is no such member.
    """
    return _changed(workspace, member_id, revoked_at=utc_now())


def renew_member_link(workspace: Workspace, member_id: str) -> Member:
    """Gives a member another link; the old one and all its cookies are worthless from now on.

    Somebody whose access was revoked may enter again, by the new link alone.

    Raises:
        DataError: There is no such member.
    """
    version = workspace.members.get(member_id).link_version + 1
    return _changed(workspace, member_id, link_version=version, revoked_at=None)


def checked_name(name: str) -> str:
    """Gives a name without blanks around it.

    Raises:
        ConfigError: It is empty, too long, or holds signs that cannot be seen.
    """
    name = " ".join(name.split(" ")).strip()
    if not name or len(name) > MAX_NAME_LENGTH:
        raise ConfigError(
            f"A name has 1 to {MAX_NAME_LENGTH} characters, not {len(name)}.",
            hint="Type the name by which you know the person.",
        )
    if found := _UNSEEN.search(name):
        raise ConfigError(
            f"The name {name!r} holds U+{ord(found.group()):04X}, which cannot be seen.",
            hint="Type the name anew instead of copying it.",
        )
    return name


def _checked_email(email: str) -> str:
    email = email.strip().lower()
    if email and (len(email) > MAX_EMAIL_LENGTH or not _EMAIL.fullmatch(email)):
        raise ConfigError(
            f"The address {email[:60]!r} is not like name@example.org.",
            hint="It must be the one that the identity provider knows; leave it empty without one.",
        )
    return email


def _changed(workspace: Workspace, member_id: str, **values: str | int | None) -> Member:
    member = workspace.members.get(member_id)
    workspace.members.change(member_id, **values)
    return replace(member, **values)  # type: ignore[arg-type]
