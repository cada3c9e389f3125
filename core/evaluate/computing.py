"""The process of a long evaluation: `python -m core.evaluate.computing FOLDER`."""

from __future__ import annotations

from core.evaluate.causes.stored_findings import find_all, is_quick, store_findings
from core.evaluate.evaluating import evaluate, scored_settings
from core.evaluate.result_cache import result_key, stored_result
from core.evaluate.settings import EvaluationSettings
from core.evaluate.texts import load_texts
from core.evaluate.workload import checks_ms, workload_of
from core.jobs.folder import JobFolder
from core.jobs.recorder import Recorder
from core.jobs.segment_process import StoppedError, run_in_folder
from core.metrics.progress import part_of
from core.storage.files import utc_now, write_json
from core.storage.workspace import Workspace


def compute(workspace: Workspace, folder: JobFolder) -> None:
    """Evaluates as the folder's settings say; statistics and result are kept for the page."""
    settings = EvaluationSettings.load(folder.settings_file)
    recorder = Recorder(folder, 0)
    recorder.phase("evaluating", "statistics of the metrics, then resamples")
    try:
        num_scored = _compute(workspace, folder, settings, recorder)
    except StoppedError:
        folder.record_end("Stopped on request; metrics that were computed are kept.")
        return
    write_json(folder.result_file, {"num_segments": num_scored, "time": utc_now()})


def _compute(
    workspace: Workspace, folder: JobFolder, settings: EvaluationSettings, recorder: Recorder
) -> int:
    """Gives how many segments were scored; the progress counts milliseconds of estimated work.

    Raises:
        StoppedError: Somebody asked for it.
    """
    texts = load_texts(workspace, settings.test_set, settings.systems)
    key = result_key(workspace, settings)
    scored, has_result = scored_settings(texts, settings), stored_result(workspace, key) is not None
    first = workload_of(workspace, texts, scored, has_result=has_result).total_ms
    second = 0 if is_quick(texts, settings) else checks_ms(texts, scored)
    recorder.add("plan", total_steps=first + second)

    def on_progress(done: int, total: int) -> None:
        if folder.stop_mode():
            raise StoppedError
        recorder.translated(done, total, is_last=done == total)

    progress = part_of(on_progress, 0, first, first + second)
    found = evaluate(workspace, settings, key=key, texts=texts, on_progress=progress)
    if second:
        recorder.phase("evaluating", "checks of the hypotheses")
        progress = part_of(on_progress, first, second, first + second)
        store_findings(workspace, found, find_all(found, on_progress=progress))
    return found.result.num_scored


if __name__ == "__main__":
    run_in_folder(compute)
