"""Finding and loading base models; every failure becomes one sentence.

Importing this module is cheap; its functions import torch and transformers.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from core.errors import AdaptMLLMError, ModelError
from core.finetune.adapters import TOKENIZER_CLASSES
from core.finetune.memory_shortage import is_memory_short
from core.finetune.new_languages import restore_languages
from core.finetune.recipes import SCRATCH, STARTER
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.hub import cached
from core.hub.refusals import explained, scrubbed
from core.storage.files import read_json
from core.storage.workspace import Workspace

HUB_MODELS: dict[str, str] = {
    "facebook/nllb-200-distilled-600M": "NLLB-200 600M · 202 languages · 2.5 GB",
    "facebook/nllb-200-distilled-1.3B": "NLLB-200 1.3B · 202 languages · 5.5 GB",
    "facebook/nllb-200-3.3B": "NLLB-200 3.3B · 202 languages · 17.6 GB",
    "facebook/m2m100_418M": "M2M100 418M · 100 languages · 1.9 GB",
    "facebook/mbart-large-50-many-to-many-mmt": "mBART-50 · 50 languages · 2.4 GB",
    "Helsinki-NLP/opus-mt-en-ga": "OPUS-MT English→Irish · one direction · 0.3 GB",
    "google/madlad400-3b-mt": "MADLAD-400 3B · 400 languages · 11.8 GB",
}


def model_source(
    workspace: Workspace, base_model: str, *, run_id: str = "", revision: str = ""
) -> str:
    """Gives what to load: a folder, or the id of a hub model that is not on this machine.

    Args:
        workspace: Where the models that were built here are.
        base_model: The starter, "from scratch", a local folder or a hub id.
        run_id: The run that is meant by "from scratch": each builds its own untrained model.
        revision: Of a hub model: a commit, branch or tag; empty = the version on this machine.

    Raises:
        ModelError: The starter or the run's model is not built, or the folder holds no model.
    """
    if base_model == SCRATCH:
        return _built_by_run(workspace, run_id)
    if base_model == STARTER:
        if not (workspace.starter_model / "config.json").exists():
            raise ModelError(
                "The starter model has not been built yet.",
                hint="`python -m core setup` builds it in a few seconds.",
            )
        return str(workspace.starter_model)
    found = _local_folder(base_model) or cached.snapshot(base_model, revision)
    return str(found) if found else base_model


def _local_folder(base_model: str) -> Path | None:
    """Gives the folder of a model that is named by its path; None for a hub id."""
    try:
        folder = Path(base_model).expanduser()
        is_folder = folder.is_dir()
    except (OSError, RuntimeError) as error:  # a name too long, an unknown user after ~
        raise ModelError(
            f"{base_model[:80]!r} is neither a hub id nor a folder: {error}.", hint="Check it."
        ) from None
    if is_folder:
        if not (folder / "config.json").exists():
            raise ModelError(
                f"The folder {folder} holds no model: config.json is missing.",
                hint="Choose the folder that Transformers' save_pretrained wrote.",
            )
        return folder
    if base_model.startswith((".", "/", "~")) or base_model.count("/") > 1:
        raise ModelError(f"There is no folder {base_model}.", hint="Check the path.")
    return None


def source_of_run(workspace: Workspace, run_id: str, settings: FineTuneSettings) -> str:
    """Gives what a run loads: its own untrained model, or its base model in its revision.

    Raises:
        ModelError: As `model_source`.
    """
    revision = settings.base_model_revision
    return model_source(workspace, settings.base_model, run_id=run_id, revision=revision)


def pinned_commit(workspace: Workspace, base_model: str, revision: str) -> str:
    """Gives the commit of a hub model that is on this machine; empty for every other model.

    Raises:
        ModelError: There is no such model.
    """
    source = Path(model_source(workspace, base_model, revision=revision))
    is_cached = source.parent == cached.repo_folder(base_model) / "snapshots"
    return source.name if is_cached else ""


def _built_by_run(workspace: Workspace, run_id: str) -> str:
    folder = RunFolder(workspace.run_folder(run_id)).untrained_folder if run_id else None
    if folder is None or not (folder / "config.json").exists():
        raise ModelError(
            "A model from scratch exists only in the run that builds it, once that has begun.",
            hint="Name the run, or choose another base model.",
        )
    return str(folder)


def load_tokenizer(source: str, *, revision: str = "") -> Any:
    """Loads a tokenizer from a folder or the hub.

    Args:
        source: From `model_source`.
        revision: Of a hub model that is not on this machine; empty = the newest.

    Raises:
        ModelError: It cannot be had; the sentence says whether id, network or files are to blame.
    """
    try:
        tokenizer = _tokenizer_class(source).from_pretrained(
            source, revision=revision or cached.NEWEST, trust_remote_code=False
        )
    except Exception as error:
        # What Transformers raises on damaged files is no closed list.
        raise _model_error(source, error) from error
    # Without its files, some tokenizers come up with special tokens alone: all text is unknown.
    special = {*tokenizer.get_added_vocab(), *tokenizer.all_special_tokens}
    if not set(tokenizer.get_vocab()) - special:
        raise ModelError(
            f"The tokenizer in {source} knows no text: its vocabulary is missing.",
            hint="Copy the tokenizer's files beside the model's.",
        )
    restore_languages(tokenizer)
    return tokenizer


def _tokenizer_class(source: str) -> Any:
    """Gives the class that a local folder names; AutoTokenizer would import torch to find it."""
    import transformers

    with contextlib.suppress(OSError, json.JSONDecodeError, AttributeError):
        values = read_json(Path(source) / "tokenizer_config.json")
        name = str(values.get("tokenizer_class")).removesuffix("Fast")
        if name in TOKENIZER_CLASSES:
            return getattr(transformers, name)
    return transformers.AutoTokenizer


def load_model(source: str, *, dtype: Any = None, revision: str = "") -> Any:
    """Loads an encoder-decoder model from a folder or the hub; float32 unless told otherwise.

    Args:
        source: From `model_source`.
        dtype: Of the weights; None = float32.
        revision: Of a hub model that is not on this machine; empty = the newest.

    Raises:
        ModelError: It cannot be had, or it is no encoder-decoder model.
        MemoryError, RuntimeError: There is too little memory for it.
    """
    import torch
    from transformers import AutoModelForSeq2SeqLM

    try:
        model = AutoModelForSeq2SeqLM.from_pretrained(
            source,
            revision=revision or cached.NEWEST,
            dtype=dtype or torch.float32,
            trust_remote_code=False,
        )
    except Exception as error:
        if is_memory_short(error):
            raise  # the files are fine, and the diagnosis of runs knows what to say
        raise _model_error(source, error) from error
    _freeze_computed(model)
    return model


def _freeze_computed(model: Any) -> None:
    """Keeps from training what is never saved: Marian's computed positions.

    Transformers 5 makes them learn when a model is loaded; they would change, be left out of the
    files, and the saved model would be another than the trained one.
    """
    computed = set(getattr(model, "_keys_to_ignore_on_save", None) or ())
    for name, parameter in model.named_parameters():
        if name in computed:
            parameter.requires_grad_(False)


def revision_of(model: Any) -> str:
    """Gives the hub commit that a loaded model came from; empty for a local folder."""
    return str(getattr(model.config, "_commit_hash", None) or "")


def _model_error(source: str, error: Exception) -> AdaptMLLMError:
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error.__cause__, HfHubHTTPError) and not Path(source).is_dir():
        return explained(error.__cause__, source)
    text = str(error)
    if Path(source).is_dir():
        return ModelError(
            f"The model in {source} cannot be read: {_first_sentence(error)}.",
            hint="The folder must hold config.json, the tokenizer's files and model.safetensors.",
        )
    if any(
        sign in text for sign in ("couldn't connect", "Failed to resolve", "offline", "Max ret")
    ):
        return ModelError(
            f"The model {source} is not on this machine and the hub cannot be reached.",
            hint="Check the network, or give a folder that holds the model.",
        )
    if "gated" in text.lower() or "401" in text or "403" in text:
        return ModelError(
            f"The hub does not give {source} to this machine: it is gated, private or misspelt.",
            hint="Check the id; for a gated model accept its terms and set HF_TOKEN.",
        )
    if "not a valid model identifier" in text or "404" in text or "not a local folder" in text:
        return ModelError(
            f"The hub has no model {source!r}.", hint="Check the spelling: owner/name."
        )
    return ModelError(f"The model {source} cannot be loaded: {_first_sentence(error)}.")


def _first_sentence(error: Exception) -> str:
    first = (scrubbed(str(error)).strip() or "no reason given").splitlines()[0].split(". ")[0]
    # Only these two are written for people.
    kind = "" if isinstance(error, (OSError, ValueError)) else f"{type(error).__name__}: "
    return (kind + first)[:300].rstrip(".:!")
