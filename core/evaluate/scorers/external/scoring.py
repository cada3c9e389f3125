"""The process of an external scorer: `python -m core.evaluate.scorers.external.scoring FOLDER`."""

from __future__ import annotations

import os
import time

from core.evaluate.scorers.external.command import prepared
from core.evaluate.scorers.external.rows import read_scores, write_rows
from core.evaluate.scorers.external.running import run
from core.evaluate.scorers.external.settings import ExternalSettings
from core.evaluate.scorers.scoring_inputs import scoring_input
from core.jobs.folder import JobFolder
from core.jobs.processes import JOB_VARIABLE
from core.jobs.recorder import Recorder
from core.jobs.segment_process import run_in_folder
from core.storage.files import utc_now, write_json
from core.storage.workspace import Workspace


def score(workspace: Workspace, folder: JobFolder) -> None:
    """Scores everything that is translated; all scores are stored together, or none.

    Raises:
        AdaptMLLMError: The command, or what it wrote, cannot be used.
    """
    settings = ExternalSettings.load(folder.settings_file)
    scoring_id = folder.path.name
    started_s = time.monotonic()
    recorder = Recorder(folder, 0)
    recorder.phase("preparing")
    given = scoring_input(workspace, settings.translation_sets)
    if settings.needs_reference:
        given.check_references()
    command = prepared(settings.command, settings.working_folder, folder.path)
    # By it the supervisor finds what a killed job left behind.
    command.environment[JOB_VARIABLE] = os.environ.get(JOB_VARIABLE, scoring_id)
    places = write_rows(command.input_file, given.translated())
    total = len(places)
    recorder.add("plan", total_steps=total)
    recorder.phase("evaluating")
    run(
        command,
        num_rows=total,
        limit_s=settings.limit_s,
        on_progress=lambda done: recorder.translated(done, total),
    )
    recorder.phase("saving")
    scores = read_scores(command.output_file, places, scoring_id)
    for set_id in settings.translation_sets:  # one may have been deleted meanwhile
        workspace.translation_sets.get(set_id)
    workspace.scorings.store(scores)
    recorder.translated(total, total, is_last=True)
    num_segments = given.texts.num_segments * len(given.texts.sets)
    values = {"num_scored": total, "num_missing": num_segments - total, "time": utc_now()}
    values["duration_s"] = round(time.monotonic() - started_s, 3)
    write_json(folder.result_file, values)


if __name__ == "__main__":
    run_in_folder(score)
