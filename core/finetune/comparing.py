"""Runs side by side: how their settings and their scores differ.

Pure functions of `Compared`, which `load_compared` fills; also of runs that still work.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from core.corpora.leak_notes import LeakNote, corpus_note
from core.emissions.stored import job_energy
from core.errors import ConfigError
from core.finetune.advice import settings_of
from core.finetune.changes import label_of, unit_of
from core.finetune.evidence import result_of
from core.finetune.run_folder import RunFolder
from core.finetune.runs import run_state
from core.finetune.settings import FineTuneSettings
from core.jobs.folder import JobState
from core.storage.files import JsonLinesTail
from core.storage.run_records import Run
from core.storage.workspace import Workspace

MAX_RUNS = 6

# A name alone makes no other run.
_NOT_COMPARED = ("version", "name")


@dataclass(frozen=True)
class Compared:
    """One of the runs that are compared.

    Attributes:
        run: Its record.
        label: Its name, with some digits of its id where others have the same name.
        state: How far it is.
        settings: As it runs.
        base, scores: Final scores on the test split by name; empty before there are any.
        signatures: Of these scores, by name.
        num_segments: Of the test split; 0 while unknown.
        test_set: The same for runs whose final scores are of the same segments.
        energy_kwh: Processor, memory and GPUs until now, without PUE; None = not measured.
        duration_s: From its start to its end, or to its last sign of life; None = not begun.
        leak: What is known of leaks of its test split.
        corpus_names: Of all corpora here, by id.
    """

    run: Run
    label: str
    state: JobState
    settings: FineTuneSettings
    base: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    num_segments: int = 0
    test_set: str = ""
    energy_kwh: float | None = None
    duration_s: float | None = None
    leak: LeakNote | None = None
    corpus_names: Mapping[str, str] = field(default_factory=dict)


def load_compared(workspace: Workspace, names_or_ids: Sequence[str]) -> list[Compared]:
    """Gives runs in the order asked for, each once.

    Raises:
        TrainingError: There is no such run.
        ConfigError: These are none, or more than six.
    """
    runs = [workspace.runs.get(each) for each in names_or_ids]
    found = list({run.id: run for run in runs}.values())
    if not 1 <= len(found) <= MAX_RUNS:
        raise ConfigError(
            f"{len(found)} runs cannot be compared.", hint=f"Choose two to {MAX_RUNS} runs."
        )
    counts = Counter(run.name for run in found)
    labels = [run.name if counts[run.name] == 1 else f"{run.name} ({run.id[:6]})" for run in found]
    names = {corpus.id: corpus.name for corpus in workspace.corpora.all()}
    pairs = zip(found, labels, strict=True)
    return [replace(_compared(workspace, *pair), corpus_names=names) for pair in pairs]


def _compared(workspace: Workspace, run: Run, label: str) -> Compared:
    folder = RunFolder(workspace.run_folder(run.id))
    state = run_state(workspace, run)
    result = result_of(folder) or run.scores
    energy = job_energy(workspace, run.id)
    return Compared(
        run=run,
        label=label,
        state=state,
        settings=settings_of(run),
        base={each["name"]: each["value"] for each in result.get("base", ())},
        scores={each["name"]: each["value"] for each in result.get("fine_tuned", ())},
        signatures={each["name"]: each["signature"] for each in result.get("fine_tuned", ())},
        num_segments=int(result.get("num_segments") or 0),
        test_set=_test_set(folder, run),
        energy_kwh=energy.total.energy.total_kwh if energy else None,
        duration_s=_duration_s(state),
        leak=corpus_note(workspace, run.corpus_id, "test"),
    )


def _test_set(folder: RunFolder, run: Run) -> str:
    """Gives a name for the test segments: of their texts once they are translated.

    Two versions of a corpus may share their test split; before that only one corpus is known to.
    """
    digest = hashlib.sha256(f"{run.src_lang}-{run.tgt_lang}".encode())
    rows = JsonLinesTail(folder.outputs_file).read()
    if not rows:
        return f"{run.corpus_id} {run.src_lang}-{run.tgt_lang}"
    for row in rows:
        digest.update(json.dumps([row["source"], row["reference"]]).encode())
    return digest.hexdigest()


def _duration_s(state: JobState) -> float | None:
    end = state.ended_at or state.heartbeat
    if not state.started_at or not end:
        return None
    began, ended = datetime.fromisoformat(state.started_at), datetime.fromisoformat(end)
    return max(0.0, (ended - began).total_seconds())


@dataclass(frozen=True)
class SettingRow:
    """One setting over all runs.

    Attributes:
        field: Its name.
        label: As the form shows it, with the unit.
        values: One a run.
        differs: Whether they are not all the same.
    """

    field: str
    label: str
    values: tuple[Any, ...]

    @property
    def differs(self) -> bool:
        """Whether the runs do not all have the same value."""
        return any(value != self.values[0] for value in self.values)


def settings_rows(runs: Sequence[Compared], *, only_different: bool = True) -> list[SettingRow]:
    """Gives the settings as rows of plain values, corpora by their names."""
    rows = []
    for name in FineTuneSettings.model_fields:
        if name in _NOT_COMPARED:
            continue
        unit = unit_of(name)
        label = f"{label_of(name)} ({unit})" if unit else label_of(name)
        values = tuple(_plain(name, each) for each in runs)
        row = SettingRow(name, label, values)
        if row.differs or not only_different:
            rows.append(_with_corpus_names(row, runs) if name == "corpus" else row)
    return rows


def _plain(name: str, compared: Compared) -> Any:
    """Gives a value as JSON holds it; further corpora by their names where they are here."""
    value, names = getattr(compared.settings, name), compared.corpus_names
    if name == "mixed":
        mixed = [each.model_dump() for each in value]
        return [{**each, "corpus": names.get(each["corpus"], each["corpus"])} for each in mixed]
    return names.get(value, value) if name == "general_corpus" else value


def _with_corpus_names(row: SettingRow, runs: Sequence[Compared]) -> SettingRow:
    """Two corpora may share their name; then their ids tell them apart."""
    names = tuple(each.run.corpus_name for each in runs)
    if len(set(names)) == len(set(row.values)):
        return SettingRow(row.field, row.label, names)
    shown = (f"{each.run.corpus_name} ({each.run.corpus_id[:6]})" for each in runs)
    return SettingRow(row.field, row.label, tuple(shown))


def settings_json(runs: Sequence[Compared], *, only_different: bool = True) -> str:
    """Gives the difference as JSON: by setting, then by run."""
    values = settings_values(runs, only_different=only_different)
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def settings_values(runs: Sequence[Compared], *, only_different: bool = True) -> dict[str, Any]:
    """Gives the values by setting, then by the run's label."""
    labels = [each.label for each in runs]
    rows = settings_rows(runs, only_different=only_different)
    return {row.field: dict(zip(labels, row.values, strict=True)) for row in rows}


