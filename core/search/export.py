"""A study as a file: CSV for spreadsheets, LaTeX for a paper, Optuna's own storage."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna

from core.corpora.leak_notes import corpus_note
from core.errors import ConfigError, DataError
from core.latex import TABLE_HEAD, escaped
from core.search.effects import Effect, effects_of
from core.search.importance import importances
from core.search.optuna_storage import opened_storage
from core.search.plan import Plan
from core.search.space import Value
from core.search.trial_store import stored_id
from core.search.trials import Trial, best_trial, read_trials, spent
from core.storage.cells import csv_line
from core.storage.study_records import Study
from core.storage.workspace import Workspace

KINDS = {"csv": "csv", "latex": "tex", "optuna": "db"}  # with the ending of the file
NUM_BEST = 10  # trials in the LaTeX table


@dataclass(frozen=True)
class ExportedFile:
    """A file to download or to write.

    Attributes:
        name: A file name that any system takes.
        mime: Its media type.
        content: Its bytes.
    """

    name: str
    mime: str
    content: bytes


def export_file(workspace: Workspace, study: Study, kind: str) -> ExportedFile:
    """Gives a study as a file.

    Args:
        workspace: Where it is.
        study: The study.
        kind: `csv`, `latex`, or `optuna`: an SQLite file with this study alone, which any of
            Optuna's tools opens.

    Raises:
        ConfigError: There is no such kind.
    """
    name = file_name(study, kind)
    if kind == "csv":
        return ExportedFile(name, "text/csv", _csv(workspace, study).encode())
    if kind == "latex":
        return ExportedFile(name, "application/x-tex", _latex(workspace, study).encode())
    return ExportedFile(name, "application/vnd.sqlite3", _optuna(workspace, study))


def file_name(study: Study, kind: str) -> str:
    """Gives the name of an exported file, after the study's.

    Raises:
        ConfigError: There is no such kind.
    """
    if kind not in KINDS:
        raise ConfigError(
            f"A study cannot be exported as {kind!r}.", hint=f"There are {', '.join(KINDS)}."
        )
    stem = re.sub(r"[^\w.-]+", "-", study.name).strip("-.")[:80] or "study"
    return f"{stem}.{KINDS[kind]}"


def _csv(workspace: Workspace, study: Study) -> str:
    plan = Plan.of(study)
    head = ["trial", "state", *plan.study.objective_names, *plan.space]
    head += ["evaluations", "seconds", "kwh", "run", "made_by_hand", "leak", "reason"]
    lines = [csv_line(head)]
    leak = corpus_note(workspace, plan.base.corpus, "dev").sentence
    for trial in read_trials(workspace, study):
        values: list[float | None] = [*trial.values] or [trial.value]
        values += [None] * (len(plan.study.directions) - len(values))
        evaluations = " ".join(f"{value:g}" for value in trial.evaluations.values())
        lines.append(
            csv_line(
                [
                    trial.number,
                    trial.state,
                    *values,
                    *(trial.params.get(name) for name in plan.space),
                    evaluations,
                    trial.seconds,
                    trial.kwh,
                    trial.run_id,
                    trial.by,
                    leak,
                    trial.reason,
                ]  # fmt: skip
            )
        )
    return "".join(lines)


def _latex(workspace: Workspace, study: Study) -> str:
    plan = Plan.of(study)
    trials = read_trials(workspace, study)
    hours, kwh = spent(trials)
    counts = {state: sum(each.state == state for each in trials) for state in _COUNTED}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    base = plan.base
    head = (
        f"% {escaped(study.name)}: {told or 'no trials'}; {hours:.3g} h, {kwh:.3g} kWh without "
        f"PUE.\n% Sampler {plan.study.sampler}, pruner {plan.study.pruner}, seed "
        f"{plan.study.seed}; {escaped(base.base_model)}, {base.direction}.\n"
        f"% Objective: {plan.study.objective_names[0]}, the kept weights on at most "
        f"{base.eval_segments} dev segments.\n"
        f"% Leaks: {escaped(corpus_note(workspace, base.corpus, 'dev').sentence)}\n"
    )
    if study.purpose == "ablation":
        return TABLE_HEAD + head + _effects_table(effects_of(trials, plan), plan)
    parts = [_trials_table(trials, plan)]
    try:
        parts.append(_importance_table(importances(workspace, study)))
    except DataError as error:
        parts.append(f"% {escaped(error.message)}\n")
    return TABLE_HEAD + head + "\n".join(parts)


_COUNTED = ("finished", "pruned", "failed", "running", "waiting")


def _trials_table(trials: Sequence[Trial], plan: Plan) -> str:
    finished = [each for each in trials if each.state == "finished"]
    sign = 1 if plan.study.objective == "loss" else -1
    ranked = sorted(finished, key=lambda each: sign * each.values[0])[:NUM_BEST]
    best = best_trial(trials, plan)
    columns = ["trial", *plan.space, *plan.study.objective_names, "kWh"]
    rows = []
    for each in ranked:
        values = [f"{value:.2f}" if place == 0 else _number(value)
                  for place, value in enumerate(each.values)]  # fmt: skip
        if each == best:
            values[0] = rf"\textbf{{{values[0]}}}"
        cells = [str(each.number), *(_cell(each.params[name]) for name in plan.space), *values]
        rows.append([*cells, _number(each.kwh)])
    return _table(columns, rows)


def _importance_table(shares: dict[str, float]) -> str:
    rows = [[escaped(name), f"{share:.2f}"] for name, share in shares.items()]
    return _table(["parameter", "importance (fANOVA)"], rows)


def _effects_table(found: Sequence[Effect], plan: Plan) -> str:
    columns = ["factor", "from", "to", f"change of {plan.study.objective_names[0]}"]
    columns += ["95 % interval", "seeds"]
    rows = []
    for each in found:
        change = "--" if each.difference is None else f"${each.difference:+.2f}$"
        interval = "--"
        if each.low is not None and each.high is not None:
            interval = f"$[{each.low:+.2f}, {each.high:+.2f}]$"
        rows.append(
            [
                escaped(each.factor),
                _cell(each.centre),
                _cell(each.value),
                change,
                interval,
                str(each.num_seeds),
            ]  # fmt: skip
        )
    return _table(columns, rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = " & ".join(escaped(name) for name in columns)
    lines = [rf"\begin{{tabular}}{{{'l' * len(columns)}}}", r"\toprule", rf"{head} \\", r"\midrule"]
    lines += [" & ".join(row) + r" \\" for row in rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _cell(value: Value) -> str:
    return escaped(f"{value:g}" if isinstance(value, float) else str(value))


def _number(value: float | None) -> str:
    return "--" if value is None else f"{value:.3g}"


def _optuna(workspace: Workspace, study: Study) -> bytes:
    with opened_storage(workspace) as storage, tempfile.TemporaryDirectory() as folder:
        stored_id(storage, study.name)
        file = Path(folder) / "study.db"
        copied = optuna.storages.RDBStorage(f"sqlite:///{file}")
        try:
            optuna.copy_study(from_study_name=study.name, from_storage=storage, to_storage=copied)
        finally:
            copied.remove_session()
            copied.engine.dispose()
        return file.read_bytes()
