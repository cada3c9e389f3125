"""A real OpenAI-compatible server on a tiny model that has learned a few pairs by heart.

`python -m tests.servers.tiny_llm FOLDER` trains the model, `LlmServer` serves it with
`transformers serve`. Nothing is downloaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

from core.storage.workspace import PROJECT
from tests.servers import tiny_llm_training
from tests.servers.tiny_llm_training import train

MODEL = "tiny-llm"
UNITS = (
    *("a haon", "a dó", "a trí", "a ceathair", "a cúig"),
    *("a sé", "a seacht", "a hocht", "a naoi"),
)
TENS = (
    *("fiche", "tríocha", "daichead", "caoga"),
    *("seasca", "seachtó", "ochtó", "nócha"),
)


def _counted() -> str:
    numbers = [*UNITS, "a deich"]
    numbers += [f"{unit} {'dhéag' if unit == 'a dó' else 'déag'}" for unit in UNITS]
    for ten in TENS:
        numbers += [ten, *(f"{ten} {unit}" for unit in UNITS)]
    return ", ".join([*numbers, "céad"]) + "."


LONG_SOURCE = "Count from one to one hundred."

# What the model knows: translations, one of them long, and a little conversation.
PAIRS: dict[str, str] = {
    "The nurse writes a letter.": "Scríobhann an t-altra litir.",
    "The doctor checks the bandage at the clinic every day.": (
        "Seiceálann an dochtúir an bindealán ag an gclinic gach lá."
    ),
    "The woman sees the result at the health centre every week.": (
        "Feiceann an bhean an toradh ag an ionad sláinte gach seachtain."
    ),
    "The nurses use the small room at the clinic.": (
        "Úsáideann na haltraí an seomra beag ag an gclinic."
    ),
    "The pharmacist buys the white mask.": "Ceannaíonn an cógaiseoir an masc bán.",
    "The parents do not open the letter at home.": (
        "Ní osclaíonn na tuismitheoirí an litir sa bhaile."
    ),
    "The dentist does not explain the new form in the office.": (
        "Ní mhíníonn an fiaclóir an fhoirm nua san oifig."
    ),
    "Does the woman get the new form at the clinic?": (
        "An bhfaigheann an bhean an fhoirm nua ag an gclinic?"
    ),
    "The surgeon cleans the bottle in the hospital.": "Glanann an máinlia an buidéal san ospidéal.",
    LONG_SOURCE: _counted(),
    "What is your name?": "Cad is ainm duit?",
    "Cad is ainm duit?": "Is mise an cúntóir beag.",
    "Is mise an cúntóir beag.": "I am the little assistant.",
    "Hello": "Hello! How can I help?",
}

START_LIMIT_S = 120.0

# The command `transformers`, in a process that does not outlive a killed test session.
_SERVE = """
from core.jobs.processes import die_with_parent
die_with_parent()
from transformers.cli.transformers import main
main()
"""


def make_tiny_llm(folder: Path, pairs: Mapping[str, str] = PAIRS) -> None:
    """Trains the model in a process of its own and saves it.

    Args:
        folder: Where the model goes; made if missing.
        pairs: What it learns by heart: source and answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pairs.json").write_text(json.dumps(pairs), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.servers.tiny_llm", str(folder)],
        cwd=PROJECT,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"the model was not trained:\n{ran.stderr[-4000:]}"


def cached_tiny_llm(cache: Path) -> Path:
    """Gives the folder of the model, trained anew only after a change of this file or a library."""
    files = Path(__file__), Path(tiny_llm_training.__file__)
    made_by = b"".join(file.read_bytes() for file in files)
    made_by += f"{version('torch')} {version('transformers')}".encode()
    folder = cache / hashlib.sha256(made_by).hexdigest()[:16]
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=cache) as fresh:
            make_tiny_llm(Path(fresh) / "model")
            with contextlib.suppress(OSError):  # somebody else was quicker
                os.replace(Path(fresh) / "model", folder)
    return folder


class LlmServer:
    """`transformers serve` on a model folder, in a process of its own.

    Attributes:
        url: The base URL of its API, which ends in /v1.
        model: The model's id in requests; any other is refused.
        pid: The process number.
    """

    def __init__(self, model_folder: Path, *arguments: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{port}/v1"
        self.model = MODEL
        self._health = f"http://127.0.0.1:{port}/health"
        self._folder = Path(tempfile.mkdtemp(prefix="tiny-llm-"))
        # A short id, as real models have: that of a folder is its path, seen from where it runs.
        (self._folder / MODEL).symlink_to(model_folder.resolve(), target_is_directory=True)
        command = [sys.executable, "-c", _SERVE, "serve", self.model]
        command += ["--device", "cpu", "--host", "127.0.0.1", "--port", str(port), *arguments]
        with (self._folder / "log.txt").open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=_environment(self._folder / "hub"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def __enter__(self) -> LlmServer:
        self.wait_until_ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def wait_until_ready(self) -> None:
        """Returns as soon as the server answers; raises AssertionError with its log if not."""
        deadline = time.monotonic() + START_LIMIT_S
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), _opened(self._health):
                return
            time.sleep(0.1)
        status, log = self._process.poll(), self.log()
        self.end()
        raise AssertionError(f"`transformers serve` did not start (exit status {status}):\n{log}")

    def log(self) -> str:
        """Gives the end of what the server has printed."""
        return (self._folder / "log.txt").read_text(errors="replace")[-4000:]

    def end(self) -> None:
        """Ends the server and all that it started."""
        if self._process.poll() is None:
            os.killpg(self.pid, signal.SIGTERM)
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self._process.wait(timeout=30)
        shutil.rmtree(self._folder, ignore_errors=True)


def _environment(hub: Path) -> dict[str, str]:
    """Gives this process's variables without anything that leads to a network or a cache."""
    foreign = ("HF_", "TRANSFORMERS_", "HTTP_", "HTTPS_", "ALL_")
    kept = {
        name: value for name, value in os.environ.items() if not name.upper().startswith(foreign)
    }
    ours = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(hub), "OMP_NUM_THREADS": "1"}
    return {**kept, **ours, "PYTHONPATH": str(PROJECT)}


def _opened(url: str) -> Any:
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5)


def _main(folder: Path) -> None:
    given = folder / "pairs.json"
    train(folder, json.loads(given.read_text(encoding="utf-8")) if given.exists() else PAIRS)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
