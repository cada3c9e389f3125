"""External scorers as real supervised jobs: small scripts stand for COMET and the like."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from core.errors import AdaptMLLMError, ConfigError, DataError
from core.evaluate.removing import delete_translations
from core.evaluate.scorers import scoring_jobs
from core.evaluate.scorers.external.settings import ExternalSettings
from core.evaluate.scorers.scoring_results import set_scores
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.workspace import Workspace
from tests.core.evaluate.scored_sets import HASH, REFERENCES, add_set

# Scores as many hundredths as the hypothesis has characters.
GOOD = """
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    print(json.dumps({"id": row["id"], "score": len(row["hypothesis"]) / 100, "by": "length"}))
"""
NAN = GOOD.replace('len(row["hypothesis"]) / 100', 'float("nan") if row["id"] == 1 else 1.0')
SHORT = GOOD.replace("    print", '    if row["id"] != 2: print')
CRASH = GOOD + '\nraise RuntimeError("CUDA out of memory")\n'
GARBAGE = 'print("Loading checkpoint…")\n' + GOOD
HANG = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("progress 1 4", file=sys.stderr, flush=True)
time.sleep(600)
"""


@pytest.fixture
def ready(workspace: Workspace) -> Iterator[Workspace]:
    """A workspace with two translation sets; no scoring outlives the test."""
    add_set(workspace, "one", ["a", None, "ccc", ""])
    add_set(workspace, "two", ["four", "fi ve", "s", "seven"])
    yield workspace
    for scoring in workspace.scorings.of_test_set(HASH):
        if not scoring_jobs.scoring_state(workspace, scoring.id).has_ended:
            scoring_jobs.stop(workspace, scoring.id, at_once=True)
            queue.wait(workspace, scoring.id)


def settings(workspace: Workspace, script: str, **values: Any) -> ExternalSettings:
    path = workspace.root / "a scorer.py"
    path.write_text(script)
    command = shlex.join([sys.executable, str(path)])
    given = {"name": "Length", "command": command, "translation_sets": ("one", "two")}
    return ExternalSettings.parse(given | values)


def run(workspace: Workspace, what: ExternalSettings) -> tuple[str, JobState]:
    started = scoring_jobs.start(workspace, what)
    return started.id, queue.wait(workspace, started.id)


def test_scores_of_a_command_enter_the_table_and_what_is_missing_stays_missing(
    ready: Workspace,
) -> None:
    scoring_id, state = run(ready, settings(ready, GOOD, is_lower_better=True))
    assert (state.state, state.reason) == ("finished", ""), state.detail
    assert state.progress["step"] == state.progress["total_steps"] == 7
    one, two = (set_scores(ready, scoring_id, each) for each in ("one", "two"))
    np.testing.assert_array_equal(one.values, [0.01, np.nan, 0.03, 0.0])
    np.testing.assert_array_equal(two.values, [0.04, 0.05, 0.01, 0.05])
    assert (one.num_scored, one.num_failed, one.num_missing) == (3, 0, 1)
    assert one.mean == pytest.approx(0.04 / 3) and one.failure_rate == 0.0
    (scoring,) = ready.scorings.of_test_set(HASH)
    assert (scoring.kind, scoring.name, scoring.is_lower_better) == ("external", "Length", True)
    assert next(ready.scorings.scores(scoring_id)).details == {"by": "length"}


WRONG = {
    NAN: "score in line 2 of the scorer's output is not finite",
    SHORT: "1 of 7 segments came back without a score; the first is that with the id 2",
    CRASH: "exit code 1: RuntimeError: CUDA out of memory",
    GARBAGE: "Line 1 of the scorer's output is no JSON object: Loading checkpoint",
}


def test_nothing_is_stored_of_a_command_that_goes_wrong_and_resume_tries_again(
    ready: Workspace,
) -> None:
    scoring_id = ""
    for script, sentence in WRONG.items():
        what = settings(ready, script)
        if scoring_id:
            scoring_jobs.resume(ready, scoring_id)
        else:
            scoring_id = scoring_jobs.start(ready, what).id
        state = queue.wait(ready, scoring_id)
        assert state.state == "failed" and sentence in state.reason
        assert "Nothing was stored" in state.hint
        assert list(ready.scorings.scores(scoring_id)) == []
    settings(ready, GOOD)  # the scorer is corrected
    scoring_jobs.resume(ready, scoring_id)
    assert queue.wait(ready, scoring_id).state == "finished"
    assert ready.scorings.counts(scoring_id) == {"one": (3, 3), "two": (4, 4)}


