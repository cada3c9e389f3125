"""The service against the original's loop, batched `generate` and CTranslate2 with nothing around.

Two models: the demo's, trained, and one of NLLB-600M's shape with random weights. Every engine
translates in a process of its own, greedily, on all cores; the engines take turns, and a ratio is
of neighbours within a turn. The service is the real server with its cache off; its clients send
distinct lines, one a request, all at the same time.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.data import SRC_LANG, TGT_LANG, scratch_environment
from bench.report import Measure, Result, repeated, say
from core.corpora.sample import generate_sample
from core.finetune.command import free_port
from core.host import SHORT_SPIN
from core.serving.models import find_model
from core.serving.settings import ServeSettings
from core.serving.versions import served_folder
from core.storage.files import write_json
from core.storage.workspace import PROJECT, Workspace

REPEATS = 3
LIMIT_S = 900
START_LIMIT_S = 120.0
MAX_OVERHEAD_MS = 5.0
NUM_SINGLES = 100
BIG_LENGTH = 32

TITLES = {
    "loop": "Transformers, line by line",
    "batched": "Transformers, batches",
    "one": "CTranslate2, 1 worker",
    "two": "CTranslate2, 2 workers",
    "service": "service",
}


@dataclass(frozen=True)
class Shape:
    """A model and how much each engine translates of it in a turn.

    Attributes:
        name: Its name in the table.
        original, prepared: Folders for Transformers and for the service.
        max_length: Translations end here, in tokens.
        num_lines: Lines of each engine; slow ones get fewer.
        num_clients: Requests that are open at the same time; targets are for the first number.
        targets: Least ratios of the service's speed to that of other engines.
        num_singles: Lines that come one by one, for the overhead.
    """

    name: str
    original: Path
    prepared: Path
    max_length: int
    num_lines: dict[str, int]
    num_clients: tuple[int, ...]
    targets: dict[str, float]
    num_singles: int = 0


@dataclass
class _Turn:
    """What one turn found: for each engine its speed in sentences/s, memory and lengths."""

    speeds: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    lengths: dict[str, float] = field(default_factory=dict)
    overheads_ms: list[float] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)


def run(folder: Path) -> Result:
    """Makes both models and measures each in turns."""
    result = Result("serving")
    workspace = Workspace(folder / "workspace")
    try:
        tiny = _trained(workspace)
        big = _built(folder, workspace, tiny)
    finally:
        workspace.database.dispose()
    for shape in (tiny, big):
        turns = []
        for number in range(REPEATS):
            turns.append(_turn(shape, folder, workspace.root))
            shown = ", ".join(f"{TITLES.get(k, k)} {v:.3g}" for k, v in turns[-1].speeds.items())
            say(f"   {shape.name}, turn {number + 1}, sentences/s: {shown}")
        result.measures += _measures(shape, turns)
        result.lines.append(f"{shape.name}: {_told(shape, turns)}")
        result.details[shape.name] = [vars(turn) for turn in turns]
    return result


def _trained(workspace: Workspace) -> Shape:
    """Trains the demo and prepares it as a user would."""
    for command in (
        ["demo", "--json"],
        ["deploy", "prepare", "--run", "demo", "--quantization", "int8", "--accept"],
    ):
        _core([*command, "--workspace", str(workspace.root)], workspace.root)
    return Shape(
        name="trained tiny model",
        original=Path(find_model(workspace, "demo").source),
        prepared=served_folder(workspace, "demo"),
        max_length=64,
        num_lines={"loop": 200, "batched": 1600, "one": 3000, "two": 3000, "service": 2000},
        num_clients=(64,),
        targets={"loop": 10.0},
        num_singles=NUM_SINGLES,
    )


def _built(folder: Path, workspace: Workspace, tiny: Shape) -> Shape:
    shape = Shape(
        name="600M shape",
        original=folder / "big",
        prepared=folder / "big-int8",
        max_length=BIG_LENGTH,
        num_lines={"loop": 3, "batched": 32, "one": 384, "two": 768, "service": 768},
        num_clients=(384, 128),  # batches of CTranslate2's best size, and a usual load
        targets={"loop": 15.0, "batched": 4.0, "plain": 0.9},
    )
    made = _child({**_spec(shape), "engine": "build", "tokenizer": str(tiny.original)}, folder)
    say(
        f"   {shape.name}: {made['num_parameters'] / 1e6:.1f}M parameters, peak "
        f"{made['peak_bytes'] / 1e6:,.0f} MB to make"
    )
    return shape


def _core(arguments: list[str], workspace: Path) -> None:
    environment = {**os.environ, **scratch_environment(workspace)}
    done = subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"`core {' '.join(arguments)}` failed:\n{done.stderr}")


def _turn(shape: Shape, folder: Path, workspace: Path) -> _Turn:
    lines = _lines(max(shape.num_lines.values()))
    turn = _Turn()
    for key in ("loop", "batched", "one", "two"):
        spec = _spec(shape)
        spec["engine"] = key if key in ("loop", "batched") else "plain"
        spec["workers"] = 1 if key == "one" else 2
        spec["lines"] = _spread(lines, shape.num_lines[key])
        spec["singles"] = lines[: shape.num_singles] if key == "two" else []
        found = _child(spec, folder)
        turn.raw[key] = found
        turn.speeds[key] = len(spec["lines"]) / found["seconds"]
        turn.peaks[key] = found["peak_bytes"]
        turn.lengths[key] = sum(found["counts"]) / len(found["counts"])
    _serve_turn(shape, lines, workspace, turn)
    return turn


def _serve_turn(shape: Shape, lines: list[str], workspace: Path, turn: _Turn) -> None:
    chosen = _spread(lines, shape.num_lines["service"])
    with _server(shape.prepared, workspace, turn) as port:
        _ask(port, lines[:1])
        for number in shape.num_clients:
            turn.raw[_service(shape, number)] = _loaded(port, chosen, number)
        singles_s = _ask(port, lines[: shape.num_singles])
    turn.raw["singles_s"] = singles_s
    for number in shape.num_clients:
        found = turn.raw[_service(shape, number)]
        turn.speeds[_service(shape, number)] = len(chosen) / found["seconds"]
        _check(shape, turn, found["counted"], len(chosen))
    engine_s = turn.raw["two"]["singles_s"]
    turn.overheads_ms = [
        1000 * (whole - alone) for whole, alone in zip(singles_s, engine_s, strict=True)
    ]


def _service(shape: Shape, num_clients: int) -> str:
    return "service" if num_clients == shape.num_clients[0] else f"service, {num_clients} open"


def _loaded(port: int, lines: list[str], num_clients: int) -> dict[str, Any]:
    """Asks for all lines, `num_clients` at the same time."""
    before = _figures(port)
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    clients = _Clients(port)
    with ThreadPoolExecutor(num_clients) as pool:
        list(pool.map(clients.ask, lines))
    seconds = time.perf_counter() - began_s
    after = _figures(port)
    return {
        "seconds": seconds,
        "clients_cpu_s": time.process_time() - began_cpu_s,
        "counted": {name: after[name] - before[name] for name in after},
    }


def _check(shape: Shape, turn: _Turn, counted: dict[str, float], num_lines: int) -> None:
    """Refuses figures of unequal work."""
    expected = num_lines + counted["guarded"]
    if counted["cached"] or counted["sentences"] != expected:
        raise RuntimeError(f"The service answered {num_lines} lines otherwise: {counted}")
    lengths = turn.lengths.values()
    is_fixed = shape.max_length == BIG_LENGTH
    if is_fixed and (counted["guarded"] or set(lengths) != {float(BIG_LENGTH)}):
        raise RuntimeError(f"Translations are not {BIG_LENGTH} tokens long: {turn.lengths}")


@contextmanager
def _server(prepared: Path, workspace: Path, turn: _Turn) -> Iterator[int]:
    """Runs the real server and notes its peak memory when it has ended."""
    port = free_port()
    options = {"model": prepared, "port": port, "cache-limit": 0, "deadline-s": 900}
    command = [sys.executable, "-m", "core", "serve", "--workspace", str(workspace)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    log = workspace / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, **scratch_environment(workspace)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(port, process, log)
            yield port
        finally:
            # Neither terminate() nor wait(): they may collect the child, and its peak with it.
            os.kill(process.pid, signal.SIGTERM)
            # wait4 is the one call that gives the peak memory of this child alone.
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            turn.peaks["service"] = usage.ru_maxrss * 1024


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    ends_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < ends_s:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        # Not poll(): it would collect the child, and with it its peak memory.
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            break
    raise RuntimeError(f"the service did not start:\n{log.read_text(errors='replace')[-3000:]}")


class _Clients:
    """Threads that ask, each over a connection of its own that it keeps."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._local = threading.local()

    def ask(self, line: str) -> float:
        """Gives the seconds that the translation of one line took."""
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPConnection(
                "127.0.0.1", self._port, timeout=LIMIT_S
            )
        body = json.dumps({"q": line, "source": SRC_LANG, "target": TGT_LANG})
        began_s = time.perf_counter()
        connection: http.client.HTTPConnection = self._local.connection
        connection.request("POST", "/translate", body, {"Content-Type": "application/json"})
        with connection.getresponse() as response:
            answer = response.read()
        seconds = time.perf_counter() - began_s
        if response.status != 200 or "translatedText" not in json.loads(answer):
            raise RuntimeError(f"the service answered {response.status}: {answer[:300]!r}")
        return seconds


