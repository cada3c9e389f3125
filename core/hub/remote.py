"""What the hub says about a model: commit, files, sizes, licence, and who may have it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from core.errors import ModelError
from core.hub.refusals import hub_token, one_sentence

_SMALL = re.compile(r"[^/]+\.(json|txt|model|spm|vocab)")
# Neither the model nor its tokenizer.
_BESIDE = re.compile(r"(trainer_state|.*results|README.*|requirements|.*\.index)\.(json|txt)")
_KINDS = (("model.safetensors", r"model-\d+-of-\d+\.safetensors"),
          ("pytorch_model.bin", r"pytorch_model-\d+-of-\d+\.bin"))  # fmt: skip


@dataclass(frozen=True)
class RemoteFile:
    """One file of a repository.

    Attributes:
        name: Its path in the repository.
        size_bytes: As the hub says.
        sha256: Of a large file; empty for one that git itself keeps.
    """

    name: str
    size_bytes: int
    sha256: str = ""


@dataclass(frozen=True)
class RemoteModel:
    """A model on the hub.

    Attributes:
        repo_id: Its id.
        commit: The commit that the revision stands for now.
        files: What a run needs of it; small files first, weights last.
        total_bytes: Of all files of the repository.
        licence: As its card names it; may be empty.
        gated: Empty, or how access is granted: `auto` or `manual`.
        is_private: Whether only its owner sees it.
    """

    repo_id: str
    commit: str
    files: tuple[RemoteFile, ...]
    total_bytes: int
    licence: str
    gated: str
    is_private: bool

    @property
    def size_bytes(self) -> int:
        """Bytes of the files that a run needs."""
        return sum(file.size_bytes for file in self.files)


def _once(work: Callable[[], Any]) -> Any:
    return work()


def ask(
    repo_id: str, revision: str = "", *, trying: Callable[[Callable[[], Any]], Any] = _once
) -> RemoteModel:
    """Asks the hub about a model.

    Args:
        repo_id: Its id.
        revision: A commit, branch or tag; empty = the newest.
        trying: Does the asking; several times where the connection breaks.

    Raises:
        ModelError: The hub does not know it, does not give it, or cannot be reached.
    """
    from huggingface_hub import HfApi

    def asked() -> Any:
        return HfApi().model_info(
            repo_id, revision=revision or None, files_metadata=True, token=hub_token() or False
        )

    with one_sentence(repo_id, revision):
        info = trying(asked)
    files = [_file(sibling) for sibling in info.siblings or []]
    return RemoteModel(
        repo_id=repo_id,
        commit=str(info.sha),
        files=tuple(needed_files(repo_id, files)),
        total_bytes=sum(file.size_bytes for file in files),
        licence=_licence(info),
        gated=str(info.gated or ""),
        is_private=bool(info.private),
    )


def _file(sibling: Any) -> RemoteFile:
    sha256 = sibling.lfs.sha256 if sibling.lfs else ""
    return RemoteFile(sibling.rfilename, int(sibling.size or 0), sha256)


def _licence(info: Any) -> str:
    named = (info.card_data or {}).get("license") or ""
    tagged = (tag.partition(":")[2] for tag in info.tags or [] if tag.startswith("license:"))
    return str(named or next(tagged, ""))


def needed_files(repo_id: str, files: Collection[RemoteFile]) -> list[RemoteFile]:
    """Gives what a run needs: configuration and tokenizer, then one form of the weights.

    Pickled weights only where there are no safetensors; no other library's weights.

    Raises:
        ModelError: There are no weights that we could load.
    """
    by_name = {file.name: file for file in files}
    small = [
        file
        for name, file in sorted(by_name.items())
        if _SMALL.fullmatch(name) and not _BESIDE.fullmatch(name)
    ]
    for whole, shard in _KINDS:
        if whole in by_name:
            return [*small, by_name[whole]]
        index = by_name.get(f"{whole}.index.json")
        shards = [file for name, file in sorted(by_name.items()) if re.fullmatch(shard, name)]
        if index and shards:
            return [*small, index, *shards]
    raise ModelError(
        f"{repo_id} holds no weights that can be loaded: neither safetensors nor PyTorch's.",
        hint="Choose a model that was published for Transformers.",
    )
