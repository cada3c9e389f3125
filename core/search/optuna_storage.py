"""Optuna's storage in the project's own database: any of Optuna's tools reads the same URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.storages import RDBStorage
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from core.errors import HostError
from core.jobs.entering import locked
from core.storage.database import PATIENCE_S
from core.storage.workspace import Workspace

optuna.logging.set_verbosity(optuna.logging.WARNING)


def storage_url(workspace: Workspace) -> str:
    """Gives the URL that `optuna-dashboard` takes; with the password, if there is one."""
    return workspace.database.url.render_as_string(hide_password=False)


@contextmanager
def opened_storage(workspace: Workspace) -> Iterator[RDBStorage]:
    """Opens Optuna's tables, which are made at the first time, and closes them.

    Raises:
        HostError: The database cannot be used.
    """
    storage = None
    try:
        if _has_tables(workspace):
            storage = _storage(workspace)
        else:
            with locked(workspace.searches_folder / "tables"):  # two at once would be one too many
                storage = _storage(workspace)
        yield storage
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = str(error.__cause__ or error).splitlines()[0].rstrip(".")
        raise HostError(
            f"The trials of a study cannot be read or stored: {cause}.",
            hint="Check the disk and the database of the workspace.",
        ) from error
    finally:
        if storage is not None:
            storage.remove_session()
            storage.engine.dispose()


def _storage(workspace: Workspace) -> RDBStorage:
    options: dict[str, Any] = {}
    if workspace.database.url.get_backend_name() == "sqlite":
        # A transaction that turns from reading to writing fails at once when another writes.
        options = {"connect_args": {"timeout": PATIENCE_S, "isolation_level": "IMMEDIATE"}}
    return RDBStorage(storage_url(workspace), engine_kwargs=options)


def _has_tables(workspace: Workspace) -> bool:
    with workspace.database.reading() as connection:
        return inspect(connection).has_table("version_info")
