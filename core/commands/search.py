"""`python -m core search start|worker|show|list|…`: studies of hyperparameters, and ablations."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from core.commands.answers import Answer, given_options, table
from core.commands.login import login_name
from core.errors import ConfigError
from core.search.settings import StudySettings
from core.storage.workspace import Workspace


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds the group `search`."""
    group = groups.add_parser("search", help="find hyperparameters, and see which ones matter")
    commands = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_start(commands, common)
    _add_ablate(commands, common)
    listing = commands.add_parser("list", parents=[common], help="list studies, the newest first")
    listing.set_defaults(command=_list)
    for name, command, note in (
        ("show", _show, "trials, best, importances and energy of a study"),
        ("pause", _pause, "pause a study; the running trial saves a checkpoint"),
        ("resume", _resume, "let a study go on"),
        ("stop", _stop, "stop a study; the running trial is given up"),
        ("add", _add, "add trials"),
        ("try", _try, "add a trial made by hand"),
        ("promote", _promote, "launch a full run with the best trial's values"),
        ("export", _export, "write a study as CSV, LaTeX or Optuna storage"),
        ("delete", _delete, "delete a study that has ended"),
    ):
        parser = commands.add_parser(name, parents=[common], help=note)
        parser.add_argument("study", help="name or id")
        parser.set_defaults(command=command)
        _OPTIONS.get(name, lambda _: None)(parser)
    worker = commands.add_parser(
        "worker", parents=[common], help="take trials of a study, also on another machine"
    )
    worker.add_argument("--study", required=True, help="name or id")
    worker.add_argument("--lane", default="", help="a queue of its own, by a short name")
    worker.set_defaults(command=_worker)


def _add_start(commands: Any, common: argparse.ArgumentParser) -> None:
    from core.search.presets import PRESETS

    parser = commands.add_parser("start", parents=[common], help="start a study")
    parser.add_argument("--study", required=True, help="its name")
    parser.add_argument("--settings", type=Path, required=True, help="of the run to start from")
    parser.add_argument("--space", type=Path, help="JSON: what is varied, and over which values")
    parser.add_argument("--preset", choices=list(PRESETS), help="a ready space, if none is given")
    parser.add_argument("--trials", dest="num_trials", type=int, help="how many trials")
    parser.add_argument("--detach", action="store_true", help="return as soon as it is queued")
    StudySettings.add_arguments(parser, without=("num_trials",))
    parser.set_defaults(command=_start)


def _add_ablate(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "ablate", parents=[common], help="vary one setting at a time around a finished run"
    )
    parser.add_argument("--run", required=True, help="id or name of the run")
    parser.add_argument("--factors", required=True, help="settings, separated by commas")
    parser.add_argument(
        "--values",
        action="append",
        default=[],
        metavar="NAME=V1,V2",
        help="other values than ours",
    )
    parser.add_argument("--seeds", type=int, default=2, help="seeds of each value (default: 2)")
    parser.add_argument("--study", default="", help="its name")
    parser.add_argument("--objective", choices=["chrF++", "BLEU", "loss"], default="chrF++")
    parser.add_argument("--detach", action="store_true", help="return as soon as it is queued")
    parser.set_defaults(command=_ablate)


