"""`python -m bench [NAME …]`: measures, prints a table, keeps the figures.

Speed is reported, not asserted: the exit status is 1 only when something could not be measured
because of an error.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import tempfile
import time
import traceback
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.report import Result, keep, say, table
from core.host import host_facts

NAMES = (
    "padding", "training", "startup", "memory", "real_data", "demo", "serving", "retrieval",
    "pages", "playground", "significance", "raters", "energy", "search", "corpora",
)  # fmt: skip
RESULTS = Path(__file__).with_name("results")


def main() -> int:
    """Runs the chosen benches one after the other."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}")
    names = parser.parse_args().names or NAMES
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        sys.stderr.write(f"No bench {', '.join(unknown)}; there are {', '.join(NAMES)}.\n")
        return 2
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    _leave_the_user_alone()
    results: list[Result] = []
    failed = []
    for name in names:
        result = _measured(name)
        if result is None:
            failed.append(name)
        else:
            results.append(result)
    host = asdict(host_facts(RESULTS.parent))
    path = keep(RESULTS, datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"), host, results)
    say(f"\n{table(results)}\n\nAll figures: {path}")
    if failed:
        say(f"Not measured because of an error: {', '.join(failed)}.")
    return 1 if failed else 0


def _leave_the_user_alone() -> None:
    """Forgets variables that would lead benches to somebody's workspace, database or network."""
    for name in list(os.environ):
        if name.startswith(("ADAPTMLLM_", "STREAMLIT_")) and name != "ADAPTMLLM_EXTENSIONS":
            del os.environ[name]
    os.environ["HF_HUB_OFFLINE"] = "1"


def _measured(name: str) -> Result | None:
    load = os.getloadavg()[0]
    say(f"\n== {name}   (load average {load:.1f} on {os.cpu_count()} cores)")
    began_s = time.monotonic()
    try:
        # Only here, so that one broken bench does not keep the others from running.
        module = importlib.import_module(f"bench.{name}")
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            result: Result = module.run(Path(folder))
    except Exception:  # noqa: BLE001 (one broken bench must not hide the others)
        traceback.print_exc()
        return None
    result.details["load_average_before"] = load
    result.details["wall_s"] = round(time.monotonic() - began_s, 1)
    for line in [*result.lines, result.skipped]:
        if line:
            say(f"   {line}")
    say(f"   {result.details['wall_s']:.0f} s")
    return result


if __name__ == "__main__":
    raise SystemExit(main())
