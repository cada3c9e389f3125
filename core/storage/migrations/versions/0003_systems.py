"""Systems: endpoints and chains, prompts, answers, votes, batches and translation sets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables of the Playground and of translation sets."""
    op.create_table(
        "systems",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("learned", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "prompt_templates",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.UniqueConstraint("name", "version", name="prompt_templates_by_name"),
    )
    op.create_table(
        "answers",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("ask_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("system_id", sa.Text, nullable=False),
        sa.Column("system_name", sa.String(300), nullable=False),
        sa.Column("src_lang", sa.String(16), nullable=False),
        sa.Column("tgt_lang", sa.String(16), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("raw", sa.Text, nullable=False),
        sa.Column("stages", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("finish_reason", sa.String(32), nullable=False),
        sa.Column("failure", sa.Text, nullable=False),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("asked_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32)),
        sa.UniqueConstraint("ask_id", "position", name="answers_by_ask"),
    )
    op.create_index("answers_by_system", "answers", ["system_id", "asked_at"])
    op.create_index("answers_by_time", "answers", ["asked_at"])
    op.create_table(
        "votes",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("ask_id", sa.String(36), nullable=False, unique=True),
        sa.Column("system_a", sa.Text, nullable=False),
        sa.Column("system_b", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(8), nullable=False),
        sa.Column("are_both_unacceptable", sa.Boolean, nullable=False),
        sa.Column("rater", sa.String(200), nullable=False),
        sa.Column("src_lang", sa.String(16), nullable=False),
        sa.Column("tgt_lang", sa.String(16), nullable=False),
        sa.Column("corpus_id", sa.String(36), nullable=False),
        sa.Column("segment", sa.Integer),
        sa.Column("voted_at", sa.String(32), nullable=False),
    )
    op.create_index("votes_by_direction", "votes", ["src_lang", "tgt_lang", "voted_at"])
    op.create_table(
        "batches",
        sa.Column("id", sa.String(36), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("corpus_id", sa.String(36), nullable=False),
        sa.Column("corpus_name", sa.String(200), nullable=False),
        sa.Column("split", sa.String(8), nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "translation_sets",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("batch_id", sa.String(36)),
        sa.Column("system_id", sa.Text, nullable=False),
        sa.Column("system_name", sa.String(300), nullable=False),
        sa.Column("corpus_id", sa.String(36), nullable=False),
        sa.Column("corpus_name", sa.String(200), nullable=False),
        sa.Column("split", sa.String(8), nullable=False),
        sa.Column("src_lang", sa.String(16), nullable=False),
        sa.Column("tgt_lang", sa.String(16), nullable=False),
        sa.Column("test_set_hash", sa.String(64), nullable=False),
        sa.Column("num_segments", sa.Integer, nullable=False),
        sa.Column("provenance", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index(
        "translation_sets_by_test_set", "translation_sets", ["test_set_hash", "created_at"]
    )
    op.create_table(
        "hypotheses",
        sa.Column("set_id", sa.String(36), sa.ForeignKey("translation_sets.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("hypothesis", sa.Text),
        sa.Column("raw", sa.Text, nullable=False),
        sa.Column("failure", sa.Text, nullable=False),
        sa.Column("cost_usd", sa.Float, nullable=False, server_default="0"),
        sa.Column("figures", sa.JSON, nullable=False),
    )
    op.create_table(
        "answer_cache",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
