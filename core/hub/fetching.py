"""The download: what its process does, `python -m core.hub.fetching FOLDER`."""

from __future__ import annotations

from core.hub.downloading import download
from core.hub.settings import DownloadSettings
from core.hub.telling import Telling
from core.jobs.folder import JobFolder
from core.jobs.recorder import Recorder
from core.jobs.segment_process import run_in_folder
from core.storage.files import utc_now, write_json
from core.storage.workspace import Workspace


def fetch(workspace: Workspace, folder: JobFolder) -> None:
    """Downloads what the settings name, and writes down which commit it was."""
    settings = DownloadSettings.load(folder.settings_file)
    telling = Telling(Recorder(folder, 0), settings.model, counts_bytes=True)
    found = download(settings.model, settings.revision, telling)
    result = {"model": settings.model, "commit": found.name, "time": utc_now()}
    write_json(folder.result_file, result)


if __name__ == "__main__":
    run_in_folder(fetch)
