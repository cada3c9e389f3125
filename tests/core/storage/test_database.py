from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from core.errors import HostError
from core.storage import migrations
from core.storage.database import MIGRATIONS, Database
from core.storage.job_records import Job, JobRecords
from core.storage.tables import jobs, metadata


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'test.db'}")
    opened.migrate()
    yield opened
    opened.dispose()


def add_job(database: Database, job_id: str, **values: Any) -> None:
    job = Job(
        id=job_id,
        kind="core.finetune.job",
        folder=f"runs/{job_id}",
        lane=values.pop("lane", "compute"),
        state=values.pop("state", "queued"),
        queued_at=values.pop("queued_at", f"2024-01-01T00:00:00.{len(job_id):03}+00:00"),
        **values,
    )
    with database.writing() as connection:
        JobRecords(database).insert(connection, job)


def in_threads(number: int, work: Callable[[], None]) -> None:
    """Runs `work` in several threads at once and raises the first error of any of them."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 (handed to the test's own thread)
            errors.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_migrations_make_exactly_the_tables_that_the_program_uses(database: Database) -> None:
    with database.reading() as connection:
        options = {"compare_type": True, "version_table": migrations.VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == migrations.HEAD


def test_head_is_the_revision_of_the_last_migration_file() -> None:
    files = sorted(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert files[-1].startswith(f"{migrations.HEAD}_")


def test_version_of_before_moves_to_a_table_of_our_own(tmp_path: Path) -> None:
    """Optuna keeps its own version in `alembic_version` of the same database."""
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
    with database.writing() as connection:
        connection.execute(text(f"DROP TABLE {migrations.VERSION_TABLE}"))
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('0006')"))
        connection.execute(text(
            "INSERT INTO jobs (id, kind, folder, lane, state, reason, progress, queued_at) "
            "VALUES ('kept', 'k', 'f', 'compute', 'queued', '', '{}', 't')"
        ))  # fmt: skip
    database.migrate()
    with database.reading() as connection:
        tables = inspect(connection).get_table_names()
        found = connection.execute(text(f"SELECT * FROM {migrations.VERSION_TABLE}")).all()
    assert {"searches", "search_workers"} <= set(tables)
    assert "alembic_version" not in tables and found == [(migrations.HEAD,)]
    kept = JobRecords(database).get("kept")
    assert kept is not None
    assert (kept.position, kept.is_held, kept.interruption) == (0, False, {})
    database.dispose()


def test_version_table_of_optuna_is_left_alone(tmp_path: Path) -> None:
    opened = Database(f"sqlite:///{tmp_path / 'shared.db'}")
    with opened.writing() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('v3.2.0.a')"))
    opened.migrate()
    with opened.reading() as connection:
        assert connection.execute(text("SELECT * FROM alembic_version")).all() == [("v3.2.0.a",)]
    opened.dispose()


def test_migrating_again_changes_nothing(database: Database) -> None:
    add_job(database, "kept")
    database.migrate()
    assert JobRecords(database).get("kept") is not None


def test_database_of_a_newer_version_is_refused(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE adaptmllm_version SET version_num = '9999'"))
    with pytest.raises(HostError, match="has revision 9999, which this version"):
        database.migrate()


def test_many_threads_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    def open_it() -> None:
        opened = Database(f"sqlite:///{tmp_path / 'new.db'}")
        opened.migrate()
        assert JobRecords(opened).in_states("queued") == []
        opened.dispose()

    in_threads(6, open_it)


def test_concurrent_writers_lose_no_change(database: Database) -> None:
    add_job(database, "counter", progress={"step": 0})

    def count() -> None:
        for _ in range(20):
            with database.writing() as connection:
                progress = connection.execute(select(jobs.c.progress)).scalar_one()
                changed = {"step": progress["step"] + 1}
                connection.execute(update(jobs).values(progress=changed))

    in_threads(8, count)
    job = JobRecords(database).get("counter")
    assert job is not None
    assert job.progress == {"step": 160}


def test_readers_work_while_somebody_writes(database: Database) -> None:
    add_job(database, "seen")
    with database.writing() as connection:
        connection.execute(update(jobs).values(reason="not committed"))
        job = JobRecords(database).get("seen")
        assert job is not None
        assert job.reason == ""


def test_failed_transaction_leaves_nothing(database: Database) -> None:
    add_job(database, "kept")
    with pytest.raises(RuntimeError), database.writing() as connection:
        connection.execute(update(jobs).values(reason="half done"))
        raise RuntimeError
    job = JobRecords(database).get("kept")
    assert job is not None
    assert job.reason == ""


def test_run_without_a_job_is_refused_by_the_database(database: Database) -> None:
    values = "'r', 'n', 'c', 'cn', 'm', 'eng_Latn', 'gle_Latn', '{}', '{}', NULL, 'now'"
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(text(f"INSERT INTO runs VALUES ({values})"))


def test_full_disk_is_one_sentence(database: Database) -> None:
    with pytest.raises(HostError, match="The disk is full"), database.writing():
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))
    with pytest.raises(OperationalError, match="locked"), database.writing():
        raise OperationalError("INSERT", {}, Exception("database is locked"))


def test_each_waiting_job_is_claimed_by_exactly_one_thread(database: Database) -> None:
    records = JobRecords(database)
    names = [f"{number:02}" for number in range(12)]
    for name in names:
        add_job(database, name, queued_at=f"2024-01-01T00:00:{name}.000+00:00")
    claimed: list[str] = []

    def work() -> None:
        while records.in_states("queued", "preparing"):
            job = records.claim_next("compute")
            if job is not None:
                claimed.append(job.id)
                records.publish(job.id, "finished", "", {}, None)

    in_threads(8, work)
    assert claimed == names


def test_one_job_a_lane_is_active_at_a_time(database: Database) -> None:
    records = JobRecords(database)
    for name in ("a", "bb"):
        add_job(database, name)
    add_job(database, "other", lane="network")
    first = records.claim_next("compute")
    assert first is not None
    assert (first.id, first.state) == ("a", "preparing")
    assert first.started_at
    assert records.get("a") == first
    assert records.claim_next("compute") is None
    other = records.claim_next("network")
    assert other is not None
    assert other.id == "other"
    records.publish("a", "finished", "", {}, "2024-01-02T00:00:00.000+00:00")
    second = records.claim_next("compute")
    assert second is not None
    assert second.id == "bb"
