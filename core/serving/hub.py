"""Pushing a fine-tuned model with its card to the Hugging Face Hub."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import AdaptMLLMError, ConfigError, HostError, ModelError
from core.finetune.adapters import bind
from core.finetune.models import load_tokenizer
from core.finetune.settings import FineTuneSettings
from core.serving.card import model_card
from core.serving.licences import notice_of
from core.serving.models import ModelReference, find_model
from core.storage.run_records import Run
from core.storage.workspace import Workspace

TOKEN_VARIABLE = "HF_TOKEN"


@dataclass(frozen=True)
class Pushed:
    """A model on the Hub.

    Attributes:
        name: The model's name for people.
        repo_id: Owner and name of the repository.
        url: Its address.
        is_private: Whether only its owner sees it.
        notice: What its users must be told about the licence; may be empty.
    """

    name: str
    repo_id: str
    url: str
    is_private: bool
    notice: str


def push(workspace: Workspace, model: str, repo_id: str, *, private: bool = True) -> Pushed:
    """Pushes a run's model, or one of its checkpoints, with its card in one commit.

    The token comes from the environment (HF_TOKEN) and is never stored nor shown.

    Args:
        workspace: Where the run is.
        model: RUN or RUN@STEP.
        repo_id: `owner/name`; it is made if it does not exist.
        private: Whether only its owner shall see it.

    Raises:
        ConfigError: There is no token, the name is wrong, or the repository is public already.
        ModelError: There is no such model, or it is a base model.
        HostError: The Hub cannot be reached or refuses; memory or disk are too small.
    """
    token = _token()
    _check_name(repo_id)
    reference = find_model(workspace, model)
    if reference.run is None:
        raise ModelError(
            f"{reference.name} is a base model, which its makers publish.",
            hint="Push a run: `python -m core runs list` names them.",
        )
    with (
        _one_sentence(token, repo_id),
        _weights(workspace, reference, reference.run) as folder,
    ):
        card = weights_card(workspace, model, repo_id=repo_id)
        url, is_private = _commit(token, repo_id, private, folder, card, reference.name)
    notice = notice_of(reference.run.base_model)
    return Pushed(reference.name, repo_id, url, is_private, notice)


def weights_card(workspace: Workspace, model: str, *, repo_id: str = "") -> str:
    """Gives the card of a run's weights; imports transformers for the example of use.

    Raises:
        ModelError: There is no such model.
    """
    reference = find_model(workspace, model)
    if reference.run is None:
        return model_card(workspace, model, form="service")
    tokenizer = load_tokenizer(reference.source)
    prefix = bind(tokenizer, reference.run.src_lang, reference.run.tgt_lang).source_prefix
    return model_card(workspace, model, form="transformers", repo_id=repo_id, source_prefix=prefix)


def _token() -> str:
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise ConfigError(
            f"There is no token for the Hub: the environment has no {TOKEN_VARIABLE}.",
            hint="Make one with write access at huggingface.co/settings/tokens and export it.",
        )
    if not (token.isascii() and token.isprintable()) or " " in token:
        # An HTTP library would quote it in its own complaint.
        raise ConfigError(
            f"{TOKEN_VARIABLE} holds characters that no token has.", hint="Copy the token again."
        )
    return token


def _check_name(repo_id: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(repo_id)
        is_valid = repo_id.count("/") == 1
    except HFValidationError:
        is_valid = False
    if not is_valid:
        raise ConfigError(
            f"{repo_id[:120]!r} is no name of a repository.",
            hint="Give owner/name: letters, digits, '-', '_' and '.', at most 96 characters.",
        )


@contextmanager
def _weights(workspace: Workspace, reference: ModelReference, run: Run) -> Iterator[Path]:
    """Gives the folder of the model as Transformers loads it; makes it for a checkpoint."""
    if not reference.step:
        yield Path(reference.source)
        return
    settings = FineTuneSettings.parse(run.settings)
    with tempfile.TemporaryDirectory(prefix=".push-", dir=workspace.root) as made:
        folder = Path(made) / "model"
        given = (workspace.run_folder(run.id), reference.step, settings, reference.source, folder)
        # In a process of its own: it imports torch, and its memory goes with it.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            pool.submit(_write_checkpoint, *given).result()
        yield folder


def _write_checkpoint(
    run_folder: Path, step: int, settings: FineTuneSettings, base_source: str, folder: Path
) -> None:
    os.dup2(2, 1)  # DeepSpeed prints to stdout, which belongs to the command's answer
    from transformers.utils import logging

    from core.finetune.checkpoint_model import write_checkpoint_model

    logging.disable_progress_bar()  # stderr is for our own sentence
    write_checkpoint_model(run_folder, step, settings, base_source, folder)


def _commit(
    token: str, repo_id: str, private: bool, folder: Path, card: str, name: str
) -> tuple[str, bool]:
    """Uploads all in one commit; gives the repository's address and whether it is private."""
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(token=token)
    made = api.create_repo(repo_id, private=private, exist_ok=True)
    is_private = bool(api.model_info(repo_id).private)  # an existing one stays as it is
    if private and not is_private:
        raise ConfigError(
            f"The repository {repo_id} exists and is public.",
            hint="Choose another name, or push it as public (`--public`).",
        )
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    operations: list[Any] = [
        CommitOperationAdd(path.relative_to(folder).as_posix(), path)
        for path in files
        if path.relative_to(folder).as_posix() != "README.md"
    ]
    operations.append(CommitOperationAdd("README.md", card.encode()))
    api.create_commit(repo_id, operations, commit_message=f"Push {name[:100]} by adaptMLLM")
    return str(made), is_private


@contextmanager
def _one_sentence(token: str, repo_id: str) -> Iterator[None]:
    """Turns whatever fails on the way to the Hub into one sentence without the token."""
    # `from None` throughout: the original may quote the request with its headers.
    try:
        yield
    except AdaptMLLMError:
        raise
    except (BrokenProcessPool, MemoryError):
        raise HostError(
            "The checkpoint could not be made into a model: its process was ended, most often for "
            "lack of memory.",
            hint="End other programs and push again.",
        ) from None
    except Exception as error:  # noqa: BLE001
        # What httpx, the Hub's client and its upload library raise is no closed list.
        message, hint = _explained(error, repo_id, token)
        raise HostError(message, hint=hint) from None


def _explained(error: Exception, repo_id: str, token: str) -> tuple[str, str]:
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    reason = _first_line((getattr(error, "server_message", None) or str(error)), token)
    if isinstance(error, OfflineModeIsEnabled):
        return "The Hub is switched off: HF_HUB_OFFLINE is set.", "Unset it and push again."
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code if error.response is not None else 0
        if status in (401, 403):
            return (
                f"The Hub does not let this token write to {repo_id} (status {status}).",
                f"Check owner and name, and that {TOKEN_VARIABLE} has write access.",
            )
        return f"The Hub refused the push to {repo_id} (status {status}): {reason}.", ""
    if type(error).__module__.startswith(("httpx", "httpcore")) or isinstance(
        error, (ConnectionError, TimeoutError)
    ):
        return (
            f"The Hub cannot be reached: {reason}.",
            "Check the network and push again.",
        )
    if isinstance(error, OSError) and error.strerror:
        return f"The push failed: {error.strerror}.", "Free some space and push again."
    return f"The push to {repo_id} failed: {type(error).__name__}: {reason}.", "Push again."


def _first_line(text: str, token: str) -> str:
    # The token goes first: a cut could leave its beginning.
    return (text.replace(token, "…").strip() or "no reason given").splitlines()[0][:300].rstrip(".")
