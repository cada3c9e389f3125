"""Work on corpora as jobs; the rows that they find and the corpora that they make are files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table of work on corpora."""
    op.create_table(
        "corpus_jobs",
        sa.Column("id", sa.String(36), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("task", sa.String(16), nullable=False),
        sa.Column("corpus_id", sa.String(36), nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("result", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("corpus_jobs_by_corpus", "corpus_jobs", ["corpus_id"])
