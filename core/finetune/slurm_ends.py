"""Why a run in Slurm ended, where Slurm itself is the cause: one sentence from the job's state."""

from __future__ import annotations

from core.finetune.node import has_begun
from core.finetune.run_folder import RunFolder
from core.jobs.failures import first_failure
from core.jobs.folder import JobState, attempt_log
from core.jobs.kind import Failure
from core.jobs.slurm import UNKNOWN, SlurmJob, read_slurm_job

RESUME_HINT = "Resume continues from the last checkpoint."

# Slurm's state -> (what happened, hint)
_ENDS = {
    "TIMEOUT": (
        "was ended by Slurm at its time limit",
        f"Raise slurm_time_limit_minutes or choose another partition. {RESUME_HINT}",
    ),
    "DEADLINE": ("was ended by Slurm at its deadline", RESUME_HINT),
    "OUT_OF_MEMORY": (
        "was ended by Slurm because it took more host memory than it had asked for",
        "Raise slurm_memory_gb, or lower tokens_per_batch or batch_size. " + RESUME_HINT,
    ),
    "NODE_FAIL": (
        "was ended by Slurm because a node failed",
        f"The cause is in the cluster, not in the run. {RESUME_HINT}",
    ),
    "BOOT_FAIL": (
        "was ended by Slurm because a node could not be started",
        f"The cause is in the cluster, not in the run. {RESUME_HINT}",
    ),
    "PREEMPTED": (
        "was ended by Slurm to make room for another job (PREEMPTED)",
        f"Choose a partition or QOS that is not pre-empted. {RESUME_HINT}",
    ),
    "CANCELLED": (
        "was cancelled in Slurm, not from here",
        f"Somebody used scancel, or an administrator ended it. {RESUME_HINT}",
    ),
    "REVOKED": ("was taken back by Slurm", RESUME_HINT),
    UNKNOWN: (
        "ended, and Slurm no longer knows how",
        f"It keeps no accounting, and was not asked in time. {RESUME_HINT}",
    ),
}


def slurm_failure(folder: RunFolder, state: JobState, token: str) -> Failure | None:
    """Gives the cause of a run's end that only Slurm knows; None where the run's own files say it.

    Args:
        folder: The run's folder.
        state: The state the run was in, and how far it was.
        token: Of the attempt.
    """
    job = read_slurm_job(folder)
    if job is None or not job.job_id:
        return None  # it was refused; the client has written down why
    tail = attempt_log(folder.log_file)[-6000:]
    if job.state in _ENDS and not _was_its_own_fault(folder, job):
        what, hint = _ENDS[job.state]
        where = f"Slurm's job {job.job_id}" + (f" on {job.nodes}" if job.nodes else "")
        return Failure(f"{where} {what} while {_where(state)}.", hint, tail)
    if first_failure(folder) is None and job.has_ended and not has_begun(folder, token):
        return Failure(
            f"Slurm's job {job.job_id} ended on {job.nodes or 'its node'} with exit code "
            f"{job.exit_code} before this program began there.",
            f"The workspace ({folder.path.parent.parent}) and this program must be on a file "
            "system that the nodes share, under the same path.",
            tail,
        )
    return None


def _was_its_own_fault(folder: RunFolder, job: SlurmJob) -> bool:
    """Whether a process has said why it failed and Slurm only ended the rest."""
    return job.state in ("CANCELLED", UNKNOWN) and first_failure(folder) is not None


def _where(state: JobState) -> str:
    if state.progress.get("step"):
        return f"{state.state} after step {state.progress['step']}"
    return state.state
