"""The database behind the workspace: SQLite in WAL mode by default, PostgreSQL by URL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from core.errors import HostError
from core.storage import migrations

PATIENCE_S = 20  # with a file that another process writes to
MIGRATIONS = Path(migrations.__file__).parent


class Database:
    """Short transactions over one engine; safe to share between threads.

    Writers take the lock at once (`BEGIN IMMEDIATE`): a deferred SQLite transaction that turns
    from reading to writing fails with "database is locked" whatever the timeout is. Those of one
    process wait for each other before: SQLite would look for the lock again only now and then, and
    with many writers some would wait for seconds.
    """

    def __init__(self, url: str | URL) -> None:
        self.url = make_url(url)
        is_sqlite = self.url.get_backend_name() == "sqlite"
        arguments = {"timeout": PATIENCE_S, "check_same_thread": False} if is_sqlite else {}
        self._turn: AbstractContextManager[Any] = (
            _turn(str(self.url)) if is_sqlite else nullcontext()
        )
        self._held: Connection | None = None
        # To open SQLite's file anew takes longer than most questions to it.
        pool = {"poolclass": QueuePool, "max_overflow": -1} if is_sqlite else {}
        self._engine = create_engine(self.url, connect_args=arguments, **pool)
        if is_sqlite:
            _listen_as_sqlite(self._engine)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Gives a connection for reading only; with SQLite each query sees the newest state."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, *, is_durable: bool = False) -> Iterator[Connection]:
        """Gives a connection whose changes are committed at the end, or none of them.

        What is committed outlives this process. With `is_durable` it has also reached the disk
        when this returns, so that it outlives a loss of power.

        Raises:
            HostError: The disk under the database is full.
        """
        try:
            with (
                self._turn,
                self._engine.connect().execution_options(
                    writes=True, is_durable=is_durable
                ) as connection,
                connection.begin(),
            ):
                yield connection
        except OperationalError as error:
            if "full" in str(error.orig):
                raise HostError(
                    "The disk is full, the change could not be stored.",
                    hint="Free some space on the disk of the workspace and try again.",
                ) from error
            raise

    def lock(self, connection: Connection, name: str) -> None:
        """Lets one transaction at a time pass this point, until it ends.

        SQLite's writers hold the whole database already; PostgreSQL is asked for a lock.
        """
        if connection.dialect.name == "postgresql":
            query = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
            connection.execute(query, {"name": name})

    def migrate(self) -> None:
        """Brings the tables to this version of the program; does nothing where they are.

        Raises:
            HostError: A newer version of the program made the tables.
        """
        with self._engine.connect() as connection:
            found = _revision(connection)
        if found == migrations.HEAD:
            return
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        try:
            with self.writing() as connection:
                self.lock(connection, "migrations")
                _take_over_former_version(connection)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except CommandError as error:
            raise HostError(
                f"The database has revision {found}, which this version of the program does not "
                "know.",
                hint="Use the newer version that made it, or another workspace.",
            ) from error

    def hold_open(self) -> None:
        """Keeps one idle connection to SQLite until `dispose`.

        SQLite removes its write-ahead files with the last connection; on a full disk it could
        not make them again, and not even reading would be possible.
        """
        if self._held is None and self.url.get_backend_name() == "sqlite":
            self._held = self._engine.connect()
            self._held.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
            self._held.rollback()

    def dispose(self) -> None:
        """Closes the connections that are open."""
        if self._held is not None:
            self._held.close()
            self._held = None
        self._engine.dispose()


@cache
def _turn(_: str) -> AbstractContextManager[Any]:
    """Gives the lock that this process' writers of one SQLite file share."""
    return Lock()


def _revision(connection: Connection) -> str | None:
    """Gives the revision that made the tables; None where there are none of ours."""
    found = _version_in(connection, migrations.VERSION_TABLE)
    return found or _former_version(connection)


def _version_in(connection: Connection, table: str) -> str | None:
    if not inspect(connection).has_table(table):
        return None
    value = connection.exec_driver_sql(f"SELECT version_num FROM {table}").scalar()
    return None if value is None else str(value)


def _former_version(connection: Connection) -> str | None:
    """Gives the revision in the table that we used until Optuna needed it; not Optuna's own."""
    found = _version_in(connection, migrations.FORMER_VERSION_TABLE)
    return found if found and found.isdigit() else None


def _take_over_former_version(connection: Connection) -> None:
    """Moves our revision into a table of its own and leaves Alembic's usual one to Optuna."""
    former = _former_version(connection)
    if former is None:
        return
    column = Column("version_num", String(32), primary_key=True)
    table = Table(migrations.VERSION_TABLE, MetaData(), column)
    table.create(connection)
    connection.execute(table.insert().values(version_num=former))
    connection.exec_driver_sql(f"DROP TABLE {migrations.FORMER_VERSION_TABLE}")


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _turn_to_wal(connection: sqlite3.Connection) -> None:
    """Sets the journal's mode; SQLite's own patience with a locked file does not cover it.

    The file is locked for a moment while another connection, the first or the last, makes or
    removes the write-ahead files.
    """
    end_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end_s:
                raise
        time.sleep(0.02)


def _listen_as_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's
        _turn_to_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        # SQLite's own knows the 26 English letters only: a search for "éire" would miss "Éire".
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def _began(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("writes", False):
            return  # each SELECT sees a state of its own; a BEGIN would only cost a turn
        level = "FULL" if options.get("is_durable", False) else "NORMAL"
        if connection.info.get("level") != level:
            connection.exec_driver_sql(f"PRAGMA synchronous={level}")
            connection.info["level"] = level
        connection.exec_driver_sql("BEGIN IMMEDIATE")
