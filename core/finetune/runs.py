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
from core.finetune.family import check_languages, has_one_direction, is_bf16_family
from core.finetune.launching import check_launcher
from core.finetune.models import pinned_commit, source_of_run
from core.finetune.parts import training_sources, with_corpus_ids
from core.finetune.positions import check_lengths
from core.finetune.preflight.check import check_fits
from core.finetune.preflight.disk import MIN_FREE_BYTES as MIN_FREE_BYTES
from core.finetune.preflight.disk import check_disk
from core.finetune.preflight.disk import needed_bytes as needed_bytes
from core.finetune.preflight.hub_shapes import known_config
from core.finetune.recipes import SCRATCH
from core.finetune.reproducing import keep_corpora
from core.finetune.run_folder import RunFolder
from core.finetune.run_work import forget_works
from core.finetune.settings import FineTuneSettings
from core.gpu import gpus
from core.host import accelerator, cxx_compiler
from core.hub.downloads import is_switched_off
from core.hub.refusals import switched_off
from core.jobs import queue
from core.jobs.folder import JobState, new_job_folder
from core.storage.corpus_records import Corpus
from core.storage.files import utc_now
from core.storage.job_records import WAITING, Job
from core.storage.run_records import Run
from core.storage.workspace import Workspace

JOB_KIND = "core.finetune.job"


def check_launch(
    workspace: Workspace,
    settings: FineTuneSettings,
    *,
    is_forced: bool = False,
    held_bytes: int = 0,
) -> None:
    """Refuses a run that cannot work, before anything is written.

    Args:
        workspace: Where the run would be stored.
        settings: What it would do.
        is_forced: Whether somebody wants it although its memory is estimated not to suffice.
        held_bytes: What its folder holds already, where it is resumed.

    Raises:
        DataError: The corpus does not exist or lacks a split.
        ConfigError: Direction, precision or processes do not fit corpus or machine.
        ModelError: The base model's folder is missing, or it does not know a language.
        HostError: No compiler, too little disk space, or surely too little memory.
    """
    _check_corpus(workspace.corpora.get(settings.corpus), settings)
    training_sources(workspace, settings)
    check_launcher(settings)
    is_built_by_run = settings.base_model == SCRATCH
    if not is_built_by_run:
        _check_family(workspace, settings)
    if not settings.is_elsewhere:  # what other machines have is not known here
        _check_machine(settings)
    if not is_built_by_run:
        _check_model(workspace, settings)
        check_languages(workspace, settings)
    check_disk(workspace, settings, held_bytes=held_bytes)
    if not settings.is_elsewhere and not is_forced:
        check_fits(workspace, settings)


def _check_corpus(corpus: Corpus, settings: FineTuneSettings) -> None:
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


def _check_model(workspace: Workspace, settings: FineTuneSettings) -> None:
    """Refuses a model that is not here and that may not be fetched either."""
    source = source_of_run(workspace, "", settings)
    if not Path(source).is_dir() and is_switched_off():
        raise switched_off(settings.base_model)


def _check_family(workspace: Workspace, settings: FineTuneSettings) -> None:
    """Refuses what it is known beforehand that the family cannot do; the trainer looks again."""
    if settings.precision == "fp16" and is_bf16_family(workspace, settings.base_model):
        raise ConfigError(
            f"{settings.base_model} is of a family that was trained in bf16 and ends in NaN with "
            "precision fp16.",
            hint="Choose bf16 or fp32.",
        )
    if settings.both_directions and has_one_direction(workspace, settings.base_model):
        raise ConfigError(
            f"{settings.base_model} translates one direction and cannot be told another; "
            "both_directions needs one that can.",
            hint="Switch both directions off, or choose a multilingual model such as NLLB-200.",
        )
    check_lengths(settings, known_config(workspace, settings) or {})


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
    is_forced: bool = False,
) -> Run:
    """Puts a run into the queue; it starts at once when nothing else runs.

    Args:
        workspace: Where the run is stored.
        settings: What it does.
        run_id: A UUID chosen beforehand; a second call with it (a double click) gives the first.
        by: Who starts it, as others know them; empty = nobody is named.
        of_study: Of which study it is a trial, or the outcome; None = of none.
        is_forced: Whether it is launched although its memory is estimated not to suffice.

    Raises:
        AdaptMLLMError: `check_launch` refused it; nothing was written.
    """
    check_launch(workspace, settings, is_forced=is_forced)
    corpus = workspace.corpora.get(settings.corpus)
    settings = with_corpus_ids(workspace, settings).changed(name=settings.display_name)
    settings = _pinned(workspace, settings)
    run = _new_run(workspace, settings, corpus, run_id or str(uuid.uuid4()), by, of_study)
    folder = RunFolder(workspace.run_folder(run.id))
    try:
        with new_job_folder(folder.path, "run"):
            settings.save(folder.settings_file)
            keep_corpora(workspace, settings, folder)
            if of_study and of_study.like:
                _take_base_scores(workspace, of_study.like, settings, folder)
            queue.enter(workspace, run.job)
            workspace.runs.add(run)
    except FileExistsError:
        return workspace.runs.get(run.id)
    queue.advance_after(workspace, run.id)
    return run


def _pinned(workspace: Workspace, settings: FineTuneSettings) -> FineTuneSettings:
    """Names the commit of a hub model that is here; of another one the first stage finds it out."""
    if settings.base_model == SCRATCH:
        return settings
    revision = settings.base_model_revision
    commit = pinned_commit(workspace, settings.base_model, revision)
    return settings.changed(base_model_revision=commit or revision)


# What the base model's translations of the test split depend on.
_BASE_FIELDS = (
    "base_model", "base_model_revision", "corpus", "src_lang", "tgt_lang", "max_source_length",
    "max_target_length", "num_beams", "both_directions", "general_corpus",
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
        of_study.lane if of_study else _lane(settings, run_id),
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


def _lane(settings: FineTuneSettings, run_id: str) -> str:
    """Gives the lane of a run: in Slurm it waits for nothing here, and only this host has Slurm."""
    if settings.launcher == "slurm":
        return queue.own_lane(f"slurm-{run_id[:8]}")
    return queue.COMPUTE_LANE


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
    # What has run before is not refused by an estimate, nor by the space that it took then.
    held = RunFolder(workspace.run_folder(run.id)).size_bytes()
    settings = FineTuneSettings.parse(run.settings)
    check_launch(workspace, settings, is_forced=True, held_bytes=held)
    queue.resume(workspace, run.id)


def delete(workspace: Workspace, run_id: str) -> None:
    """Deletes a run: its record, its folder, its checkpoints and its model.

    Raises:
        TrainingError: The run is still working.
    """
    run = workspace.runs.get(run_id)
    if not run.job.has_ended:
        raise TrainingError(f"The run {run.name!r} is {run.job.state}; stop it before deleting it.")
    forget_works(workspace, run)
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
