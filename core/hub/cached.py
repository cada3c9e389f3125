"""The models of the hub that are on this machine, read from the hub's own cache without network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.errors import ModelError
from core.storage.files import read_json

NEWEST = "main"
COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_SHARDED = tuple(f"{name}.index.json" for name in _WEIGHTS)
_TOKENIZERS = ("tokenizer.json", "*.model", "*.spm", "vocab.*", "tokenizer_config.json")


@dataclass(frozen=True)
class CachedModel:
    """One revision of a model in the cache.

    Attributes:
        repo_id: Its id on the hub.
        commit: The commit; empty where only unfinished files are here.
        refs: Branches and tags that stood for the commit when they were asked for.
        folder: Where Transformers finds it.
        size_bytes: Of its files; files that revisions share count for each.
        last_used: UTC ISO-8601; when one of the model's files was last opened.
        is_complete: Whether configuration, tokenizer and all weights are here.
        partial_bytes: What is here of files whose download was interrupted.
    """

    repo_id: str
    commit: str
    refs: tuple[str, ...]
    folder: Path
    size_bytes: int
    last_used: str
    is_complete: bool
    partial_bytes: int = 0


def cache_folder() -> Path:
    """Gives the hub's cache: HF_HUB_CACHE, `hub` below HF_HOME, or the usual place."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def repo_folder(repo_id: str) -> Path:
    """Gives the folder of a model in the cache, whether or not it is there."""
    return cache_folder() / ("models--" + repo_id.replace("/", "--"))


def is_hub_id(text: str) -> bool:
    """Whether a text has the form of a model's id on the hub."""
    return bool(_HUB_ID.fullmatch(text)) and ".." not in text


def resolved(repo_id: str, revision: str = "") -> str:
    """Gives the commit that a revision stands for on this machine; empty = not known here.

    Args:
        repo_id: The model.
        revision: A commit, branch or tag; empty = what was the newest when it was asked for.
    """
    if COMMIT.fullmatch(revision):
        return revision
    folder = repo_folder(repo_id) / "refs"
    ref = folder / (revision or NEWEST)
    try:
        if not ref.resolve().is_relative_to(folder.resolve()):
            return ""
        commit = ref.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
    return commit if COMMIT.fullmatch(commit) else ""


def snapshot(repo_id: str, revision: str = "") -> Path | None:
    """Gives the folder of a model that is here completely, else None; asks nobody.

    Args:
        repo_id: The model.
        revision: A commit, branch or tag; empty = the one that was the newest when it was
            downloaded, or else any that is here, the last one that came.
    """
    if not is_hub_id(repo_id):
        return None
    commit = resolved(repo_id, revision)
    snapshots = repo_folder(repo_id) / "snapshots"
    if commit and is_complete(snapshots / commit):
        return snapshots / commit
    if revision or not snapshots.is_dir():
        return None
    whole = [folder for folder in snapshots.iterdir() if is_complete(folder)]
    return max(whole, key=lambda folder: folder.stat().st_mtime, default=None)


def is_complete(folder: Path) -> bool:
    """Whether configuration, a tokenizer and all weights are in a snapshot's folder."""
    if not (folder / "config.json").exists():
        return False
    if not any(path.exists() for pattern in _TOKENIZERS for path in folder.glob(pattern)):
        return False
    return any((folder / name).exists() for name in _WEIGHTS) or any(
        _has_shards(folder / name) for name in _SHARDED
    )


def _has_shards(index: Path) -> bool:
    try:
        names = set(read_json(index)["weight_map"].values())
    except (OSError, json.JSONDecodeError, KeyError, AttributeError, TypeError):
        return False
    return bool(names) and all((index.parent / str(name)).exists() for name in names)


def cached_models() -> list[CachedModel]:
    """Gives every model in the cache, by id, the revision that was used last first."""
    from huggingface_hub import CacheNotFound, scan_cache_dir

    try:
        found = scan_cache_dir(cache_folder())
    except (CacheNotFound, OSError, ValueError):
        return []
    models = []
    for repo in found.repos:
        if repo.repo_type != "model":
            continue
        used = _moment(repo.last_accessed)
        partial = _partial_bytes(repo.repo_path)
        revisions = [
            CachedModel(
                repo.repo_id,
                revision.commit_hash,
                tuple(sorted(revision.refs)),
                revision.snapshot_path,
                revision.size_on_disk,
                used,
                is_complete(revision.snapshot_path),
                partial,
            )
            for revision in repo.revisions
        ]
        empty = CachedModel(repo.repo_id, "", (), repo.repo_path, 0, used, False, partial)
        models += revisions or ([empty] if partial else [])
    # Repositories of which nothing is complete are "corrupted" to the hub's library.
    models += _only_begun({model.repo_id for model in models})
    models.sort(key=lambda model: model.last_used, reverse=True)
    return sorted(models, key=lambda model: model.repo_id.lower())


def _only_begun(known: Iterable[str]) -> list[CachedModel]:
    begun = []
    for folder in cache_folder().glob("models--*"):
        repo_id = folder.name.removeprefix("models--").replace("--", "/", 1)
        partial = _partial_bytes(folder)
        if partial and repo_id not in known:
            used = _moment(folder.stat().st_mtime)
            begun.append(CachedModel(repo_id, "", (), folder, 0, used, False, partial))
    return begun


def _partial_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in (folder / "blobs").glob("*.incomplete"))


def _moment(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")


def delete(repo_id: str, revision: str = "") -> int:
    """Deletes a model, or one revision of it, from the cache; gives the bytes that became free.

    Args:
        repo_id: The model.
        revision: A commit or its beginning, a branch or a tag; empty = all of it, with what is
            here of interrupted downloads.

    Raises:
        ModelError: It is not here.
    """
    import shutil

    from huggingface_hub import scan_cache_dir

    found = [model for model in cached_models() if model.repo_id == repo_id]
    commits = [model.commit for model in found if _is_meant(model, revision)]
    if not commits:
        which = f"revision {revision[:120]!r} of {repo_id}" if revision else repo_id
        raise ModelError(
            f"There is no {which} on this machine.", hint="`python -m core hub list` names them."
        )
    folder = repo_folder(repo_id)
    if revision and len(commits) < len(found):
        strategy = scan_cache_dir(cache_folder()).delete_revisions(*commits)
        strategy.execute()
        return int(strategy.expected_freed_size)
    size = sum(file.lstat().st_size for file in folder.rglob("*"))
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(cache_folder() / ".locks" / folder.name, ignore_errors=True)
    return size


def _is_meant(model: CachedModel, revision: str) -> bool:
    is_beginning = len(revision) >= 6 and model.commit.startswith(revision)
    return not revision or is_beginning or revision in model.refs
