"""What one does with runs: check, launch, stop, resume, duplicate, delete."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError, DataError, HostError, TrainingError
from core.finetune.checkpoints import latest_checkpoint
from core.finetune.command import missing_operators
from core.finetune.diagnosis import COMPILER_HINT
from core.finetune.family import is_bf16_family
from core.finetune.models import model_source
from core.finetune.recipes import SCRATCH
from core.finetune.run_folder import RunFolder
from core.finetune.scratch import most_parameters
from core.finetune.settings import FineTuneSettings
from core.gpu import gpus
from core.host import accelerator, cxx_compiler
from core.jobs import queue
from core.jobs.folder import JobState, new_job_folder
from core.storage.corpus_records import Corpus
from core.storage.files import utc_now
from core.storage.job_records import WAITING, Job
from core.storage.run_records import Run
from core.storage.workspace import Workspace

JOB_KIND = "core.finetune.job"
MIN_FREE_BYTES = 200_000_000
_NARROWEST = 512  # width of the narrowest published models

# Known before the download: bytes of the float32 weights.
_HUB_BYTES = {
    "facebook/nllb-200-distilled-600M": 2_460_000_000,
    "facebook/nllb-200-distilled-1.3B": 5_480_000_000,
    "facebook/nllb-200-3.3B": 13_380_000_000,
    "facebook/m2m100_418M": 1_940_000_000,
    "facebook/mbart-large-50-many-to-many-mmt": 2_440_000_000,
    "google/madlad400-3b-mt": 11_760_000_000,
}


def check_launch(workspace: Workspace, settings: FineTuneSettings) -> None:
    """Refuses a run that cannot work, before anything is written.

    Raises:
        DataError: The corpus does not exist or lacks a split.
        ConfigError: Direction, precision or processes do not fit corpus or machine.
        ModelError: The base model's folder is missing.
        HostError: No compiler, or too little disk space.
    """
    corpus = workspace.corpora.get(settings.corpus)
    if {settings.src_lang, settings.tgt_lang} != {corpus.src_lang, corpus.tgt_lang}:
        raise ConfigError(
            f"The corpus {corpus.name!r} holds {corpus.src_lang} and {corpus.tgt_lang}, the run "
            f"asks for {settings.direction}.",
            hint="Choose a direction between the languages of the corpus.",
        )
    for split, count in corpus.counts.items():
        if count == 0:
            raise DataError(
                f"The {split} split of {corpus.name!r} is empty.",
                hint="Split the corpus so that train, dev and test all have segments.",
            )
    if settings.base_model != SCRATCH:  # that one is built by the run
        model_source(workspace, settings.base_model)
        _check_family(workspace, settings)
    _check_machine(settings)
    _check_disk(workspace, settings)


def _check_family(workspace: Workspace, settings: FineTuneSettings) -> None:
    """Refuses fp16 where it is known beforehand that it ends in NaN; the trainer looks again."""
    if settings.precision == "fp16" and is_bf16_family(workspace, settings.base_model):
        raise ConfigError(
            f"{settings.base_model} is of a family that was trained in bf16 and ends in NaN with "
            "precision fp16.",
            hint="Choose bf16 or fp32.",
        )


def _check_machine(settings: FineTuneSettings) -> None:
    if accelerator() == "cpu" and settings.precision == "fp16":
        raise ConfigError(
            "precision fp16 needs a GPU and this machine trains on the processor.",
            hint="Choose fp32, or bf16.",
        )
    if accelerator() == "cuda" and settings.num_processes > len(gpus()):
        raise ConfigError(
            f"num_processes is {settings.num_processes} and this machine has {len(gpus())} GPUs.",
            hint="Use one process a GPU.",
        )
    if missing_operators(settings) and not cxx_compiler():
        raise HostError(
            "DeepSpeed compiles a part of itself before its first run, and this machine has no "
            "C++ compiler.",
            hint=COMPILER_HINT,
        )


def _check_disk(workspace: Workspace, settings: FineTuneSettings) -> None:
    """Compares the free space with the model and the checkpoints that will be kept."""
    needed = needed_bytes(workspace, settings)
    free = shutil.disk_usage(workspace.root).free
    if free < needed:
        raise HostError(
            f"The run needs about {needed / 1e9:.1f} GB of disk and {free / 1e9:.1f} GB are free "
            f"under {workspace.root}.",
            hint="Delete runs that you no longer need, or keep fewer checkpoints.",
        )


def needed_bytes(workspace: Workspace, settings: FineTuneSettings) -> int:
    """Gives a run's estimated bytes on disk.

    Weights W as float32; a checkpoint holds weights, master weights and two moments of AdamW
    (4 W, less where parts are frozen); one more than is kept exists for a moment; the final model
    adds W, and so does the untrained one that a run from scratch keeps.
    """
    num_models = 2 if settings.base_model == SCRATCH else 1
    num_weights = _checkpoint_share(settings) * (settings.keep_checkpoints + 1) + num_models
    return MIN_FREE_BYTES + int(num_weights * _weights_bytes(workspace, settings))


def _checkpoint_share(settings: FineTuneSettings) -> float:
    """Gives at most how many times the size of the weights a checkpoint has."""
    if settings.method == "full":
        return 4
    # Two matrices of `rank` beside one of at least _NARROWEST. Of the frozen weights a checkpoint
    # of DeepSpeed holds the tied embedding alone: half of a small model.
    return 1 + 4 * 2 * settings.lora_rank / _NARROWEST


def _weights_bytes(workspace: Workspace, settings: FineTuneSettings) -> int:
    if settings.base_model == SCRATCH:
        return 4 * most_parameters(settings)
    source = model_source(workspace, settings.base_model)
    if Path(source).is_dir():
        files = [*Path(source).glob("*.safetensors"), *Path(source).glob("*.bin")]
        return sum(file.stat().st_size for file in files)
    return _HUB_BYTES.get(source, 0)


@dataclass(frozen=True)
class OfStudy:
    """What a run has to know of the study that it is a trial of, or came out of.

    Attributes:
        study: The study's id.
        lane: Of the queue in which it waits.
        like: A run of the same study whose scores of the base model hold for this one, too, where
            model, corpus and decoding are the same; empty = none.
    """

    study: str
    lane: str
    like: str = ""


def launch(
    workspace: Workspace,
    settings: FineTuneSettings,
    *,
    run_id: str = "",
    by: str = "",
    of_study: OfStudy | None = None,
) -> Run:
    """Puts a run into the queue; it starts at once when nothing else runs.

    Args:
        workspace: Where the run is stored.
        settings: What it does.
        run_id: A UUID chosen beforehand; a second call with the same one (a double click) gives
            the run of the first.
        by: Who starts it, as others know them; empty = nobody is named.
        of_study: Of which study it is a trial, or the outcome; None = of none.

    Raises:
        AdaptMLLMError: `check_launch` refused it; nothing was written.
    """
    check_launch(workspace, settings)
    corpus = workspace.corpora.get(settings.corpus)
    settings = settings.changed(corpus=corpus.id, name=settings.display_name)
    run = _new_run(workspace, settings, corpus, run_id or str(uuid.uuid4()), by, of_study)
    folder = RunFolder(workspace.run_folder(run.id))
    try:
        with new_job_folder(folder.path, "run"):
            settings.save(folder.settings_file)
            if of_study and of_study.like:
                _take_base_scores(workspace, of_study.like, settings, folder)
            queue.enter(workspace, run.job)
            workspace.runs.add(run)
    except FileExistsError:
        return workspace.runs.get(run.id)
    queue.advance_after(workspace, run.id)
    return run


# What the base model's translations of the test split depend on.
_BASE_FIELDS = (
    "base_model", "corpus", "src_lang", "tgt_lang", "max_source_length", "max_target_length",
    "num_beams",
)  # fmt: skip


def _take_base_scores(
    workspace: Workspace, other_id: str, settings: FineTuneSettings, folder: RunFolder
) -> None:
    """Copies what another run found out about the base model: it need not be translated again."""
    other = RunFolder(workspace.run_folder(other_id))
    if settings.base_model == SCRATCH or not other.base_file.exists():
        return
    theirs = FineTuneSettings.load(other.settings_file)
    if all(getattr(theirs, name) == getattr(settings, name) for name in _BASE_FIELDS):
        shutil.copyfile(other.base_file, folder.base_file)


def _new_run(
    workspace: Workspace,
    settings: FineTuneSettings,
    corpus: Corpus,
    run_id: str,
    by: str,
    of_study: OfStudy | None,
) -> Run:
    now = utc_now()
    relative = str(workspace.run_folder(run_id).relative_to(workspace.root))
    job = Job(
        run_id,
        JOB_KIND,
        relative,
        of_study.lane if of_study else queue.COMPUTE_LANE,
        WAITING,
        now,
        title=settings.name,
        person=by,
        system=settings.name,
        study=of_study.study if of_study else "",
    )
    return Run(
        id=run_id,
        name=settings.name,
        corpus_id=corpus.id,
        corpus_name=corpus.name,
        base_model=settings.base_model,
        src_lang=settings.src_lang,
        tgt_lang=settings.tgt_lang,
        settings=settings.model_dump(),
        scores={},
        train_seconds=None,
        created_at=now,
        job=job,
    )


def stop(workspace: Workspace, run_id: str, mode: str) -> None:
    """Asks a run to stop: `save` finishes the step and writes a checkpoint, `now` does not.

    Raises:
        TrainingError: The run does not exist or has already ended.
    """
    queue.stop(workspace, workspace.runs.get(run_id).id, mode)


def resume(workspace: Workspace, run_id: str) -> None:
    """Continues an ended run from its last checkpoint, or from the start if it has none.

    Raises:
        TrainingError: The run finished, or has not ended.
        AdaptMLLMError: `check_launch` refused it.
    """
    run = workspace.runs.get(run_id)
    if run.job.state == "finished":
        raise TrainingError(
            f"The run {run.name!r} is finished; there is nothing left to resume.",
            hint="Duplicate it and raise num_epochs to train longer.",
        )
    check_launch(workspace, FineTuneSettings.parse(run.settings))
    queue.resume(workspace, run.id)


def delete(workspace: Workspace, run_id: str) -> None:
    """Deletes a run: its record, its folder, its checkpoints and its model.

    Raises:
        TrainingError: The run is still working.
    """
    run = workspace.runs.get(run_id)
    if not run.job.has_ended:
        raise TrainingError(f"The run {run.name!r} is {run.job.state}; stop it before deleting it.")
    # The record goes first: a folder without a record is litter, a record without one is a lie.
    workspace.runs.delete(run.id)
    shutil.rmtree(workspace.run_folder(run.id), ignore_errors=True)


def run_state(workspace: Workspace, run: Run) -> JobState:
    """Gives the true state of a run: the folder's for one that works, else the record's."""
    state = RunFolder(workspace.run_folder(run.id)).observed_state()
    if WAITING in (run.job.state, state.state):  # the folder has nothing to say yet
        return JobState(state=run.job.state, reason=run.job.reason, progress=run.job.progress)
    return state


def resume_step(workspace: Workspace, run: Run) -> int:
    """Gives the step that Resume would continue from; 0 = from the start."""
    found = latest_checkpoint(workspace.run_folder(run.id))
    return found[0] if found else 0
