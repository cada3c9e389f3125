"""What makes a run's folder enough to do the run again, also on another machine.

The corpora go along with the settings, and the environment says what the base model was: weights
that differ by a file, or other versions of the libraries, give other losses.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.corpora.storing import new_corpus
from core.errors import DataError
from core.finetune.command import num_threads
from core.finetune.models import source_of_run
from core.finetune.recipes import SCRATCH
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.host import package_versions
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.files import read_json, write_json
from core.storage.workspace import Workspace

DESCRIPTION = "corpus.json"
_DECIDING = ("torch", "transformers", "deepspeed", "tokenizers")
_END_BYTES = 1 << 20


def used_corpora(settings: FineTuneSettings) -> list[str]:
    """Gives names or ids of all corpora that a run reads."""
    further = [each.corpus for each in settings.mixed]
    general = [settings.general_corpus] if settings.general_corpus else []
    return [settings.corpus, *further, *general]


def keep_corpora(workspace: Workspace, settings: FineTuneSettings, folder: RunFolder) -> None:
    """Puts the corpora of a run into its folder; on the same disk they take no space.

    Raises:
        OSError: They cannot be written.
    """
    for name in used_corpora(settings):
        corpus = workspace.corpora.get(name)
        kept = folder.corpora_folder / corpus.id
        if kept.exists():  # named twice
            continue
        kept.mkdir(parents=True)
        for split in SPLITS:
            _link(workspace.split_file(corpus.id, split), kept / f"{split}.jsonl")
        digests = {split: file_digest(kept / f"{split}.jsonl") for split in SPLITS}
        write_json(kept / DESCRIPTION, {**asdict(corpus), "sha256": digests})


def _link(source: Path, target: Path) -> None:
    """Gives a file, which nobody ever changes, a second name; elsewhere a copy."""
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)


def bring_corpora(workspace: Workspace, settings_file: Path) -> list[Corpus]:
    """Stores the corpora beside a run's settings file that the workspace lacks, and gives them.

    Each keeps its id, so that the settings find it, and its name unless that is taken.

    Raises:
        DataError: A file was changed or cut since the run.
        HostError: The disk is full.
    """
    known = {corpus.id for corpus in workspace.corpora.all()}
    found = RunFolder(settings_file.parent).corpora_folder.glob(f"*/{DESCRIPTION}")
    lacking = [each.parent for each in sorted(found) if each.parent.name not in known]
    return [_brought(workspace, kept) for kept in lacking]


def _brought(workspace: Workspace, kept: Path) -> Corpus:
    description = read_json(kept / DESCRIPTION)
    for split, digest in description["sha256"].items():
        if file_digest(kept / f"{split}.jsonl") != digest:
            raise DataError(
                f"{kept / split}.jsonl is not as the run left it.",
                hint="Copy the run's folder again, whole.",
            )
    names = {corpus.name for corpus in workspace.corpora.all()}
    name = description["name"]
    with new_corpus(
        workspace,
        name=f"{name[:180]} ({kept.name[:8]})" if name in names else name,
        src_lang=description["src_lang"],
        tgt_lang=description["tgt_lang"],
        origin=description["origin"],
        is_synthetic=description["is_synthetic"],
        corpus_id=kept.name,
    ) as new:
        for split in SPLITS:
            shutil.copyfile(kept / f"{split}.jsonl", new.path(split))
            new.counts[split] = description[f"num_{split}"]
        new.details.update(description["details"])
    return new.stored


def file_digest(path: Path) -> str:
    """Gives the SHA-256 of a file, in hexadecimal digits; of one that is absent, of nothing."""
    if not path.exists():
        return hashlib.sha256().hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_digest(source: str) -> str:
    """Gives a mark of the weights and the tokenizer in a folder; "" for a model of the hub.

    Of files over two megabytes the ends and the size are looked at: reading whole weights would
    take longer than loading them.
    """
    folder = Path(source)
    if not folder.is_dir():
        return ""  # its commit says what it is
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".safetensors", ".bin", ".json", ".model", ".spm", ".txt"):
            size = path.stat().st_size
            digest.update(f"{path.name} {size}\n".encode())
            with path.open("rb") as file:
                digest.update(file.read(_END_BYTES))
                file.seek(max(0, size - _END_BYTES))
                digest.update(file.read(_END_BYTES))
    return digest.hexdigest()


def reproducible_values(source: str, settings: FineTuneSettings) -> dict[str, Any]:
    """Gives what `environment.json` holds so that the same can be had again."""
    return {"threads_per_process": num_threads(settings), "base_model_digest": model_digest(source)}


def as_recorded(settings: FineTuneSettings, settings_file: Path) -> FineTuneSettings:
    """Gives a run's settings with what its machine decided, where its folder tells that."""
    recorded = _environment(settings_file)
    threads = int(recorded.get("threads_per_process") or 0)
    if settings.threads_per_process or not threads:
        return settings
    return settings.changed(threads_per_process=threads)


def differences(workspace: Workspace, settings: FineTuneSettings, settings_file: Path) -> list[str]:
    """Gives a sentence for each thing because of which losses will differ from the run's."""
    recorded = _environment(settings_file)
    found = []
    here, there = package_versions(), recorded.get("versions", {})
    for name in _DECIDING:
        if name in there and there[name] != here[name]:
            found.append(f"The run had {name} {there[name]}, here it is {here[name]}.")
    digest = recorded.get("base_model_digest", "")
    # A model from scratch is built again from the seed.
    source = "" if settings.base_model == SCRATCH else source_of_run(workspace, "", settings)
    if digest and source and model_digest(source) != digest:
        found.append(f"The base model {settings.base_model} is another than the run's.")
    if recorded.get("accelerator") == "cuda":
        found.append("The run was on a GPU, whose sums are not the same twice.")
    return found


def _environment(settings_file: Path) -> dict[str, Any]:
    file = RunFolder(settings_file.parent).environment_file
    values: dict[str, Any] = read_json(file) if file.exists() else {}
    return values
