"""The process of work on a corpus: `python -m core.corpora.working FOLDER`."""

from __future__ import annotations

from core.corpora.tasks import clear_scratch, load_task
from core.jobs.folder import JobFolder
from core.jobs.recorder import Recorder
from core.jobs.segment_process import StoppedError, run_in_folder
from core.storage.files import utc_now, write_json
from core.storage.workspace import Workspace


def work(workspace: Workspace, folder: JobFolder) -> None:
    """Does what the folder's settings say; the result goes into the database."""
    record = workspace.corpus_jobs.get(folder.path.name)
    task = load_task(record.task)
    recorder = Recorder(folder, 0)
    recorder.phase("preparing", task.label)

    def watch(phase: str, done: int, total: int) -> None:
        if folder.stop_mode():
            raise StoppedError
        recorder.progress(phase, done, total)

    try:
        result = task.work(workspace, task.settings.load(folder.settings_file), folder, watch)
    except StoppedError as stopped:
        folder.record_end(str(stopped) or "Stopped on request; nothing of it was kept.")
        return
    finally:
        if not task.keeps_work:
            clear_scratch(folder)
    clear_scratch(folder)
    workspace.corpus_jobs.store_result(record.id, result)
    write_json(folder.result_file, {"corpus": result.get("corpus", ""), "time": utc_now()})


if __name__ == "__main__":
    run_in_folder(work)
