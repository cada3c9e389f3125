"""Runs whose base model is not on this machine: it is downloaded once, before the launch.

`python -m core.finetune.fetching RUN/settings.json` is the first command of such a run: progress
and stop work as for every stage, ranks find the model in the cache, and the commit that was
downloaded is written into the run's settings, so that every later start loads the same one.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from core.finetune.models import source_of_run
from core.finetune.recipes import SCRATCH
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.hub.downloading import download
from core.hub.telling import Telling
from core.jobs.failures import record_failure
from core.jobs.processes import die_with_supervisor
from core.jobs.recorder import Recorder
from core.storage.files import read_json
from core.storage.workspace import Workspace

log = logging.getLogger(__name__)


def is_to_fetch(workspace: Workspace, settings: FineTuneSettings) -> bool:
    """Whether the base model has to be downloaded first.

    Raises:
        ModelError: There is no such model.
    """
    if settings.base_model == SCRATCH:
        return False
    return not Path(source_of_run(workspace, "", settings)).is_dir()


def fetch_command(settings_file: Path) -> list[str]:
    """Gives the command that downloads the model ahead of the launch: once, whatever the ranks."""
    return [sys.executable, "-m", "core.finetune.fetching", str(settings_file)]


def fetch_model(folder: RunFolder, settings: FineTuneSettings, workspace: Workspace) -> None:
    """Downloads a run's base model and pins its commit in the run's settings.

    Raises:
        ModelError: The hub does not give it.
        HostError: There is too little space on the disk.
    """

    def pin(commit: str) -> None:
        pinned = settings.changed(base_model_revision=commit)
        pinned.save(folder.settings_file)
        workspace.runs.store_settings(folder.path.name, pinned.model_dump())

    telling = Telling(Recorder(folder, 0), settings.base_model, counts_bytes=False)
    download(settings.base_model, settings.base_model_revision, telling, pin)


def main() -> None:
    """Downloads the model of one run; a failure goes into a file for the supervisor."""
    die_with_supervisor()
    # Below warnings, the hub's client names addresses that are as good as a key for a while.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    settings_file = Path(sys.argv[1])
    folder = RunFolder(settings_file.parent)
    try:
        workspace = Workspace(Path(read_json(folder.job_file)["workspace"]))
        fetch_model(folder, FineTuneSettings.load(settings_file), workspace)
    except BaseException as error:
        log.exception("the model could not be downloaded")
        record_failure(folder, 0, error)
        sys.exit(1)


if __name__ == "__main__":
    main()
