"""How fast each format is read and written, next to what people use where nothing is checked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from bench.data import SRC_LANG, TGT_LANG
from bench.format_peers import PEERS, READERS, WRITERS
from bench.parallel_text import pairs_of, write_all_formats
from bench.report import Measure, Result, repeated, say
from core.corpora.segments import Row
from core.storage.workspace import PROJECT

NUM_ROWS = 200_000


def measure_formats(folder: Path, result: Result) -> None:
    """Adds the speed of each format, and the memory of the one with the largest tree."""
    rows = [Row(*pair) for pair in pairs_of(NUM_ROWS)]
    paths = write_all_formats(folder, rows, (SRC_LANG, TGT_LANG))
    del rows
    details: dict[str, Any] = {}
    for verb, known in (("read", READERS), ("write", WRITERS)):
        for format in known:
            path = paths[format] if verb == "read" else paths["aligned"]
            found = {who: child(who, verb, format, path) for who in ("ours", "theirs")}
            details[f"{verb} {format}"] = found
            result.measures += _compared(f"{verb} {format}", PEERS[format], found)
    result.details["formats"] = details


def _compared(name: str, peer: str, found: dict[str, dict[str, Any]]) -> list[Measure]:
    ours, theirs = (rows_per_s_of(found[who]) for who in ("ours", "theirs"))
    memory = {who: each["peak_bytes"] / 1e6 for who, each in found.items()}
    say(
        f"   {name}: {median(ours):,.0f} rows/s, {memory['ours']:.0f} MB; {peer}: "
        f"{median(theirs):,.0f} rows/s, {memory['theirs']:.0f} MB"
    )
    measures = [
        repeated(name, ours, "rows/s"),
        Measure(f"{name}: speed to {peer}", median(ours) / median(theirs), "x"),
    ]
    if name == "read tmx":
        measures += [
            Measure(f"{name}: peak memory", memory["ours"], "MB"),
            Measure(f"{name}: peak memory of {peer}", memory["theirs"], "MB"),
        ]
    return measures


def rows_per_s_of(found: dict[str, Any]) -> list[float]:
    """Gives the rows in a second of each repeat."""
    return [found["rows"] / seconds for seconds in found["seconds"]]


def child(who: str, verb: str, format: str, path: Path) -> dict[str, Any]:
    """Gives what `bench.corpora_child` prints: each in a process, so that the memory is its own."""
    command = [sys.executable, "-m", "bench.corpora_child", who, verb, format, str(path)]
    done = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))
