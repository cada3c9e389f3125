"""`python -m core runs diagnose|compare`: what is known of runs, in words and numbers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from core.commands.answers import Answer, table
from core.finetune.advice import Advice, advise
from core.finetune.changes import value_words
from core.finetune.compared_courses import sample_rows
from core.finetune.comparing import (
    Compared,
    load_compared,
    score_names,
    score_rows,
    settings_rows,
    settings_values,
    warnings_of,
)
from core.finetune.history import HistoryReader
from core.finetune.runs import run_state
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.workspace import Workspace


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds `diagnose` and `compare` to the group `runs`."""
    diagnose = commands.add_parser(
        "diagnose", parents=[common], help="why a run failed, what was found, what would help"
    )
    diagnose.add_argument("run", help="id or name")
    diagnose.set_defaults(command=_diagnose)
    compare = commands.add_parser(
        "compare", parents=[common], help="how the settings and scores of runs differ"
    )
    compare.add_argument("runs", nargs="+", metavar="RUN", help="id or name; up to six")
    compare.add_argument("--all", action="store_true", help="settings that are the same, too")
    compare.set_defaults(command=_compare)


def _diagnose(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    queue.advance(workspace)
    run = workspace.runs.get(chosen.run)
    state = run_state(workspace, run)
    advice = advise(workspace, run, state)
    numbers = {id(fix): number for number, fix in enumerate(advice.fixes, start=1)}
    lines = [f"{run.name}: {state.state}", *_reason_lines(state, advice)]
    lines += [f"{numbers[id(each)]}. {each.diff}  ({each.why})" for each in advice.remedies]
    for finding in advice.findings:
        lines.append(f"{finding.severity}: {finding.sentence} {finding.advice}".rstrip())
        if finding.remedy:
            fix = finding.remedy
            lines.append(f"{numbers[id(fix)]}. {fix.diff}  ({fix.why})")
    if not advice.cause and not advice.findings:
        lines.append("Nothing was found that speaks against it.")
    if advice.fixes:
        lines.append("`python -m core finetune --like RUN --fix N` launches a corrected copy.")
    values = {
        "run": run.id,
        "state": state.state,
        "reason": state.reason,
        "hint": state.hint,
        "cause": advice.cause,
        "meaning": advice.meaning,
        "remedies": [each.as_dict() for each in advice.remedies],
        "findings": [each.as_dict() for each in advice.findings],
        "fixes": [{"number": numbers[id(each)], **each.as_dict()} for each in advice.fixes],
    }
    return Answer("\n".join(lines), values)


def _reason_lines(state: JobState, advice: Advice) -> list[str]:
    return [line for line in (state.reason, advice.meaning, state.hint) if line]


def _compare(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    queue.advance(workspace)
    runs = load_compared(workspace, chosen.runs)
    histories = [HistoryReader(workspace.run_folder(each.run.id)).read() for each in runs]
    samples = sample_rows(histories)
    only_different = not chosen.all
    warnings = warnings_of(runs)
    labels = [each.label for each in runs]
    rows = settings_rows(runs, only_different=only_different)
    differing = [(row.label, *map(value_words, row.values)) for row in rows]
    parts = [
        table(("setting", *labels), differing) if rows else "The settings are the same.",
        _scores_text(runs),
        *warnings,
    ]
    values = {
        "runs": [
            {"run": each.run.id, "label": each.label, **_without_label(row)}
            for each, row in zip(runs, score_rows(runs), strict=True)
        ],
        "settings": settings_values(runs, only_different=only_different),
        "signatures": {each.label: each.signatures for each in runs},
        "warnings": warnings,
        "samples": [
            {
                "source": row.source,
                "reference": row.reference,
                "hypotheses": dict(zip(labels, row.hypotheses, strict=True)),
            }
            for row in samples
        ],
    }
    return Answer("\n\n".join(parts), values)


def _without_label(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "Run"}


def _scores_text(runs: Sequence[Compared]) -> str:
    names = score_names(runs)
    rows = []
    for each in runs:
        cells = [f"{each.scores[name]:.1f}" if name in each.scores else "-" for name in names]
        energy = "-" if each.energy_kwh is None else f"{each.energy_kwh:.3g}"
        seconds = "-" if each.duration_s is None else f"{each.duration_s:.0f}"
        leaks = each.leak.badge if each.leak else "-"
        rows.append((each.label, each.state.state, *cells, leaks, seconds, energy))
    return table(("run", "state", *names, "leaks", "seconds", "kWh"), rows)
