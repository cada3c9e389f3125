"""Serving: prepared versions of models, services, API keys and feedback of their users."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables of the translation service."""
    op.create_table(
        "model_versions",
        sa.Column("id", sa.String(36), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("run_id", sa.String(36)),
        sa.Column("engine", sa.String(16), nullable=False),
        sa.Column("quantization", sa.String(16), nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("gate", sa.JSON, nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("decided_at", sa.String(32)),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("model_versions_by_model", "model_versions", ["model", "created_at"])
    op.create_table(
        "services",
        sa.Column("id", sa.String(36), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("requests_per_minute", sa.Integer, nullable=False),
        sa.Column("characters_per_minute", sa.Integer, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("revoked_at", sa.String(32)),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("src_lang", sa.String(16), nullable=False),
        sa.Column("tgt_lang", sa.String(16), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("hypothesis", sa.Text, nullable=False),
        sa.Column("correction", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("feedback_by_direction", "feedback", ["src_lang", "tgt_lang", "created_at"])
