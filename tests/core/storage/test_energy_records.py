"""What jobs took, as it is kept."""

from dataclasses import replace
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from core.storage.database import MIGRATIONS, Database
from core.storage.energy_records import EnergyRecords, JobEnergyRecord
from core.storage.workspace import Workspace

FIRST = JobEnergyRecord(
    job_id="job-1",
    kind="scoring",
    title="Sample test",
    person="",
    phases={"score": {"seconds": 9.0, "cpu_kwh": 5.0, "ram_kwh": 0.0, "gpu_kwh": 0.0}},
    conditions=[],
    warnings=[],
    started_at="2026-11-01T10:00:00.000+00:00",
    ended_at="2026-11-01T10:00:09.000+00:00",
)


def test_a_job_that_goes_on_is_one_and_one_that_begins_anew_is_two(workspace: Workspace) -> None:
    records = workspace.energy
    records.put(FIRST)
    longer = {"score": {**FIRST.phases["score"], "cpu_kwh": 6.0}}
    records.put(replace(FIRST, phases=longer))
    assert [each.phases["score"]["cpu_kwh"] for each in records.all()] == [6.0]
    anew = replace(FIRST, started_at="2026-11-02T10:00:00.000+00:00")
    for _ in range(3):  # it is published every half minute
        records.put(anew)
    assert [each.phases["score"]["cpu_kwh"] for each in records.all()] == [5.0, 6.0]
    assert records.get("job-1") == anew


def test_jobs_of_an_older_workspace_get_the_names_of_what_they_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
    with database.writing() as connection:
        for job_id in ("run", "other"):
            connection.execute(text(
                "INSERT INTO jobs (id, kind, folder, lane, state, reason, progress, queued_at) "
                f"VALUES ('{job_id}', 'k', 'f', '{job_id}', 'stopped', '', '{{}}', 't')"
            ))  # fmt: skip
        connection.execute(text(
            "INSERT INTO services (id, model, name, settings, created_at) "
            "VALUES ('run', 'm', 'EN–GA', '{}', 't')"
        ))  # fmt: skip
    database.migrate()
    with database.reading() as connection:
        rows = connection.execute(text("SELECT id, title, system, person, study FROM jobs"))
        assert {row[0]: tuple(row[1:]) for row in rows} == {
            "run": ("EN–GA", "EN–GA", "", ""), "other": ("", "", "", ""),
        }  # fmt: skip
    assert EnergyRecords(database).all() == []
    database.dispose()
