"""What one does with scorings that are jobs: start, stop, resume, delete."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from core.errors import ConfigError
from core.evaluate.scorers.external.command import check_startable, prepared
from core.evaluate.scorers.external.external_job import RESUME_HINT as EXTERNAL_HINT
from core.evaluate.scorers.external.settings import ExternalSettings
from core.evaluate.scorers.judge.judge_job import RESUME_HINT as JUDGE_HINT
from core.evaluate.scorers.judge.prompts import prompts_of
from core.evaluate.scorers.judge.questions import chosen, question
from core.evaluate.scorers.judge.settings import JudgeSettings
from core.evaluate.scorers.scorer_signatures import PROVENANCE
from core.evaluate.scorers.scoring_inputs import ScoringInput, scoring_input
from core.jobs import queue
from core.jobs.entering import locked, set_aside, whole
from core.jobs.folder import JobFolder, JobState, new_job_folder
from core.storage.files import utc_now
from core.storage.job_records import WAITING, Job
from core.storage.scoring_records import Kind, Scoring
from core.storage.workspace import Workspace
from core.systems.batch.origin import decisive
from core.systems.catalogue import find_system, open_system
from core.systems.secrets import MissingKeyError

SCORE_LANE = "score"
MODULES = {
    "external": "core.evaluate.scorers.external.external_job",
    "judge": "core.evaluate.scorers.judge.judge_job",
}

ScorerSettings = ExternalSettings | JudgeSettings
AnySettings = TypeVar("AnySettings", bound=ScorerSettings)


@dataclass(frozen=True)
class ScoringJob:
    """A scoring with the job that makes it.

    Attributes:
        scoring: The record.
        job: State, reason and progress of the process.
    """

    scoring: Scoring
    job: Job

    @property
    def id(self) -> str:
        """The id of record, job and folder."""
        return self.scoring.id


def check_start(workspace: Workspace, settings: AnySettings) -> AnySettings:
    """Refuses a scoring that cannot work, before anything is written; gives its settings in full.

    Raises:
        AdaptMLLMError: A translation set, a reference, the command, the LLM, its key or the prompt
            is missing or does not fit.
    """
    given = scoring_input(workspace, settings.translation_sets)
    return _checked(workspace, settings, given)


def start(
    workspace: Workspace, settings: ScorerSettings, *, scoring_id: str = "", by: str = ""
) -> ScoringJob:
    """Puts a scoring into its queue; it starts at once when no other one runs.

    Args:
        workspace: Where it is stored.
        settings: What is scored by what.
        scoring_id: A UUID chosen beforehand; a second call with it (a double click) gives the
            scoring of the first.
        by: Who starts it, as others know them; empty = nobody is named.

    Raises:
        AdaptMLLMError: `check_start` refused it; nothing was written.
    """
    given = scoring_input(workspace, settings.translation_sets)
    settings = _checked(workspace, settings, given)
    scoring_id = scoring_id or str(uuid.uuid4())
    with locked(workspace.scorings_folder):
        record = _found(workspace, scoring_id)
        folder = workspace.scoring_folder(scoring_id)
        known = whole(record, folder, workspace.scorings.delete)
        entered = known or _entered(workspace, settings, given, scoring_id, by)
    if known is None:
        queue.advance(workspace)
    return entered


def scoring_job(workspace: Workspace, scoring_id: str) -> ScoringJob:
    """Gives a scoring with its job.

    Raises:
        DataError: There is no such scoring.
        ConfigError: No job makes it: people gave its scores.
    """
    scoring = workspace.scorings.get(scoring_id)
    job = workspace.jobs.get(scoring_id)
    if job is None:
        raise ConfigError(f"The scores of {scoring.name!r} were not made by a job.")
    return ScoringJob(scoring, job)


def settings_of(workspace: Workspace, scoring_id: str) -> ScorerSettings:
    """Gives the settings that count, those of the last start.

    Raises:
        AdaptMLLMError: There is no such scoring, or its settings cannot be read.
    """
    kind = scoring_job(workspace, scoring_id).scoring.kind
    parsed = ExternalSettings if kind == "external" else JudgeSettings
    return parsed.load(JobFolder(workspace.scoring_folder(scoring_id)).settings_file)


def stop(workspace: Workspace, scoring_id: str, *, at_once: bool = False) -> None:
    """Asks a scoring to stop.

    A judge finishes the calls under way, unless it is to end at once. An external scorer always
    ends at once, with all that it started, and nothing is stored.

    Raises:
        AdaptMLLMError: There is none, or it has ended already.
    """
    queue.stop(workspace, scoring_job(workspace, scoring_id).id, "now" if at_once else "save")


def resume(
    workspace: Workspace,
    scoring_id: str,
    *,
    budget_usd: float | None = None,
    uses_cache: bool | None = None,
) -> None:
    """Lets an ended scoring go on: a judge with what has no score yet, a command from the start.

    Args:
        workspace: Where it is stored.
        scoring_id: The scoring.
        budget_usd: Another budget of a judge; None = as before.
        uses_cache: Whether a judge may take answers that were paid for; None = as before.

    Raises:
        AdaptMLLMError: It has not ended, something that it needs is missing now, or the judge is
            not the one that it was.
    """
    record = scoring_job(workspace, scoring_id)
    settings = _with_what_is_left(workspace, settings_of(workspace, scoring_id))
    wanted = {"budget_usd": budget_usd, "uses_cache": uses_cache}
    changes = {name: value for name, value in wanted.items() if value is not None}
    if isinstance(settings, JudgeSettings):
        settings = settings.changed(**changes)
        _check_same_judge(workspace, record.scoring, settings)
    check_start(workspace, settings)
    with locked(workspace.scorings_folder):
        if scoring_job(workspace, scoring_id).job.has_ended:
            _store_settings(workspace, record.scoring, settings)
        queue.resume(workspace, scoring_id)


def _with_what_is_left(workspace: Workspace, settings: ScorerSettings) -> ScorerSettings:
    """Gives the settings without translation sets that were deleted meanwhile.

    Raises:
        ConfigError: None is left.
    """
    known = {each.id for each in workspace.translation_sets.all()}
    left = tuple(each for each in settings.translation_sets if each in known)
    if not left:
        raise ConfigError(
            "The translations that were to be scored have been deleted.",
            hint="Delete the scorer, or start another one.",
        )
    return settings.changed(translation_sets=left)


def check_not_needed(workspace: Workspace, set_id: str) -> None:
    """Refuses to take away a translation set that a scorer is at work on.

    Raises:
        ConfigError: One is.
    """
    record = workspace.translation_sets.get(set_id)
    for scoring in workspace.scorings.of_test_set(record.test_set_hash):
        job = workspace.jobs.get(scoring.id)
        is_named = set_id in scoring.settings.get("translation_sets", ())
        if is_named and job is not None and not job.has_ended:
            raise ConfigError(
                f"The scorer {scoring.name!r} is at work on these translations.",
                hint="Stop it first, or wait for it.",
            )


def scoring_state(workspace: Workspace, scoring_id: str) -> JobState:
    """Gives the true state of a scoring: its folder's, else its record's."""
    record = scoring_job(workspace, scoring_id)
    state = JobFolder(workspace.scoring_folder(scoring_id)).observed_state()
    if WAITING in (record.job.state, state.state):
        return JobState(state=record.job.state, reason=record.job.reason)
    hint = EXTERNAL_HINT if record.scoring.kind == "external" else JUDGE_HINT
    return replace(state, hint=hint) if state.state == "lost" else state


def delete(workspace: Workspace, scoring_id: str) -> None:
    """Deletes an ended scoring with its scores and its log; one that people gave, too.

    Raises:
        ConfigError: It has not ended.
        DataError: There is none.
    """
    with locked(workspace.scorings_folder):
        scoring = workspace.scorings.get(scoring_id)
        job = workspace.jobs.get(scoring_id)
        if job is not None and not job.has_ended:
            raise ConfigError(
                f"The scoring {scoring.name!r} is {job.state}.", hint="Stop it first."
            )
        with set_aside(workspace.scoring_folder(scoring_id)):
            workspace.scorings.delete(scoring_id)


def _store_settings(workspace: Workspace, scoring: Scoring, settings: ScorerSettings) -> None:
    """Brings folder and record to the settings of the next start; a record is written if others."""
    settings.save(JobFolder(workspace.scoring_folder(scoring.id)).settings_file)
    values = _values(workspace, settings)
    if workspace.scorings.counts(scoring.id) and PROVENANCE in scoring.settings:
        values[PROVENANCE] = scoring.settings[PROVENANCE]  # who judged, under the name of then
    if values != scoring.settings:
        workspace.scorings.change_settings(scoring.id, values)


def _found(workspace: Workspace, scoring_id: str) -> ScoringJob | None:
    is_known = workspace.jobs.get(scoring_id) is not None
    return scoring_job(workspace, scoring_id) if is_known else None


def _entered(
    workspace: Workspace,
    settings: ScorerSettings,
    given: ScoringInput,
    scoring_id: str,
    by: str,
) -> ScoringJob:
    folder = JobFolder(workspace.scoring_folder(scoring_id))
    kind: Kind = "external" if isinstance(settings, ExternalSettings) else "judge"
    relative = str(folder.path.relative_to(workspace.root))
    now = utc_now()
    name, module = settings.name, MODULES[kind]
    job = Job(scoring_id, module, relative, SCORE_LANE, WAITING, now, title=name, person=by)
    scoring = Scoring(
        id=scoring_id,
        kind=kind,
        name=name,
        test_set_hash=given.test_set_hash,
        created_at=now,
        is_lower_better=isinstance(settings, ExternalSettings) and settings.is_lower_better,
        settings=_values(workspace, settings),
    )
    with new_job_folder(folder.path, "scoring"):
        settings.save(folder.settings_file)
        queue.enter(workspace, job)
        workspace.scorings.add(scoring, job=job)
    return ScoringJob(scoring, job)


def _values(workspace: Workspace, settings: ScorerSettings) -> dict[str, Any]:
    """Gives the settings as the record holds them, with who a judge is."""
    values: dict[str, Any] = settings.model_dump(mode="json")
    if isinstance(settings, JudgeSettings):
        values[PROVENANCE] = _provenance(workspace, settings)
    return values


def _checked(workspace: Workspace, settings: AnySettings, given: ScoringInput) -> AnySettings:
    if isinstance(settings, JudgeSettings):
        completed = settings.changed(**_judge_defaults(workspace, settings, given))
        _check_question(given, completed)
        return completed
    if settings.needs_reference:
        given.check_references()
    folder = workspace.scorings_folder
    folder.mkdir(parents=True, exist_ok=True)
    check_startable(prepared(settings.command, settings.working_folder, folder))
    return settings


def _judge_defaults(
    workspace: Workspace, settings: JudgeSettings, given: ScoringInput
) -> dict[str, Any]:
    """Gives what a judge's settings leave open: ours may change with the program."""
    info = find_system(workspace, settings.system)
    if not info.is_llm:
        raise ConfigError(
            f"{info.name!r} is no LLM; only an LLM can judge.",
            hint="Choose an OpenAI-compatible endpoint.",
        )
    try:
        open_system(workspace, info.id)
    except MissingKeyError as error:
        raise ConfigError(
            error.message,
            hint="Set it before the program starts; a key for one session does not reach a job.",
        ) from error
    if settings.uses_reference:
        given.check_references(settings.positions(given.texts.num_segments))
    system_prompt, prompt = prompts_of(settings.mode, settings.system_prompt, settings.prompt)
    name = settings.name or f"{info.name} ({settings.mode})"[:80]
    return {"system": info.id, "name": name, "system_prompt": system_prompt, "prompt": prompt}


def _check_question(given: ScoringInput, settings: JudgeSettings) -> None:
    """Refuses settings by which nothing can be asked."""
    first = next(chosen(given, settings), None)
    if first is None:
        raise ConfigError(
            "None of the chosen segments has a translation.", hint="Choose more segments."
        )
    question(given, settings, first)


def _provenance(workspace: Workspace, settings: JudgeSettings) -> dict[str, Any]:
    info = find_system(workspace, settings.system)
    return {"name": info.name, **info.provenance}


def _check_same_judge(workspace: Workspace, scoring: Scoring, settings: JudgeSettings) -> None:
    """Refuses to mix the scores of two judges.

    Raises:
        ConfigError: The endpoint has another model or address now, and some scores are there.
    """
    began = {**scoring.settings.get(PROVENANCE, {}), "name": ""}
    now = {**_provenance(workspace, settings), "name": ""}
    if workspace.scorings.counts(scoring.id) and decisive(began) != decisive(now):
        raise ConfigError(
            f"The judge {settings.name!r} has another model or address than when it began.",
            hint="Start a new scoring instead: one scoring is of one judge.",
        )
