"""`python -m core runs checkpoints`: list, compare, use one as the run's model, undo."""

from __future__ import annotations

import argparse
from typing import Any

from core.commands.answers import Answer, table
from core.commands.login import login_name
from core.errors import TrainingError
from core.finetune import checkpoint_bench, checkpoint_use
from core.finetune.bench_table import METRICS, difference_of, value_in
from core.finetune.checkpoint_bench import TEST_WARNING, BenchSettings, system_words
from core.finetune.checkpoint_list import kept_checkpoints
from core.finetune.chosen import chosen_of, chosen_words
from core.finetune.run_folder import RunFolder
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.files import read_json
from core.storage.run_records import Run
from core.storage.workspace import Workspace


def add_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds `checkpoints` to the group `runs`."""
    parser = commands.add_parser(
        "checkpoints", parents=[common], help="list, compare and use the checkpoints of a run"
    )
    parser.add_argument("run", help="id or name")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--compare",
        nargs="+",
        metavar="STEP",
        help="translate with these checkpoints, and with `base` or `final`, and compare them",
    )
    what.add_argument("--use", type=int, metavar="STEP", help="make this one the run's model")
    what.add_argument("--undo", action="store_true", help="bring the model before back")
    parser.add_argument(
        "--split", choices=["dev", "test"], default="dev", help="what is translated"
    )
    parser.add_argument("--segments", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--beams", type=int, default=1, help="beam size (default: 1)")
    parser.set_defaults(command=_checkpoints)


def _checkpoints(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    run = workspace.runs.get(chosen.run)
    if chosen.compare:
        return _compare(workspace, run, chosen)
    if chosen.use is not None:
        job_id = checkpoint_use.start(workspace, run.id, chosen.use, by=login_name())
        _ended_well(queue.wait(workspace, job_id))
        return _model(workspace, run)
    if chosen.undo:
        checkpoint_use.undo(workspace, run.id)
        return _model(workspace, run)
    return _list(workspace, run)


def _list(workspace: Workspace, run: Run) -> Answer:
    folder = workspace.run_folder(run.id)
    kept = kept_checkpoints(folder)
    names = list(dict.fromkeys(name for each in kept for name in each.values))
    rows = []
    for each in kept:
        values = [f"{each.values[name]:.3f}" if name in each.values else "–" for name in names]
        rows.append((str(each.step), *values, f"{each.size_bytes / 1e6:.1f} MB", *_marks(each)))
    text = table(("step", *[f"dev {name}" for name in names], "size", "marks"), rows)
    words = chosen_words(folder)
    if not kept:
        text = f"The run {run.name!r} has no complete checkpoint."
    told = [vars(each) for each in kept]
    return Answer(
        "\n".join(filter(None, (text, words))),
        {"run": run.id, "checkpoints": told, "chosen": words},
    )


def _marks(each: Any) -> tuple[str]:
    return (", ".join(each.marks),)


def _compare(workspace: Workspace, run: Run, chosen: argparse.Namespace) -> Answer:
    settings = BenchSettings.parse(
        {
            "run": run.id,
            "systems": tuple(chosen.compare),
            "split": chosen.split,
            "num_segments": chosen.segments,
            "num_beams": chosen.beams,
        }
    )
    job_id = checkpoint_bench.start(workspace, settings, by=login_name())
    _ended_well(queue.wait(workspace, job_id))
    found = checkpoint_bench.result_of(workspace, run.id) or {}
    return Answer(_bench_text(found), {"run": run.id, **found})


def _ended_well(state: JobState) -> None:
    if state.state != "finished":
        raise TrainingError(state.reason or f"It is {state.state}.", hint=state.hint)


def _bench_text(found: dict[str, Any]) -> str:
    """Gives the table, the signatures, and how the best differs from the baseline."""
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for row in found["rows"]:
        if "error" in row:
            notes.append(f"{system_words(row['system'])}: {row['error']}")
            continue
        best = [name for name, system in found["best"].items() if system == row["system"]]
        values = [f"{value_in(row, name):.2f}" for name in METRICS]
        mark = f"best {', '.join(best)}" if best else ""
        rows.append((system_words(row["system"]), f"{row['loss']:.4f}", *values, mark))
    done = [row["scores"] for row in found["rows"] if "error" not in row]
    notes += [f"{each['signature']}  n={each['num_segments']}" for each in (done or [[]])[0]]
    difference = difference_of(found, found["best"][found["metric"]], found["metric"])
    if difference:
        notes.append(
            f"{system_words(difference['system'])} against "
            f"{system_words(found['baseline'])}: {difference['delta']:+.2f} {found['metric']} "
            f"[{difference['low']:+.2f}, {difference['high']:+.2f}], p = {difference['p']:.3f}"
        )
    if found["split"] == "test":
        notes.append(TEST_WARNING)
    return "\n".join([table(("model", "loss", *METRICS, ""), rows), *notes])


def _model(workspace: Workspace, run: Run) -> Answer:
    folder = RunFolder(workspace.run_folder(run.id))
    result = read_json(folder.result_file)
    lines = [chosen_words(folder.path) or "The model is the one that the run itself wrote."]
    lines += [f"{each['name']:16} {each['value']:7.2f}" for each in result["fine_tuned"]]
    chosen = chosen_of(folder.path)
    return Answer(
        "\n".join(lines), {"run": run.id, "chosen": chosen, "scores": result["fine_tuned"]}
    )
