"""Why runs fail: a code for each cause, what it means in plain words, and how it is recognised."""

from __future__ import annotations

import re
from typing import Literal, get_args

from core.jobs.folder import JobState

Cause = Literal[
    "gpu_memory",
    "memory_limit",
    "host_memory",
    "killed",
    "launcher_ended",
    "lost",
    "nan",
    "nan_at_start",
    "loss_scale",
    "port",
    "compiler",
    "disk",
    "network",
    "gated_model",
    "unknown_model",
    "broken_model",
    "language",
    "precision",
    "processes",
    "small_corpus",
    "unknown",
]

# What happened, for somebody who has never seen the inside of a training loop.
MEANINGS: dict[Cause, str] = {
    "gpu_memory": "Weights, optimizer state and one batch together did not fit into the GPU's "
    "memory.",
    "memory_limit": "The run asked for more memory than its own limit, memory_limit_gb, allows; "
    "the machine may have more.",
    "host_memory": "Weights, optimizer state and one batch together did not fit into the "
    "machine's memory.",
    "killed": "Something outside the run ended one of its processes. Mostly that is the system, "
    "when memory runs short.",
    "launcher_ended": "The program that starts the training processes was ended from outside; the "
    "run itself did nothing wrong.",
    "lost": "Nobody ended the run: the machine restarted, or the process that looks after it was "
    "killed.",
    "nan": "The numbers grew beyond all bounds and the weights are lost since then: the steps were "
    "too large, or the precision too coarse.",
    "nan_at_start": "The first loss is computed before any weight has changed, so the learning "
    "rate is not to blame: the base model or the precision is.",
    "loss_scale": "With fp16 gradients are multiplied by a scale, which is lowered when they "
    "overflow. It cannot be lowered any more, so no step was made.",
    "port": "The port over which the training processes find each other belonged to another "
    "program.",
    "compiler": "DeepSpeed compiles a part of itself before its first run, and that failed.",
    "disk": "Checkpoints and the model did not fit on the disk of the workspace.",
    "network": "The base model is not on this machine, and it could not be downloaded.",
    "gated_model": "The hub knows the base model but does not give it to this machine.",
    "unknown_model": "The hub has no model of this name.",
    "broken_model": "The files of the base model are damaged, incomplete or of a kind that cannot "
    "be fine-tuned here.",
    "language": "The base model has no token for one of the two languages, so it could not be "
    "told what to translate into.",
    "precision": "The chosen number format does not suit this model or this machine.",
    "processes": "A checkpoint can only be continued by as many processes as wrote it.",
    "small_corpus": "One step needs more batches than the training split gives.",
    "unknown": "This failure is none of those that are known; the details hold its first "
    "traceback.",
}

# Pattern in reason or detail -> cause; the first that is found counts.
_SIGNS: tuple[tuple[str, Cause], ...] = (
    (r"loss scale (is |already )?at (its )?minimum", "loss_scale"),
    (r"^The (loss|gradient norm) became \S+ at step 1 ", "nan_at_start"),
    (r"^The (loss|gradient norm) became ", "nan"),
    (r"^The GPU ran out of memory", "gpu_memory"),
    (r"^The run ran out of host memory", "host_memory"),
    (r"^The disk is full", "disk"),
    (r"^The port for the training", "port"),
    (r"operators could not be compiled|C\+\+ compiler", "compiler"),
    (r"training process was (killed|ended)", "killed"),
    (r"^The launcher (was ended|ended early)", "launcher_ended"),
    (r"checkpoint was written by \d+ process", "processes"),
    (r"training segments are too few for steps", "small_corpus"),
    (r"end in NaN|precision fp16 needs", "precision"),
    (r"does not know .*\([a-z]{3}_[A-Z][a-z]{3}\)|labels begin with|language code", "language"),
    (r"gated|is private|HF_TOKEN", "gated_model"),
    (r"hub has no model|not a valid model id", "unknown_model"),
    (
        r"hub cannot be reached|hub is switched off|the network|timed out|connection to the hub",
        "network",
    ),
    (
        r"^The model (in )?.* cannot be|^The (model's )?tokenizer |holds no model"
        r"|There is no folder|checksum",
        "broken_model",
    ),
)


def cause_of(state: JobState, *, has_memory_limit: bool = False) -> Cause | None:
    """Gives why a run ended badly; None for one that works, finished, or was stopped.

    The cause that the diagnosis stored counts; where an older version stored none, it is read out
    of the reason.

    Args:
        state: Of the run.
        has_memory_limit: Whether the settings limit the memory of its processes.
    """
    if state.state == "lost":
        return "lost"
    if state.state != "failed":
        return None
    stored = next((each for each in get_args(Cause) if each == state.cause), None)
    return stored or recognised(state.reason, state.detail, has_memory_limit=has_memory_limit)


def recognised(reason: str, detail: str = "", *, has_memory_limit: bool = False) -> Cause:
    """Gives the cause behind a reason, as `core.finetune.diagnosis` and the trainer word them.

    Args:
        reason: The sentence that people read.
        detail: The first traceback; only its last lines count.
        has_memory_limit: Whether the settings limit the memory of each process.
    """
    last = "\n".join(detail.strip().splitlines()[-3:])
    for text in (reason, last):
        for pattern, cause in _SIGNS:
            if re.search(pattern, text, re.MULTILINE):
                is_limit = cause == "host_memory" and has_memory_limit
                return "memory_limit" if is_limit else cause
    return "unknown"
