"""The process of a supervised service: `python -m core.serving.serving FOLDER`."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from core.jobs.failures import record_failure
from core.jobs.folder import JobFolder
from core.jobs.processes import die_with_supervisor
from core.jobs.recorder import Recorder
from core.serving.server import serve
from core.serving.services import FIGURES_FILE
from core.serving.settings import ServeSettings
from core.serving.versions import served_folder
from core.storage.files import read_json
from core.storage.workspace import Workspace

log = logging.getLogger(__name__)


def main() -> None:
    """Serves until its end; a failure or an end by itself goes into a file for the supervisor."""
    die_with_supervisor()
    folder = JobFolder(Path(sys.argv[1]))
    try:
        settings = ServeSettings.load(folder.settings_file)
        workspace = Workspace(Path(read_json(folder.job_file)["workspace"]))
        model = served_folder(workspace, settings.model)
        recorder = Recorder(folder, 0)

        async def ready() -> None:
            recorder.phase("serving", "")

        figures_file = folder.path / FIGURES_FILE
        sentence = serve(workspace, settings, model, figures_file=figures_file, when_ready=ready)
        if sentence:
            folder.record_end(sentence)
    except BaseException as error:
        log.exception("the service failed")
        record_failure(folder, 0, error)
        os._exit(1)


if __name__ == "__main__":
    main()