def _ask(port: int, lines: Sequence[str]) -> list[float]:
    clients = _Clients(port)
    return [clients.ask(line) for line in lines]


def _figures(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as response:
        text = response.read().decode("utf-8")
    names = ("sentences", "batches", "guarded", "cached")
    found = {name: re.search(rf"^adaptmllm_{name} (\S+)", text, re.MULTILINE) for name in names}
    return {name: float(match[1]) for name, match in found.items() if match}


def _lines(count: int) -> list[str]:
    sample = generate_sample()
    pairs = [*sample.test, *sample.dev, *sample.train]
    return list(dict.fromkeys(source for source, _ in pairs))[:count]


def _spread(lines: list[str], count: int) -> list[str]:
    return lines[:: max(1, len(lines) // count)][:count]


def _spec(shape: Shape) -> dict[str, Any]:
    return {
        "original": str(shape.original),
        "prepared": str(shape.prepared),
        "max_length": shape.max_length,
        "tokens_per_batch": ServeSettings().tokens_per_batch,
        "warm_up": _lines(1),
    }


def _child(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    path = folder / "spec.json"
    write_json(path, spec)
    child = subprocess.run(
        [sys.executable, "-m", "bench.serving_child", str(path)],
        cwd=PROJECT,
        env={**os.environ, **scratch_environment(folder), **SHORT_SPIN},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if child.returncode:
        raise RuntimeError(f"the engine {spec['engine']} failed:\n{child.stderr[-3000:]}")
    values: dict[str, Any] = json.loads(child.stdout.splitlines()[-1])
    return values


def _measures(shape: Shape, turns: list[_Turn]) -> list[Measure]:
    rows = [
        repeated(f"{shape.name}, {title}", [turn.speeds[key] for turn in turns], "sentences/s")
        for key, title in TITLES.items()
    ]
    others = {"loop": "line by line", "batched": "batches", "plain": "the faster CTranslate2"}
    for key, title in others.items():
        ratios = [turn.speeds["service"] / _speed(turn, key) for turn in turns]
        name = f"{shape.name}, service to {title}"
        rows.append(repeated(name, ratios, "x", shape.targets.get(key), "at least"))
    for number in shape.num_clients[1:]:
        ratios = [turn.speeds[_service(shape, number)] / _speed(turn, "plain") for turn in turns]
        name = f"{shape.name}, service with {number} requests open to {others['plain']}"
        rows.append(repeated(name, ratios, "x"))
    if shape.num_singles:
        overheads = [median(turn.overheads_ms) for turn in turns]
        name = f"{shape.name}, service's own time for a sentence, p50"
        rows.append(repeated(name, overheads, "ms", MAX_OVERHEAD_MS))
    for key, title in TITLES.items():
        peaks = [turn.peaks[key] / 1e6 for turn in turns]
        rows.append(repeated(f"{shape.name}, peak memory, {title}", peaks, "MB"))
    return rows


def _speed(turn: _Turn, key: str) -> float:
    return max(turn.speeds["one"], turn.speeds["two"]) if key == "plain" else turn.speeds[key]


def _told(shape: Shape, turns: list[_Turn]) -> str:
    counts = ", ".join(f"{TITLES[key]} {count}" for key, count in shape.num_lines.items())
    lengths = ", ".join(f"{TITLES[k]} {v:.1f}" for k, v in turns[0].lengths.items())
    counted = turns[0].raw["service"]["counted"]
    return (
        f"lines a turn: {counts}; tokens a translation: {lengths}; {shape.num_clients[0]} clients; "
        f"the service made {counted['batches']:.0f} batches and searched "
        f"{counted['guarded']:.0f} lines again; {REPEATS} turns."
    )
