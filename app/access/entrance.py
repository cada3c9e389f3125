"""This server's door; one a process, opened when the server starts."""

from __future__ import annotations

import os
from dataclasses import dataclass

from app.access import provider
from core.access.attempts import Attempts
from core.access.door import Door, checked_public_url
from core.access.owner_token import take_token
from core.storage.workspace import Workspace

PUBLIC_URL_VARIABLE = "ADAPTMLLM_PUBLIC_URL"


@dataclass(frozen=True)
class Entrance:
    """What the server needs to know to let somebody in.

    Attributes:
        workspace: Whose members and raters may enter.
        door: How the server can be reached.
        attempts: Counts who tries tokens.
    """

    workspace: Workspace
    door: Door
    attempts: Attempts


def welcome(door: Door) -> str:
    """Gives what to print at start: the address and, where one is needed, the owner's link."""
    fault = provider.fault()
    where = f"\nadaptMLLM: {door.url}   (Ctrl-C ends it; runs go on)\n"
    where += f"Nobody can sign in by OpenID Connect. {fault}\n" if fault else ""
    if door.is_local:
        return where
    return where + (
        f"The owner enters by {door.url}/token#{door.token.value}\n"
        f"or types the token there: {door.token.value}   (until this server ends)\n"
    )


_entrances: list[Entrance] = []


def open_entrance(workspace: Workspace) -> Entrance:
    """Opens the door of this process, as Streamlit's settings and the environment say.

    Raises:
        ConfigError: The public URL or the token of the environment is wrong.
    """
    from streamlit import config

    public_url = os.environ.get(PUBLIC_URL_VARIABLE, "")
    door = Door(
        address=str(config.get_option("server.address") or ""),
        port=int(config.get_option("server.port")),
        public_url=checked_public_url(public_url) if public_url else "",
        token=take_token(),
    )
    entrance = Entrance(workspace, door, Attempts())
    _entrances[:] = [entrance]
    return entrance


def entrance() -> Entrance | None:
    """Gives the door of this process, or None where no page server runs, as in a test."""
    return _entrances[0] if _entrances else None
