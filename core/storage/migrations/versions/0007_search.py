"""Studies, and who works on them; their trials are in Optuna's own tables and in `runs`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables of searches."""
    op.create_table(
        "searches",
        sa.Column("id", sa.String(36), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("wanted", sa.String(16), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "search_workers",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("study_id", sa.String(36), sa.ForeignKey("searches.id"), nullable=False),
        sa.Column("process", sa.JSON, nullable=False),
        sa.Column("trial", sa.Integer),
        sa.Column("seen_at", sa.String(32), nullable=False),
    )
    op.create_index("search_workers_by_study", "search_workers", ["study_id"])
