"""What the job of a study runs: its first worker, and how the work ended.

`python -m core.search.searching FOLDER`, started by the job's supervisor.
"""

from __future__ import annotations

import os
from typing import Any

from core.jobs import queue
from core.jobs.folder import JobFolder
from core.jobs.recorder import Recorder
from core.jobs.segment_process import run_in_folder
from core.search.plan import Plan
from core.search.trials import Trial, best_trial, read_trials
from core.search.worker import Worker, has_more
from core.storage.files import utc_now, write_json
from core.storage.workspace import Workspace


def search(workspace: Workspace, folder: JobFolder) -> None:
    """Works on the study of a folder until it ends or is to pause.

    Raises:
        AdaptMLLMError: It cannot go on.
    """
    study_id = folder.path.name
    recorder = Recorder(folder, 0)
    plan = Plan.of(workspace.studies.get(study_id))
    recorder.add("plan", total_steps=plan.num_trials)
    recorder.phase("searching")
    last: list[Trial] = []

    def tell(plan: Plan, trials: list[Trial]) -> None:
        last[:] = trials
        done = sum(each.has_ended for each in trials)
        total = max(plan.num_trials, done)
        recorder.translated(done, total, is_last=True)

    while True:
        worker = Worker(workspace, study_id, pid=os.getpid(), lane=queue.COMPUTE_LANE, tell=tell)
        end, reason = worker.run()
        study = workspace.studies.get(study_id)
        last[:] = read_trials(workspace, study)
        # Trials may have been added after the worker's last look.
        if end != "finished" or not has_more(Plan.of(study), last):
            break
    done = sum(each.has_ended for each in last)
    if end == "finished":
        plan = Plan.of(workspace.studies.get(study_id))
        write_json(folder.result_file, {**_result(last, plan), "reason": reason, "time": utc_now()})
        return
    recorded = f"{reason.rstrip('.')} after {done} of {plan.num_trials} trials."
    folder.record_end(f"{recorded} Resume goes on." if end == "paused" else recorded)


def _result(trials: list[Trial], plan: Plan) -> dict[str, Any]:
    best = best_trial(trials, plan)
    if best is None:
        return {"best": None}
    return {"best": {"number": best.number, "values": list(best.values), "params": best.params}}


if __name__ == "__main__":
    run_in_folder(search)
