"""Who is at the command line."""

from __future__ import annotations

import getpass


def login_name() -> str:
    """Gives the name of whoever is logged in, or "" where the machine does not know one.

    In a container the process may belong to a number that no list of users has.
    """
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return ""
