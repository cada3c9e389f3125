"""Fine-tune and Run where Slurm is installed: fields of the launcher, script, state of the job."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.text import plain
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs.folder import JobState
from core.jobs.processes import ProcessIdentity
from core.jobs.slurm import SlurmJob, write_slurm_job
from core.storage.workspace import Workspace
from tests.pages.test_pages import opened, stored_run, texts


def labels(app) -> set[str]:
    return {item.label for item in [*app.number_input, *app.selectbox, *app.text_input]}


def field(app, label: str):
    return next(i for i in [*app.number_input, *app.selectbox, *app.text_input] if i.label == label)


@pytest.mark.usefixtures("slurm_here")
def test_only_fields_of_the_launcher_are_shown_and_the_script_is(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, "finetune")
    assert "Start on" in labels(app) and "Nodes" not in labels(app)
    app = field(app, "Start on").set_value("slurm").run()
    assert labels(app) >= {"Nodes", "Slurm partition", "Slurm memory (GB)"}
    assert "Hostfile" not in labels(app) and not app.exception
    app = field(app, "Slurm partition").set_value("gpu").run()
    app = field(app, "Nodes").set_value(2).run()
    script = app.code[0].value
    assert "#SBATCH --partition=gpu\n" in script and "#SBATCH --nodes=2\n" in script
    app = field(app, "Slurm partition").set_value("gpu; reboot").run()
    assert "'gpu; reboot' is no name that Slurm knows" in texts(app)
    app = field(app, "Slurm partition").set_value("").run()
    app = field(app, "Start on").set_value("hostfile").run()
    assert "Hostfile" in labels(app) and "Slurm partition" not in labels(app)
    assert "No hostfile was named." in texts(app)
    app = field(app, "Start on").set_value("this machine").run()
    assert "Nodes" not in labels(app) and not app.exception
    assert "needs launcher" not in texts(app)  # the two nodes are forgotten


def test_machine_with_nothing_to_choose_from_shows_no_launcher(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    app = opened(ready_workspace, monkeypatch, "finetune")
    assert "Start on" not in labels(app) and not app.exception


@pytest.mark.usefixtures("slurm_here")
def test_run_shows_its_job_in_slurm_and_that_nothing_is_measured(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = FineTuneSettings.parse({"engine": "plain", "launcher": "slurm"})
    run = stored_run(ready_workspace, "preparing", settings)
    folder = RunFolder(ready_workspace.run_folder(run.id))
    write_slurm_job(folder, SlurmJob("n", "7", "PENDING", "Resources"))
    me = ProcessIdentity.of(os.getpid())
    folder.write_state(JobState(state="preparing", supervisor=me))
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert plain("Slurm job 7: PENDING, Resources") in texts(app)
    assert "Not measured: this run works on other machines or through Slurm" in texts(app)
