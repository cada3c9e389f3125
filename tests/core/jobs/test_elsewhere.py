from __future__ import annotations

import errno
from pathlib import Path

import pytest

from core.jobs.elsewhere import PATIENCE_S, SAVING_S, STALE_S, Watch, begin_attempt
from core.jobs.folder import JobFolder, JobState
from core.storage.files import read_json, write_json


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    made = JobFolder(tmp_path)
    begin_attempt(made, "mine")
    beat(made, "2026-01-01T00:00:00.000+00:00")
    return made


def beat(folder: JobFolder, time: str) -> None:
    folder.write_state(JobState(state="training"))
    write_json(folder.state_file, {**read_json(folder.state_file), "heartbeat": time})


def test_silence_is_measured_here_and_first_saves_then_ends(folder: JobFolder) -> None:
    clock = Clock()
    watch = Watch(folder, "mine", clock)
    assert watch.verdict() == "go on"
    clock.now_s += PATIENCE_S - 1
    assert watch.verdict() == "go on"
    clock.now_s += 2
    assert watch.verdict() == "save" and "has not reported for 121 s" in watch.why
    beat(folder, "1999-01-01T00:00:00.000+00:00")  # of a clock that is wrong: another is enough
    assert watch.verdict() == "go on"
    clock.now_s += PATIENCE_S + SAVING_S + 1
    assert watch.verdict() == "end"


def test_folder_that_cannot_be_read_is_silence(folder: JobFolder) -> None:
    clock = Clock()
    watch = Watch(folder, "mine", clock)
    assert watch.verdict() == "go on"
    for file in folder.path.iterdir():
        file.unlink()
    assert watch.verdict() == "go on"
    clock.now_s += PATIENCE_S + 1
    assert watch.verdict() == "save"


def test_shared_disk_that_fails_for_a_moment_is_waited_out(
    folder: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NFS does when a file is replaced while it is read."""
    clock = Clock()
    watch = Watch(folder, "mine", clock)

    def stale(_: JobFolder) -> JobState:
        raise OSError(errno.ESTALE, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(JobFolder, "read_state", stale)
        assert watch.verdict() == Watch(folder, "mine", clock).verdict() == "go on"
        clock.now_s += PATIENCE_S + 1
        assert watch.verdict() == "save"
    beat(folder, "2026-01-01T00:00:02.000+00:00")
    assert watch.verdict() == "go on"


@pytest.mark.parametrize(
    ("state", "why"), [("failed", "the job is failed"), ("lost", "the job is lost")]
)
def test_ended_job_is_not_worked_on(folder: JobFolder, state: str, why: str) -> None:
    watch = Watch(folder, "mine")
    folder.write_state(JobState(state=state))
    assert (watch.verdict(), watch.why) == ("end", why)


def test_stop_now_and_another_attempt_end_it_and_stop_and_save_is_the_trainers(
    folder: JobFolder,
) -> None:
    watch = Watch(folder, "mine")
    folder.request_stop("save")
    assert watch.verdict() == "go on"
    folder.request_stop("now")
    assert watch.verdict() == "end" and "stop now" in watch.why
    folder.stop_file.unlink()
    begin_attempt(folder, "another")
    assert watch.verdict() == "end" and "another attempt" in watch.why


def test_end_of_an_earlier_attempt_that_a_file_system_still_shows_is_waited_out(
    folder: JobFolder,
) -> None:
    folder.write_state(JobState(state="stopped"))
    folder.request_stop("now")
    begin_attempt(folder, "former")
    clock = Clock()
    watch = Watch(folder, "mine", clock)
    assert watch.verdict() == "go on"
    folder.request_stop("now")  # another request, at another time
    folder.stop_file.write_text(
        folder.stop_file.read_text().replace('"time": "', '"time": "later ')
    )
    assert watch.verdict() == "end" and "stop now" in watch.why
    folder.stop_file.unlink()
    assert watch.verdict() == "go on"
    clock.now_s += STALE_S
    assert watch.verdict() == "end" and "another attempt" in watch.why


def test_request_to_save_does_not_replace_what_somebody_asked_for(folder: JobFolder) -> None:
    watch = Watch(folder, "mine")
    watch.ask_to_save("Slurm's time limit was near")
    assert (folder.stop_mode(), folder.stop_reason()) == ("save", "Slurm's time limit was near")
    folder.request_stop("now")
    watch.ask_to_save("Slurm's time limit was near")
    assert folder.stop_mode() == "now"
