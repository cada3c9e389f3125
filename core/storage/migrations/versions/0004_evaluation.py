"""Evaluate: further texts of test sets, scores of segments, saved evaluations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables of Evaluate."""
    op.create_table(
        "test_set_texts",
        sa.Column("test_set_hash", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("text", sa.Text),
    )
    op.create_table(
        "scorings",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("test_set_hash", sa.String(64), nullable=False),
        sa.Column("is_lower_better", sa.Boolean, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("scorings_by_test_set", "scorings", ["test_set_hash", "created_at"])
    op.create_table(
        "segment_scores",
        sa.Column("scoring_id", sa.String(36), sa.ForeignKey("scorings.id"), primary_key=True),
        sa.Column("set_id", sa.String(36), primary_key=True),
        sa.Column("rater", sa.String(200), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("value", sa.Float),
        sa.Column("failure", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
    )
    op.create_table(
        "evaluations",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("test_set_hash", sa.String(64), nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
