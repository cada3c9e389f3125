"""Energy of jobs and systems, own grid tables, preferences; who started a job, and its title."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds columns to jobs and creates the tables of emissions."""
    for name, length in (("title", 300), ("person", 200), ("system", 300), ("study", 36)):
        column = sa.Column(name, sa.String(length), nullable=False, server_default="")
        op.add_column("jobs", column)
    # Runs of before are resumed, too, and services started again.
    for table in ("runs", "services", "model_versions"):
        op.execute(
            f"UPDATE jobs SET title = (SELECT name FROM {table} WHERE {table}.id = jobs.id), "  # noqa: S608
            f"system = (SELECT name FROM {table} WHERE {table}.id = jobs.id) "
            f"WHERE id IN (SELECT id FROM {table})"
        )
    op.create_table(
        "job_energy",
        sa.Column("job_id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("system", sa.String(300), nullable=False),
        sa.Column("study", sa.String(36), nullable=False),
        sa.Column("phases", sa.JSON, nullable=False),
        sa.Column("conditions", sa.JSON, nullable=False),
        sa.Column("warnings", sa.JSON, nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32), nullable=False),
    )
    op.create_index("job_energy_by_time", "job_energy", ["started_at"])
    op.create_table(
        "system_energy",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("system_id", sa.Text, nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("system_energy_by_system", "system_energy", ["system_id", "created_at"])
    op.create_table(
        "grid_tables",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("rows", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "preferences",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("values", sa.JSON, nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
    )
