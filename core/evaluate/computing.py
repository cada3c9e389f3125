"""The process of a long evaluation: `python -m core.evaluate.computing FOLDER`."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from core.errors import AdaptMLLMError
from core.evaluate.causes.stored_findings import find_all, is_quick, store_findings
from core.evaluate.evaluating import evaluate
from core.evaluate.settings import EvaluationSettings
from core.finetune.run_folder import Recorder, RunFolder
from core.jobs.failures import record_failure
from core.jobs.processes import die_with_supervisor
from core.storage.files import read_json, utc_now, write_json
from core.storage.workspace import Workspace

log = logging.getLogger(__name__)


class StoppedError(Exception):
    """Somebody asked the job to stop."""


def compute(workspace: Workspace, folder: RunFolder) -> None:
    """Evaluates as the folder's settings say; statistics and result are kept for the page."""
    settings = EvaluationSettings.load(folder.settings_file)
    recorder = Recorder(folder, 0)
    recorder.phase("evaluating", "statistics of the metrics, then resamples")
    planned = last = 0

    def on_progress(done: int, total: int) -> None:
        nonlocal planned, last
        if folder.stop_mode():
            raise StoppedError
        if total != planned or done < last:  # hypotheses first, then resamples
            recorder.add("plan", total_steps=total)
        planned, last = total, done
        recorder.translated(done, total, is_last=done == total)

    try:
        found = evaluate(workspace, settings, on_progress=on_progress)
        if not is_quick(found):
            recorder.phase("evaluating", "checks of the hypotheses")
            store_findings(workspace, settings, find_all(found, on_progress=on_progress))
    except StoppedError:
        folder.record_end("Stopped on request; metrics that were computed are kept.")
        return
    values = {"num_segments": found.result.num_scored, "time": utc_now()}
    write_json(folder.result_file, values)


def main() -> None:
    """Computes; a failure goes into a file for the supervisor."""
    die_with_supervisor()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    folder = RunFolder(Path(sys.argv[1]))
    try:
        compute(Workspace(Path(read_json(folder.job_file)["workspace"])), folder)
    except BaseException as error:
        if not isinstance(error, AdaptMLLMError):
            log.exception("the scoring failed")
        record_failure(folder, 0, error)
        os._exit(1)


if __name__ == "__main__":
    main()
