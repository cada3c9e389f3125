"""The tables of the database, as SQLAlchemy describes them; migrations create them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

corpora = Table(
    "corpora",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("src_lang", String(16), nullable=False),
    Column("tgt_lang", String(16), nullable=False),
    Column("origin", Text, nullable=False),
    Column("is_synthetic", Boolean, nullable=False),
    Column("num_train", Integer, nullable=False),
    Column("num_dev", Integer, nullable=False),
    Column("num_test", Integer, nullable=False),
    Column("details", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
)

# One row a supervised process, whatever it does; `lane` names the resource that jobs share.
jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("folder", Text, nullable=False),
    Column("lane", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("progress", JSON, nullable=False),
    Column("queued_at", String(32), nullable=False),
    Column("started_at", String(32)),
    Column("ended_at", String(32)),
    Index("jobs_by_state", "lane", "state", "queued_at"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(36), ForeignKey("jobs.id"), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("corpus_id", String(36), nullable=False),
    Column("corpus_name", String(200), nullable=False),
    Column("base_model", Text, nullable=False),
    Column("src_lang", String(16), nullable=False),
    Column("tgt_lang", String(16), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("train_seconds", Float),
    Column("created_at", String(32), nullable=False),
    Index("runs_by_time", "created_at"),
)

# A model made ready for serving; `model` is its canonical name, such as a run's id with a step.
model_versions = Table(
    "model_versions",
    metadata,
    Column("id", String(36), ForeignKey("jobs.id"), primary_key=True),
    Column("model", Text, nullable=False),
    Column("name", String(300), nullable=False),
    Column("run_id", String(36)),
    Column("engine", String(16), nullable=False),
    Column("quantization", String(16), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("gate", JSON, nullable=False),
    Column("decision", String(16), nullable=False),
    Column("decided_at", String(32)),
    Column("created_at", String(32), nullable=False),
    Index("model_versions_by_model", "model", "created_at"),
)

services = Table(
    "services",
    metadata,
    Column("id", String(36), ForeignKey("jobs.id"), primary_key=True),
    Column("model", Text, nullable=False),
    Column("name", String(300), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
)

# The key itself is shown once and stored nowhere.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("requests_per_minute", Integer, nullable=False),
    Column("characters_per_minute", Integer, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("revoked_at", String(32)),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("src_lang", String(16), nullable=False),
    Column("tgt_lang", String(16), nullable=False),
    Column("source", Text, nullable=False),
    Column("hypothesis", Text, nullable=False),
    Column("correction", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Index("feedback_by_direction", "src_lang", "tgt_lang", "created_at"),
)