def test_command_that_hangs_is_stopped_with_everything_it_started(ready: Workspace) -> None:
    scoring_id = scoring_jobs.start(ready, settings(ready, HANG)).id
    (process,) = wait_for_scorer(ready)
    while scoring_jobs.scoring_state(ready, scoring_id).progress.get("step") != 1:
        time.sleep(0.1)
    with pytest.raises(ConfigError, match="'Length' is evaluating"):
        scoring_jobs.delete(ready, scoring_id)
    scoring_jobs.stop(ready, scoring_id)
    state = queue.wait(ready, scoring_id)
    assert state.state == "stopped" and "nothing was stored" in state.reason
    assert not process.is_running() and list(ready.scorings.scores(scoring_id)) == []
    scoring_jobs.delete(ready, scoring_id)
    assert ready.scorings.of_test_set(HASH) == []
    assert not ready.scoring_folder(scoring_id).exists()


def test_translations_are_kept_while_a_scorer_works_and_what_is_left_is_scored(
    ready: Workspace,
) -> None:
    scoring_id = scoring_jobs.start(ready, settings(ready, HANG)).id
    wait_for_scorer(ready)
    with pytest.raises(ConfigError, match="scorer 'Length' is at work on these translations"):
        delete_translations(ready, "one")
    scoring_jobs.stop(ready, scoring_id)
    queue.wait(ready, scoring_id)
    delete_translations(ready, "one")
    settings(ready, GOOD)
    scoring_jobs.resume(ready, scoring_id)
    assert queue.wait(ready, scoring_id).state == "finished"
    assert ready.scorings.counts(scoring_id) == {"two": (4, 4)}
    add_set(ready, "three", ["a", "b", "c", "d"])  # with the last one the scoring would go, too
    delete_translations(ready, "two")
    with pytest.raises(ConfigError, match="have been deleted"):
        scoring_jobs.resume(ready, scoring_id)


def test_command_does_not_outlive_a_supervisor_that_is_killed(ready: Workspace) -> None:
    scoring_id = scoring_jobs.start(ready, settings(ready, HANG)).id
    (process,) = wait_for_scorer(ready)
    supervisor = ready.scoring_folder(scoring_id)
    for each in psutil.process_iter(["cmdline"]):
        line = each.info["cmdline"] or []
        if "core.jobs.supervisor" in line and str(supervisor) in line:
            os.kill(each.pid, signal.SIGKILL)
    psutil.wait_procs([process], timeout=20)
    queue.reconcile(ready)
    assert not process.is_running()
    state = scoring_jobs.scoring_state(ready, scoring_id)
    assert state.state == "lost" and "scores everything again" in state.hint


def wait_for_scorer(workspace: Workspace) -> list[psutil.Process]:
    path = str(workspace.root / "a scorer.py")
    for _ in range(600):
        found = [
            each
            for each in psutil.process_iter(["cmdline"])
            if path in (each.info["cmdline"] or [])
        ]
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("the scorer never started")


def test_scoring_that_cannot_work_is_refused_before_anything_is_written(
    ready: Workspace, tmp_path: Path
) -> None:
    add_set(ready, "other", ["x"] * 4, test_set_hash="b" * 64)
    add_set(ready, "bare", ["x"] * 4, references=(*REFERENCES[:3], " "), test_set_hash="c" * 64)
    add_set(ready, "failed", [None] * 4, test_set_hash="d" * 64)
    good = settings(ready, GOOD)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"command": "no-such-scorer"}, "no command 'no-such-scorer'"),
        ({"working_folder": str(tmp_path / "gone")}, "does not exist"),
        ({"translation_sets": ("one", "other")}, "of another test set"),
        ({"translation_sets": ("nobody",)}, "no translation set 'nobody'"),
        ({"translation_sets": ("bare",)}, "1 of 4 segments have no reference; .* segment 4"),
        ({"translation_sets": ("failed",)}, "None of the segments has a translation"),
    ]
    for values, sentence in wrong:
        with pytest.raises(AdaptMLLMError, match=sentence):
            scoring_jobs.start(ready, good.changed(**values))
    assert not list(ready.scorings_folder.glob("[!.]*"))
    assert ready.scorings.of_test_set(HASH) == []
    unneeded = good.changed(translation_sets=("bare",), needs_reference=False)
    assert scoring_jobs.check_start(ready, unneeded) == unneeded


def test_same_id_a_second_time_is_the_same_scoring(ready: Workspace) -> None:
    what = settings(ready, GOOD)
    first = scoring_jobs.start(ready, what, scoring_id="chosen", by="Áine")
    again = scoring_jobs.start(ready, what, scoring_id="chosen", by="Brian")
    assert (again.job.title, again.job.person) == (what.name, "Áine")
    assert first.scoring == again.scoring and len(ready.scorings.of_test_set(HASH)) == 1
    assert queue.wait(ready, "chosen").state == "finished"


def test_scoring_that_does_not_exist_is_told(ready: Workspace) -> None:
    with pytest.raises(DataError, match="no scoring 'nobody'"):
        scoring_jobs.stop(ready, "nobody")