def _start(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.finetune.settings import FineTuneSettings
    from core.search import studies
    from core.search.plan import Plan
    from core.search.presets import PRESETS
    from core.search.space import parse_space

    base: FineTuneSettings = FineTuneSettings.load(chosen.settings)
    preset = PRESETS[chosen.preset] if chosen.preset else None
    if (chosen.space is None) == (preset is None):
        raise ConfigError("The study has no space.", hint="Give either --space or --preset.")
    space = preset.space if preset else _read_object(chosen.space)
    study = {**(preset.study if preset else {}), **given_options(StudySettings, chosen)}
    base = base.changed(**preset.base) if preset else base
    plan = Plan(StudySettings.parse(study), parse_space(space), base)
    started = studies.start(workspace, chosen.study, plan, by=login_name())
    return _followed(workspace, started.id, detached=chosen.detach)


def _ablate(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.search.ablation import start_ablation

    factors: dict[str, list[Any]] = {
        name.strip(): [] for name in chosen.factors.split(",") if name.strip()
    }
    factors |= dict(_factor_values(each) for each in chosen.values)
    started = start_ablation(
        workspace,
        chosen.run,
        factors,
        chosen.seeds,
        name=chosen.study,
        objective=chosen.objective,
        by=login_name(),
    )
    return _followed(workspace, started.id, detached=chosen.detach)


def _worker(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    import os

    from core.commands.search_following import told_trials
    from core.jobs import queue
    from core.search.worker import Worker

    study = workspace.studies.get(chosen.study)
    lane = queue.own_lane(_lane_name(chosen.lane)) if chosen.lane else ""
    worker = Worker(workspace, study.id, pid=os.getpid(), lane=lane, tell=told_trials())
    end, reason = worker.run()
    return Answer(f"{end}: {reason}", {"study": study.id, "end": end, "reason": reason})


def _followed(workspace: Workspace, study_id: str, *, detached: bool) -> Answer:
    from core.commands.search_answers import study_answer
    from core.commands.search_following import follow_study

    study = workspace.studies.get(study_id)
    if detached:
        return Answer(f"Queued study {study.id}.", {"study": study.id, "state": study.job.state})
    state = follow_study(workspace, study.id)
    answer = study_answer(workspace, workspace.studies.get(study.id))
    if state.state == "finished":
        return answer
    return Answer(f"{state.state}: {state.reason} {state.hint}", answer.values, status=1)


def _list(workspace: Workspace, _: argparse.Namespace) -> Answer:
    from core.jobs import queue
    from core.search.studies import study_state

    queue.advance(workspace)
    rows, values = [], []
    for study in workspace.studies.all():
        state = study_state(workspace, study)
        done = f"{state.progress.get('step', 0)}/{state.progress.get('total_steps', 0)}"
        rows.append((study.name, state.state, done, study.purpose, study.id))
        values.append(
            {"study": study.id, "name": study.name, "state": state.state, "purpose": study.purpose}
        )
    return Answer(table(("name", "state", "trials", "purpose", "id"), rows), {"studies": values})


def _show(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.commands.search_answers import study_answer
    from core.jobs import queue

    queue.advance(workspace)
    return study_answer(workspace, workspace.studies.get(chosen.study))


def _pause(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.search import studies

    study = studies.pause(workspace, chosen.study)
    return Answer(f"Asked {study.name!r} to pause.", {"study": study.id, "wanted": "paused"})


def _stop(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.search import studies

    study = studies.stop(workspace, chosen.study)
    return Answer(f"Asked {study.name!r} to stop.", {"study": study.id, "wanted": "stopped"})


def _resume(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.search import studies

    study = studies.resume(workspace, chosen.study)
    text = f"{study.name!r} is {study.job.state}."
    return Answer(text, {"study": study.id, "state": study.job.state})


def _add(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.search import studies
    from core.search.plan import Plan

    study = studies.add_trials(
        workspace,
        chosen.study,
        chosen.trials,
        max_hours=chosen.max_hours,
        max_kwh=chosen.max_kwh,
    )
    count = Plan.of(study).num_trials
    return Answer(f"{study.name!r} has {count} trials.", {"study": study.id, "trials": count})


def _try(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.search import studies

    params = _json_object(chosen.params, "--params")
    study = studies.enqueue(workspace, chosen.study, params, by=login_name())
    return Answer(f"The next trial of {study.name!r} has {params}.", {"study": study.id})


def _promote(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.search.promoting import promote

    study = workspace.studies.get(chosen.study)
    changes = _json_object(chosen.changes, "--changes")
    run = promote(workspace, study, chosen.trial, changes=changes, by=login_name())
    return Answer(f"Queued run {run.id}.", {"study": study.id, "run": run.id, "name": run.name})


def _export(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.search.export import export_file

    study = workspace.studies.get(chosen.study)
    exported = export_file(workspace, study, chosen.format)
    path = chosen.output or Path(exported.name)
    try:
        path.write_bytes(exported.content)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
    return Answer(f"Wrote {path}.", {"study": study.id, "file": str(path)})


def _delete(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.search import studies

    study = workspace.studies.get(chosen.study)
    count = studies.delete(workspace, study.id, with_runs=chosen.with_runs)
    text = f"Deleted {study.name!r}" + (f" with {count} runs." if chosen.with_runs else ".")
    return Answer(text, {"deleted": study.id, "runs": count})


def _lane_name(given: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,12}", given):
        raise ConfigError(
            f"{given!r} is no name of a lane.", hint="Use 1 to 12 letters, digits, - and _."
        )
    return given


def _factor_values(given: str) -> tuple[str, list[Any]]:
    name, equals, values = given.partition("=")
    if not equals or not name.strip():
        raise ConfigError(f"--values {given!r} cannot be read.", hint="Give NAME=V1,V2.")
    return name.strip(), [_value(each.strip()) for each in values.split(",") if each.strip()]


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    return text if isinstance(value, list | dict | None) else value


def _read_object(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from None
    return _json_object(text, str(path))


def _json_object(text: str, what: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{what} is not JSON: {error}.") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{what} holds {type(values).__name__}, not a JSON object.")
    return values


def _with_trials(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trials", type=int, required=True, help="how many more")
    parser.add_argument("--max-hours", type=float, help="another limit of the whole study")
    parser.add_argument("--max-kwh", type=float, help="another limit of the whole study")


def _with_params(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--params", required=True, help='JSON: {"learning_rate": 3e-5}')


def _with_changes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trial", type=int, help="another trial than the best")
    parser.add_argument("--changes", default="{}", help='JSON: {"num_epochs": 10}')


def _with_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["csv", "latex", "optuna"], default="csv")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE")


def _with_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--with-runs", action="store_true", help="delete the trials' runs, too")


_OPTIONS = {
    "add": _with_trials,
    "try": _with_params,
    "promote": _with_changes,
    "export": _with_format,
    "delete": _with_runs,
}
