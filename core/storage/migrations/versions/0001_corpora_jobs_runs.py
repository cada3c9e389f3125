"""The first tables: corpora, jobs and runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables of the first version."""
    op.create_table(
        "corpora",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("src_lang", sa.String(16), nullable=False),
        sa.Column("tgt_lang", sa.String(16), nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("is_synthetic", sa.Boolean, nullable=False),
        sa.Column("num_train", sa.Integer, nullable=False),
        sa.Column("num_dev", sa.Integer, nullable=False),
        sa.Column("num_test", sa.Integer, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("lane", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("queued_at", sa.String(32), nullable=False),
        sa.Column("started_at", sa.String(32)),
        sa.Column("ended_at", sa.String(32)),
    )
    op.create_index("jobs_by_state", "jobs", ["lane", "state", "queued_at"])
    op.create_table(
        "runs",
        sa.Column("id", sa.String(36), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("corpus_id", sa.String(36), nullable=False),
        sa.Column("corpus_name", sa.String(200), nullable=False),
        sa.Column("base_model", sa.Text, nullable=False),
        sa.Column("src_lang", sa.String(16), nullable=False),
        sa.Column("tgt_lang", sa.String(16), nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("scores", sa.JSON, nullable=False),
        sa.Column("train_seconds", sa.Float),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("runs_by_time", "runs", ["created_at"])
