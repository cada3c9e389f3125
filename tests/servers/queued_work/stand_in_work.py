"""A kind of job that notes which GPUs it sees and ends as soon as somebody lets it."""

import sys

from core.jobs.kind import Failure, Stage
from core.storage.files import read_json

WORKS = """
import os, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
with (folder / "starts.txt").open("a") as file:
    file.write(os.environ.get("CUDA_VISIBLE_DEVICES", "not set") + "\\n")
while not (folder / "go").exists():
    if (folder / "stop.json").exists():
        (folder / "stopped.json").write_text('{"reason": "Stopped."}')
        sys.exit()
    time.sleep(0.05)
(folder / "result.json").write_text("{}")
"""


class StandInKind:
    energy_kind = ""

    def num_gpus(self, folder):
        return read_json(folder.settings_file)["gpus"]

    def stages(self, workspace, folder):
        command = [sys.executable, "-S", "-c", WORKS, str(folder.path)]
        return [Stage("training", command, can_save=True)]

    def diagnose(self, folder, exit_code, state):
        return Failure(f"exit code {exit_code}")

    def stop_sentence(self, step, who):
        return f"stopped ({who})"

    def publish(self, workspace, folder):
        pass


KIND = StandInKind()
