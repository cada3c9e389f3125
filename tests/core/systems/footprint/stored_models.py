"""Runs, prepared versions and LLM endpoints as their jobs and forms leave them."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from core.jobs import queue
from core.serving.preparing import MODEL_FOLDER
from core.serving.servable import Servable
from core.serving.settings import PrepareSettings
from core.storage.corpus_records import Corpus
from core.storage.files import utc_now
from core.storage.job_records import Job
from core.storage.run_records import Run
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.version_records import Version
from core.storage.workspace import Workspace
from core.systems.catalogue import add_endpoint
from core.systems.endpoint import EndpointSettings
from core.systems.protocol import SystemInfo

ENGLISH_IRISH = (["eng_Latn"], ["gle_Latn"])
SIDE = {"load_s": 1.0, "segments_per_s": 100.0, "peak_memory_bytes": 4e8, "size_bytes": 4e6}
GATE: dict[str, Any] = {
    "num_segments": 2,
    "num_beams": 1,
    "src_lang": "eng_Latn",
    "tgt_lang": "gle_Latn",
    "identical_share": 1.0,
    "chrf_original": 50.0,
    "chrf_prepared": 50.0,
    "chrf_difference": 0.0,
    "signature": "chrF2|nrefs:1",
    "original": SIDE,
    "prepared": SIDE,
    "differences": [],
    "corpus": "Small",
    "engine_reason": "",
    "is_recommended": True,
}


def entered(workspace: Workspace, folder: Path, kind: str, state: str = "finished") -> Job:
    """Gives the job of a folder that ended."""
    folder.mkdir(parents=True)
    relative = str(folder.relative_to(workspace.root))
    job = Job(folder.name, kind, relative, folder.name, state, utc_now(), title="demo")
    queue.enter(workspace, job)
    return job


def stored_run(workspace: Workspace, corpus: Corpus) -> Run:
    """Gives a finished run `demo` from English into Irish, with its model."""
    run_id = str(uuid.uuid4())
    folder = workspace.run_folder(run_id)
    job = entered(workspace, folder, "core.finetune.job")
    (folder / "model").mkdir()
    (folder / "model" / "config.json").write_text("{}")
    about = (run_id, "demo", corpus.id, corpus.name, "starter", "eng_Latn", "gle_Latn")
    run = Run(*about, {}, {}, None, utc_now(), job)
    workspace.runs.add(run)
    return run


def stored_version(
    workspace: Workspace,
    model: str,
    *,
    run_id: str | None = None,
    directions: tuple[list[str], list[str]] = ENGLISH_IRISH,
) -> Version:
    """Gives a version that was prepared."""
    folder = workspace.version_folder(str(uuid.uuid4()))
    job = entered(workspace, folder, "core.serving.prepare_job")
    settings = PrepareSettings(model=model).model_dump()
    values = (folder.name, model, model, run_id, "ctranslate2", "int8", settings, GATE)
    workspace.versions.add(Version(*values, "pending", None, utc_now(), job))
    about = (model, model, "NLLB", "ctranslate2", "", "int8")
    made = Servable(*about, *directions, "MIT", "", 100, 1, 1, utc_now())
    (folder / MODEL_FOLDER).mkdir()
    made.save(folder / MODEL_FOLDER)
    return workspace.versions.get(folder.name)


def stored_llm(
    workspace: Workspace,
    *,
    name: str = "LLM",
    model: str = "gpt-4o-mini",
    base_url: str = "https://api.openai.com/v1",
    parameters_b: float = 0.0,
) -> SystemInfo:
    """Gives an LLM endpoint that nobody asks."""
    settings = EndpointSettings(
        name=name, model=model, base_url=base_url, parameters_b=parameters_b
    )
    return add_endpoint(workspace, settings)


def stored_answers(
    workspace: Workspace,
    system_id: str,
    tokens: int,
    *,
    count: int = 4,
    source: str = "a" * 40,
    tgt_lang: str = "gle_Latn",
    is_estimated: bool = False,
) -> None:
    """Stores a translation set of a system: answers of so many tokens, 2 s each, and a failure."""
    set_id = str(uuid.uuid4())
    about = (set_id, None, system_id, "LLM", "c", "Small", "test", "eng_Latn", tgt_lang)
    workspace.translation_sets.add(TranslationSet(*about, "hash", count + 1, utc_now()))
    figures = {"completion_tokens": tokens, "total_s": 2.0, "is_estimated": is_estimated}
    found = [Hypothesis(set_id, at, source, "b", "c", figures=dict(figures)) for at in range(count)]
    failed = Hypothesis(set_id, count, source, "b", None, failure="No.", figures=dict(figures))
    workspace.translation_sets.store([*found, failed])
