"""`python -m core finetune --preflight` and `--dry-run`: what a run needs, before its launch."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from typing import Any

from core.commands.answers import INTERRUPTED, Answer
from core.commands.login import login_name
from core.errors import TrainingError
from core.finetune.preflight import dry_run
from core.finetune.preflight.check import Preflight, advice_words, preflight, refusal
from core.finetune.preflight.projection import projection
from core.finetune.preflight.terms import Moment
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.storage.workspace import Workspace

POLL_S = 1.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options to `finetune`; the first two launch nothing."""
    only = parser.add_mutually_exclusive_group()
    only.add_argument(
        "--preflight",
        action="store_true",
        help="only print what the run needs of GPU, host memory and disk, and what would fit",
    )
    only.add_argument(
        "--dry-run",
        action="store_true",
        help="only make two steps on the longest batch, save, reload and translate; measures",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="launch even if memory is estimated not to suffice",
    )


def preflight_answer(workspace: Workspace, settings: FineTuneSettings) -> Answer:
    """Gives estimate and advice; the status is 2 where the run does not fit."""
    found = preflight(workspace, settings)
    # What other machines have is not known here.
    status = 0 if found.fits or settings.is_elsewhere else 2
    return Answer("\n".join(_lines(found)), found.to_dict(), status=status)


def _lines(found: Preflight) -> list[str]:
    lines = []
    if found.estimate is None:
        lines.append(f"memory        unknown: the size of {found.settings.base_model} is not known")
    else:
        for need in found.estimate.needs:
            has = found.memories.of(need.place)
            lines.append(_line(need.place, need.num_bytes, has) + f"  while {need.peak.name}")
            lines += _terms(need.peak)
            if need.factor != 1:
                lines.append(
                    f"    × {need.factor:g}, calibrated by a dry run of "
                    f"{found.estimate.calibrated[:10]}"
                )
    lines.append(_line("disk", found.disk.num_bytes, found.disk_free_bytes))
    lines += _terms(found.disk)
    if found.download_bytes:
        lines.append(f"download      {found.download_bytes / 1e9:.1f} GB from the hub")
    if found.estimate is not None and not found.estimate.fits(found.memories):
        short = [
            need for need in found.estimate.needs
            if need.num_bytes > found.memories.of(need.place) > 0
        ]  # fmt: skip
        lines += [refusal(found, short[0]), advice_words(found)]
    return lines


def _line(name: str, needed: int, has: int) -> str:
    return f"{name:13} {needed / 1e9:.2f} GB needed, {has / 1e9:.1f} GB there"


def _terms(moment: Moment) -> list[str]:
    return [
        f"    {term.num_bytes / 1e9:9.3f} GB  {term.name}: {term.formula}" for term in moment.terms
    ]


def dry_run_answer(workspace: Workspace, settings: FineTuneSettings) -> Answer:
    """Makes a dry run, follows it, and gives what it measured; a break (Ctrl-C) stops it."""
    dry_run_id = dry_run.start(workspace, settings, by=login_name())
    try:
        found = _followed(workspace, dry_run_id)
    except KeyboardInterrupt:
        with contextlib.suppress(TrainingError):  # it ended in the same moment
            dry_run.stop(workspace, dry_run_id)
        sys.stderr.write("Stopped; nothing of it was kept.\n")
        raise SystemExit(INTERRUPTED) from None
    state, result = found.state, found.result
    values: dict[str, Any] = {"state": state.state, "reason": state.reason, **result}
    if state.state != "finished":
        return Answer(f"{state.state}: {state.reason} {state.hint}", values, status=1)
    if result["outcome"] != "done":
        after = preflight(workspace, found.settings)
        text = f"Memory ran out ({result['place']}) while {result['part']}. {advice_words(after)}"
        return Answer(text, values, status=1)
    num_dev = workspace.corpora.get(found.settings.corpus).counts["dev"]
    whole = projection(found.settings, result, num_dev)
    values["projection"] = vars(whole)
    host = sum(result["host_peak_bytes"]) + result["launcher_bytes"]
    lines = [
        f"host memory   {host / 1e9:.2f} GB at most, {len(result['host_peak_bytes'])} processes",
        *(f"GPU           {peak / 1e9:.2f} GB at most" for peak in result["gpu_peak_bytes"]),
        f"a step        {whole.seconds_per_step:.2f} s, {whole.tokens_per_s:,.0f} tokens/s",
        f"whole run     {whole.least_s / 60:.1f} to {whole.most_s / 60:.1f} minutes",
        f"checkpoint    {result['checkpoint_bytes'] / 1e9:.3f} GB",
        *(f"    {seconds:8.1f} s  {part}" for part, seconds in result["parts"].items()),
    ]
    return Answer("\n".join(lines), values)


def _followed(workspace: Workspace, dry_run_id: str) -> dry_run.DryRun:
    last = ""
    while True:
        queue.advance(workspace)
        found = dry_run.get(workspace, dry_run_id)
        line = f"dry run {found.state.state}"
        if line != last:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
            last = line
        job = workspace.jobs.get(dry_run_id)
        if found.state.has_ended and job is not None and job.has_ended:
            return found
        time.sleep(POLL_S)
