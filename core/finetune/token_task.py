"""A corpus in tokens of a base model, as a task."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.corpora.tasks import Task
from core.corpora.watching import Watch
from core.errors import ModelError
from core.finetune.models import model_source
from core.finetune.recipes import SCRATCH
from core.finetune.token_lengths import Limits, TokenLengths, measure_tokens
from core.jobs.folder import JobFolder
from core.settings import Settings
from core.storage.corpus_job_records import CorpusJob
from core.storage.corpus_records import SPLITS
from core.storage.workspace import Workspace


class TokenSettings(Settings):
    """Which corpus is counted in tokens of which model, and where the trainer would cut."""

    corpus: str = Field(default="", description="The corpus, by name or id.", max_length=200)
    base_model: str = Field(
        default="", description="As in a run: hub id, folder, or 'starter'.", max_length=500
    )
    is_reversed: bool = Field(
        default=False,
        title="Into the corpus's first language",
        description="Whether its second language is translated from.",
    )
    max_source_length: int = Field(
        default=128,
        ge=4,
        le=4096,
        title="Longest source (tokens)",
        description="The trainer cuts longer sources to this many tokens.",
    )
    max_target_length: int = Field(
        default=128,
        ge=4,
        le=4096,
        title="Longest target (tokens)",
        description="The trainer cuts longer targets to this many tokens.",
    )
    max_segments: int = Field(
        default=200_000,
        ge=1,
        le=10_000_000,
        title="Segments measured",
        description="Of a split with more, so many are drawn.",
    )


def check_tokens(workspace: Workspace, settings: TokenSettings) -> TokenSettings:
    """Gives the settings in full.

    Raises:
        DataError: There is no such corpus.
        ModelError: No model was named, or it can be seen that there is none.
    """
    corpus = workspace.corpora.get(settings.corpus)
    base_model = settings.base_model.strip()
    if not base_model:
        raise ModelError("No base model was named.", hint="Give a hub id, a folder or 'starter'.")
    if base_model == SCRATCH:
        raise ModelError(
            "A model from scratch learns its tokens when its run begins.",
            hint="Choose another base model; Fine-tune shows the tokens of one from scratch.",
        )
    model_source(workspace, base_model)
    return settings.changed(corpus=corpus.id, base_model=base_model)


def _work(
    workspace: Workspace, settings: TokenSettings, folder: JobFolder, watch: Watch
) -> dict[str, Any]:
    corpus = workspace.corpora.get(settings.corpus)
    langs = (corpus.src_lang, corpus.tgt_lang)
    src_lang, tgt_lang = langs[::-1] if settings.is_reversed else langs
    watch(f"loading the tokenizer of {settings.base_model}", 0, 0)
    found = measure_tokens(
        workspace,
        settings.base_model,
        {split: workspace.split_file(corpus.id, split) for split in SPLITS},
        src_lang,
        tgt_lang,
        Limits(settings.max_source_length, settings.max_target_length, settings.max_segments),
        watch,
        is_reversed=settings.is_reversed,
    )
    return {"tokens": found.to_dict()}


def tokens_of(
    workspace: Workspace, corpus_id: str
) -> list[tuple[TokenSettings, TokenLengths, CorpusJob]]:
    """Gives what was counted, the newest first; of each model and direction the newest alone."""
    newest: dict[tuple[str, bool], tuple[TokenSettings, TokenLengths, CorpusJob]] = {}
    for work in workspace.corpus_jobs.of_corpus(corpus_id, "tokens"):
        if "tokens" in work.result:
            settings = TokenSettings.parse(work.settings)
            key = (settings.base_model, settings.is_reversed)
            if key not in newest:
                newest[key] = (settings, TokenLengths.from_dict(work.result["tokens"]), work)
    return list(newest.values())


TASK = Task("Counting tokens of", TokenSettings, check_tokens, _work)
"""What `core.corpora.tasks` looks for."""