def score_names(runs: Sequence[Compared]) -> list[str]:
    """Gives the names of all final scores, in the order of the first run that has them."""
    return list(dict.fromkeys(name for each in runs for name in each.scores))


def score_rows(runs: Sequence[Compared]) -> list[dict[str, Any]]:
    """Gives the table of the runs: a row each, numbers unrounded, None where there is none."""
    names = score_names(runs)
    return [
        {
            "Run": each.label,
            "State": each.state.state,
            **{name: each.scores.get(name) for name in names},
            **{f"{name} base": each.base.get(name) for name in names},
            "Test segments": each.num_segments or None,
            "Leaks": each.leak.badge if each.leak else None,
            "Steps": each.state.progress.get("step"),
            "Training (s)": each.run.train_seconds,
            "Duration (s)": each.duration_s,
            "Energy (kWh)": each.energy_kwh,
        }
        for each in runs
    ]


def csv_text(rows: Sequence[dict[str, Any]]) -> str:
    """Gives rows as CSV; texts that a spreadsheet would take for formulas are quoted."""
    if not rows:
        return ""
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return file.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value


def warnings_of(runs: Sequence[Compared]) -> list[str]:
    """Says in words what stands against comparing the scores of these runs."""
    found = []
    if len({(each.run.src_lang, each.run.tgt_lang) for each in runs}) > 1:
        found.append("The runs translate in different directions: no score of theirs compares.")
    elif len({each.test_set for each in runs if each.scores}) > 1:
        found.append("The final scores are of different test sets and do not compare.")
    if len({each.run.corpus_id for each in runs}) > 1:
        found.append("The dev scores and dev losses are of different dev splits.")
    elif len({each.settings.eval_segments for each in runs}) > 1:
        found.append("The dev scores are of different numbers of segments.")
    models = {each.settings.base_model for each in runs}
    if len(models) > 1:
        found.append(
            "The base models cut texts into different tokens: losses and tokens per second do not "
            "compare, scores do."
        )
    return found
