"""Where a study stands: its state, its trials, and who works on it."""

from __future__ import annotations

from dataclasses import dataclass

from core.jobs.folder import JobState
from core.search.plan import Plan
from core.search.studies import study_state
from core.search.trials import Trial, best_trial, read_trials
from core.search.worker import living_workers
from core.storage.study_records import Study, StudyWorker
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Standing:
    """What a study's page shows.

    Attributes:
        study: Its record.
        plan: What it does.
        state: Its true state; `paused` is one, too.
        workers: Who works on it, on whatever machine.
        trials: Its trials by number.
    """

    study: Study
    plan: Plan
    state: JobState
    workers: tuple[StudyWorker, ...]
    trials: list[Trial]

    @property
    def is_at_work(self) -> bool:
        """Whether something happens by itself."""
        return not has_ended(self.state) or bool(self.workers)

    @property
    def num_done(self) -> int:
        """Trials that have ended, however they did."""
        return sum(each.has_ended for each in self.trials)

    @property
    def num_trials(self) -> int:
        """Trials that it is to have in all."""
        return max(self.plan.num_trials, self.num_done)

    @property
    def best(self) -> Trial | None:
        """The finished trial with the best first objective."""
        return best_trial(self.trials, self.plan)

    def state_of(self, trial: Trial) -> str:
        """Says how a trial stands; one that nobody works on waits for Resume."""
        is_left = trial.state == "running" and not self.is_at_work
        return "interrupted" if is_left else trial.state

    @property
    def is_ablation(self) -> bool:
        """Whether it varies one factor at a time around a run."""
        return self.study.purpose == "ablation"


def standing_of(workspace: Workspace, study_id: str) -> Standing:
    """Reads where a study stands.

    Raises:
        ConfigError: There is no such study.
    """
    study = workspace.studies.get(study_id)
    return Standing(
        study,
        Plan.of(study),
        study_state(workspace, study),
        tuple(living_workers(workspace, study.id).values()),
        read_trials(workspace, study),
    )


def has_ended(state: JobState) -> bool:
    """Whether a study in this state goes on only when people want it to."""
    return state.has_ended or state.state == "paused"
