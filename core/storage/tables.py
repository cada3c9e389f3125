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
    UniqueConstraint,
    false,
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
    Column("title", String(300), nullable=False, server_default=""),
    Column("person", String(200), nullable=False, server_default=""),
    Column("system", String(300), nullable=False, server_default=""),
    Column("study", String(36), nullable=False, server_default=""),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("is_held", Boolean, nullable=False, server_default=false()),
    Column("starts_anyway", Boolean, nullable=False, server_default=false()),
    Column("interruption", JSON, nullable=False, server_default="{}"),
    Index("jobs_by_state", "lane", "state", "queued_at"),
)

# Which active job computes on which GPU; two can never have the same one.
gpu_leases = Table(
    "gpu_leases",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("gpu_uuid", String(96), primary_key=True),
    Column("gpu_index", Integer, nullable=False),
    Column("job_id", String(36), nullable=False),
    Column("since", String(32), nullable=False),
    Index("gpu_leases_by_job", "job_id"),
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

# What was set up to translate besides local models: endpoints, and chains of two systems.
systems = Table(
    "systems",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("kind", String(24), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("learned", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
)

# A changed template is a new version; an answer can always name the one it was made with.
prompt_templates = Table(
    "prompt_templates",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
    UniqueConstraint("name", "version", name="prompt_templates_by_name"),
)

# One row a question to one system; those that were asked together share `ask_id`.
answers = Table(
    "answers",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("ask_id", String(36), nullable=False),
    Column("position", Integer, nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("system_id", Text, nullable=False),
    Column("system_name", String(300), nullable=False),
    Column("src_lang", String(16), nullable=False),
    Column("tgt_lang", String(16), nullable=False),
    Column("source", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("stages", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("finish_reason", String(32), nullable=False),
    Column("failure", Text, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("request", JSON, nullable=False),
    Column("owner", Text, nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    UniqueConstraint("ask_id", "position", name="answers_by_ask"),
    Index("answers_by_system", "system_id", "asked_at"),
    Index("answers_by_time", "asked_at"),
)

votes = Table(
    "votes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("ask_id", String(36), nullable=False, unique=True),
    Column("system_a", Text, nullable=False),
    Column("system_b", Text, nullable=False),
    Column("outcome", String(8), nullable=False),
    Column("are_both_unacceptable", Boolean, nullable=False),
    Column("rater", String(200), nullable=False),
    Column("src_lang", String(16), nullable=False),
    Column("tgt_lang", String(16), nullable=False),
    Column("corpus_id", String(36), nullable=False),
    Column("segment", Integer),
    Column("voted_at", String(32), nullable=False),
    Index("votes_by_direction", "src_lang", "tgt_lang", "voted_at"),
)

# Work on a corpus that a page does not wait for: importing, checking, cleaning, splitting, leaks.
corpus_jobs = Table(
    "corpus_jobs",
    metadata,
    Column("id", String(36), ForeignKey("jobs.id"), primary_key=True),
    Column("task", String(16), nullable=False),
    Column("corpus_id", String(36), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("result", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
    Index("corpus_jobs_by_corpus", "corpus_id"),
)

batches = Table(
    "batches",
    metadata,
    Column("id", String(36), ForeignKey("jobs.id"), primary_key=True),
    Column("corpus_id", String(36), nullable=False),
    Column("corpus_name", String(200), nullable=False),
    Column("split", String(8), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
)

translation_sets = Table(
    "translation_sets",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("batch_id", String(36)),
    Column("system_id", Text, nullable=False),
    Column("system_name", String(300), nullable=False),
    Column("corpus_id", String(36), nullable=False),
    Column("corpus_name", String(200), nullable=False),
    Column("split", String(8), nullable=False),
    Column("src_lang", String(16), nullable=False),
    Column("tgt_lang", String(16), nullable=False),
    Column("test_set_hash", String(64), nullable=False),
    Column("num_segments", Integer, nullable=False),
    Column("provenance", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
    Index("translation_sets_by_test_set", "test_set_hash", "created_at"),
)

# A segment that could not be translated is a row with a failure, never an empty hypothesis.
hypotheses = Table(
    "hypotheses",
    metadata,
    Column("set_id", String(36), ForeignKey("translation_sets.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("hypothesis", Text),
    Column("raw", Text, nullable=False),
    Column("failure", Text, nullable=False),
    Column("cost_usd", Float, nullable=False, server_default="0"),
    Column("figures", JSON, nullable=False),
)

# What an endpoint was paid for once; the key is a hash of everything that decides the answer.
answer_cache = Table(
    "answer_cache",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("content", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
)

# What belongs to a test set besides its sources and first references, segment by segment.
test_set_texts = Table(
    "test_set_texts",
    metadata,
    Column("test_set_hash", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("text", Text),
)

# Segment scores that sacreBLEU does not give: of an external scorer, an LLM judge, or people.
scorings = Table(
    "scorings",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    Column("test_set_hash", String(64), nullable=False),
    Column("is_lower_better", Boolean, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
    Index("scorings_by_test_set", "test_set_hash", "created_at"),
)

segment_scores = Table(
    "segment_scores",
    metadata,
    Column("scoring_id", String(36), ForeignKey("scorings.id"), primary_key=True),
    Column("set_id", String(36), primary_key=True),
    Column("rater", String(200), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("value", Float),
    Column("failure", Text, nullable=False),
    Column("details", JSON, nullable=False),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("test_set_hash", String(64), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
)

# A human evaluation; `state` is `open` or `closed`, and raters can only save while it is open.
campaigns = Table(
    "campaigns",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("protocol", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("src_lang", String(16), nullable=False),
    Column("tgt_lang", String(16), nullable=False),
    Column("test_set_hash", String(64), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("origin", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("closed_at", String(32)),
    Index("campaigns_by_time", "created_at"),
)

campaign_systems = Table(
    "campaign_systems",
    metadata,
    Column("campaign_id", String(36), ForeignKey("campaigns.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", String(300), nullable=False),
    Column("set_id", String(36)),
)

# `position` is the segment's place in the test set, `label` the id that a file gave it.
campaign_segments = Table(
    "campaign_segments",
    metadata,
    Column("campaign_id", String(36), ForeignKey("campaigns.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document", String(300), nullable=False),
    Column("document_segment", String(64), nullable=False),
    Column("label", String(64), nullable=False),
    Column("position", Integer),
    Column("source", Text, nullable=False),
    Column("reference", Text),
)

campaign_outputs = Table(
    "campaign_outputs",
    metadata,
    Column("campaign_id", String(36), ForeignKey("campaigns.id"), primary_key=True),
    Column("segment", Integer, primary_key=True),
    Column("system", Integer, primary_key=True),
    Column("text", Text, nullable=False),
)

# A link is signed, not stored; another `link_version` makes the one before worthless.
raters = Table(
    "raters",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("campaign_id", String(36), ForeignKey("campaigns.id"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("link_version", Integer, nullable=False),
    Column("revoked_at", String(32)),
    Column("language", String(16), nullable=False),
    Column("consented_at", String(32)),
    Column("profile", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("seen_at", String(32)),
    UniqueConstraint("campaign_id", "name", name="raters_by_name"),
)

# What one rater is asked; `systems` are numbers in the order shown, `texts` replace their outputs
# where an item is a check, `origin` is what an imported file said of the item besides.
items = Table(
    "items",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("campaign_id", String(36), ForeignKey("campaigns.id"), nullable=False),
    Column("rater_id", String(36), ForeignKey("raters.id"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("segment", Integer, nullable=False),
    Column("systems", JSON, nullable=False),
    Column("texts", JSON, nullable=False),
    Column("of_item", String(36)),
    Column("origin", JSON, nullable=False),
    UniqueConstraint("rater_id", "place", name="items_by_rater"),
    Index("items_by_campaign", "campaign_id", "segment"),
)

# The newest state of each item; what led there is in `rating_saves`.
ratings = Table(
    "ratings",
    metadata,
    Column("item_id", String(36), ForeignKey("items.id"), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("annotation", JSON, nullable=False),
    Column("is_done", Boolean, nullable=False),
    Column("active_s", Float, nullable=False),
    Column("warnings", JSON, nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("saved_at", String(32), nullable=False),
)

# Every save that a rater's page was told of; `save_id` comes from the page, so that none counts
# twice.
rating_saves = Table(
    "rating_saves",
    metadata,
    Column("item_id", String(36), ForeignKey("items.id"), primary_key=True),
    Column("save_id", String(64), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("annotation", JSON, nullable=False),
    Column("saved_at", String(32), nullable=False),
)

# What was decided for an output after raters had marked it; each mark tells where it came from.
gold_annotations = Table(
    "gold_annotations",
    metadata,
    Column("campaign_id", String(36), ForeignKey("campaigns.id"), primary_key=True),
    Column("segment", Integer, primary_key=True),
    Column("system", Integer, primary_key=True),
    Column("annotation", JSON, nullable=False),
    Column("decided_by", String(200), nullable=False),
    Column("decided_at", String(32), nullable=False),
)

# Who may use the application besides its owner and the raters of campaigns.
members = Table(
    "members",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("email", String(320), nullable=False),
    Column("role", String(16), nullable=False),
    Column("link_version", Integer, nullable=False),
    Column("revoked_at", String(32)),
    Column("created_at", String(32), nullable=False),
    Column("seen_at", String(32)),
)

# What a job took stays when the job is deleted: it was used all the same.
job_energy = Table(
    "job_energy",
    metadata,
    Column("job_id", String(36), primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("title", String(300), nullable=False),
    Column("person", String(200), nullable=False),
    Column("system", String(300), nullable=False),
    Column("study", String(36), nullable=False),
    Column("phases", JSON, nullable=False),
    Column("conditions", JSON, nullable=False),
    Column("warnings", JSON, nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("ended_at", String(32), nullable=False),
    Index("job_energy_by_time", "started_at"),
)

# What a system was measured to take for translating; each measurement is kept.
system_energy = Table(
    "system_energy",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("system_id", Text, nullable=False),
    Column("name", String(300), nullable=False),
    Column("details", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
    Index("system_energy_by_system", "system_id", "created_at"),
)

grid_tables = Table(
    "grid_tables",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("source", Text, nullable=False),
    Column("rows", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
)

# What holds for the whole installation, such as where its electricity comes from.
preferences = Table(
    "preferences",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("values", JSON, nullable=False),
    Column("changed_at", String(32), nullable=False),
)

# A search for hyperparameters, or an ablation; Optuna keeps its trials under the same name.
searches = Table(
    "searches",
    metadata,
    Column("id", String(36), ForeignKey("jobs.id"), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("purpose", String(16), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("wanted", String(16), nullable=False),
    Column("host", String(255), nullable=False),
    Column("created_at", String(32), nullable=False),
)

# The processes that take trials of a study, on whatever machine; `trial` is what each works on.
search_workers = Table(
    "search_workers",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("study_id", String(36), ForeignKey("searches.id"), nullable=False),
    Column("process", JSON, nullable=False),
    Column("trial", Integer),
    Column("seen_at", String(32), nullable=False),
    Index("search_workers_by_study", "study_id"),
)

# What people were told about jobs; `claim` lets one process alone tell each ending.
notices = Table(
    "notices",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("claim", String(120), nullable=False, unique=True),
    Column("job_id", String(36), nullable=False),
    Column("event", String(16), nullable=False),
    Column("noun", String(16), nullable=False),
    Column("title", String(300), nullable=False),
    Column("reason", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("sent", JSON, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("seen_at", String(32)),
    Index("notices_by_time", "created_at"),
)
