"""Which model is meant: a run, one of its checkpoints, a base model, or a prepared folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import AdaptMLLMError, ModelError
from core.finetune.checkpoints import COMPLETE, checkpoint_folder, complete_checkpoints
from core.finetune.models import model_source
from core.finetune.run_folder import RunFolder
from core.storage.run_records import Run
from core.storage.workspace import Workspace

_HUB_ID = re.compile(r"^[\w.-]+/[\w.-]+$")
_CHECKPOINT = re.compile(r"^(.+)@([0-9]{1,9}|latest)$", re.DOTALL)


@dataclass(frozen=True)
class ModelReference:
    """A model that can be prepared.

    Attributes:
        key: Its canonical name, under which versions are kept: a run's id, `ID@STEP`, or the
            name of a base model.
        name: What people call it.
        run: The run it came from, None for a base model.
        step: The checkpoint's step; 0 for the final model and for base models.
        source: Folder or hub id that Transformers loads; for a checkpoint that of its base model.
    """

    key: str
    name: str
    run: Run | None
    step: int
    source: str


def find_model(workspace: Workspace, text: str) -> ModelReference:
    """Gives the model that `text` names: RUN, RUN@STEP, `starter`, a hub id or a folder.

    Raises:
        ModelError: There is no such run, checkpoint or model; the sentence says which.
    """
    text = text.strip()
    if not text:
        raise ModelError("No model was named.", hint="Give a run, a base model or a folder.")
    match = _CHECKPOINT.match(text)
    # A run's name may itself end like a checkpoint's, so the whole of it comes first.
    readings = [(text, ""), *([(match[1], match[2])] if match else [])]
    for name, step in readings:
        run = _run(workspace, name)
        if run is not None:
            return _of_run(workspace, run, step)
    if match:
        raise ModelError(
            f"There is no run {match[1][:120]!r}, so no checkpoint {match[2]} of it.",
            hint="`python -m core runs list` names the runs.",
        )
    # A bare word is no hub id of a translation model: most likely a misspelt run.
    is_known = text == "starter" or _HUB_ID.match(text) or text.startswith(("/", ".", "~"))
    if not is_known and not _is_folder(text):
        raise ModelError(
            f"There is neither a run nor a model {text[:120]!r}.",
            hint="`python -m core runs list` names the runs; base models are hub ids or folders.",
        )
    source = model_source(workspace, text)
    return ModelReference(text, text, None, 0, source)


def learnt_directions(run: Run) -> list[tuple[str, str]]:
    """Gives the directions (source, target) that a run's model learnt, the run's own first."""
    own = (run.src_lang, run.tgt_lang)
    return [own, own[::-1]] if run.settings.get("both_directions") else [own]


def _is_folder(text: str) -> bool:
    try:
        return Path(text).is_dir()
    except OSError:  # longer than any file's name
        return False


def _run(workspace: Workspace, name: str) -> Run | None:
    """Gives the run with this id or name; several of one name are an error of their own."""
    if name in ("starter", ""):
        return None
    try:
        return workspace.runs.get(name)
    except UnicodeEncodeError:  # bytes of the command line that are no text
        return None
    except AdaptMLLMError as error:
        if "runs have the name" in error.message:
            raise ModelError(error.message, hint=error.hint) from None
        return None


def _of_run(workspace: Workspace, run: Run, step: str) -> ModelReference:
    folder = RunFolder(workspace.run_folder(run.id))
    if not step:
        if not (folder.model_folder / "config.json").exists():
            raise ModelError(
                f"The run {run.name!r} has no finished model (it is {run.job.state}).",
                hint="Wait until it has finished, or name a checkpoint: RUN@STEP.",
            )
        return ModelReference(run.id, run.name, run, 0, str(folder.model_folder))
    steps = checkpoint_steps(workspace, run)
    wanted = steps[-1] if step == "latest" and steps else int(step) if step.isdigit() else 0
    if not (checkpoint_folder(folder.path, wanted) / COMPLETE).exists():
        which = "" if step == "latest" else f" of step {step}"
        known = ", ".join(map(str, steps)) or "none"
        raise ModelError(f"The run {run.name!r} has no checkpoint{which}.", hint=f"Kept: {known}.")
    revision = str(run.settings.get("base_model_revision", ""))
    source = model_source(workspace, run.base_model, run_id=run.id, revision=revision)
    return ModelReference(f"{run.id}@{wanted}", f"{run.name} @ step {wanted}", run, wanted, source)


def checkpoint_steps(workspace: Workspace, run: Run) -> list[int]:
    """Gives the steps whose checkpoints of a run are on disk, the earliest first."""
    return [step for step, _ in complete_checkpoints(workspace.run_folder(run.id))]
