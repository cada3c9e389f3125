"""From a fine-tuned model to a service that people and programs use, in the browser."""

import re
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import expect

from core.storage.workspace import Workspace
from tests.e2e.driving import App

pytestmark = pytest.mark.e2e

PREPARE_LIMIT_MS = 240_000
START_LIMIT_MS = 90_000
KILL_SEEN_MS = 10_000
LINES = ["The nurse is here.", "", "The doctor has a report."]


@pytest.fixture(scope="module")
def app(trained_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The application with a finished run `demo` on the sample corpus."""
    folder = tmp_path_factory.mktemp("deploy") / "workspace"
    shutil.copytree(trained_folder, folder)
    server = App(folder)
    server.start()
    yield server
    server.end()


def test_a_run_becomes_a_service_that_is_used_killed_and_restarted(
    app: App, tab: Any, tmp_path: Path
) -> None:
    prepare_and_accept(tab)
    write_bundle(tab, tmp_path / "bundle")
    port = start_service(tab)
    url = f"http://127.0.0.1:{port}"
    translated = translate_document(tab, url, tmp_path)

    from libretranslatepy import LibreTranslateAPI

    client = LibreTranslateAPI(url)
    by_client = client.translate("\n".join(LINES) + "\n", "en", "ga")
    assert translated == by_client
    assert translated.split("\n")[0] not in ("", LINES[0])

    kill_and_restart(tab, app.opened())


def prepare_and_accept(tab: Any) -> None:
    tab.open("deploy")
    prepare = tab.page.get_by_role("button", name="Prepare", exact=True)
    expect(prepare).to_be_enabled()
    prepare.dblclick()  # one preparation all the same
    tab.sees(re.compile("^demo · int8$"))
    accept = tab.page.get_by_role("button", name="Accept", exact=True)
    accept.wait_for(timeout=PREPARE_LIMIT_MS)
    tab.sees(re.compile(r"^Recommended: chrF changes by"))
    for name in ("Identical lines", "chrF, original", "Segments/s", "Peak memory", "On disk"):
        tab.page.get_by_test_id("stMetric").filter(has_text=name).first.wait_for()
    assert len(tab.app.opened().versions.all()) == 1
    accept.click()
    tab.sees(re.compile("^served$"))


def write_bundle(tab: Any, folder: Path) -> None:
    """Takes the model elsewhere: its card is shown, a bundle is written, a push lacks its token."""
    tab.expand("Take it elsewhere")
    tab.page.get_by_test_id("stCode").filter(has_text="chrF").first.wait_for()
    tab.page.get_by_role("tab", name="Bundle").click()
    tab.fill("Folder on this machine", str(folder))
    tab.click("Write the bundle")
    tab.sees("Written. README.md in it says how to start it.")
    assert (folder / "Dockerfile").exists() and (folder / "model" / "servable.json").exists()
    tab.page.get_by_role("tab", name="Hugging Face Hub").click()
    tab.fill("Repository", "somebody/demo")
    tab.page.get_by_role("button", name="Push", exact=True).click()
    tab.sees(re.compile("HF_TOKEN.*"))


def start_service(tab: Any) -> int:
    """Starts a service on a free port and waits until the page says that it is well."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    tab.page.get_by_role("tab", name="Services").click()
    tab.fill("Port", str(port))
    tab.page.get_by_role("button", name="Start", exact=True).click()
    tab.sees(re.compile("^serving$"), START_LIMIT_MS)
    tab.sees("healthy", START_LIMIT_MS)
    return port


def translate_document(tab: Any, url: str, folder: Path) -> str:
    """Translates a text file on the service's own page, in a second tab."""
    path = folder / "letter.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    page = tab.page.context.new_page()
    page.goto(url)
    page.get_by_role("tab", name="Documents").click()
    page.locator("#files").set_input_files(path)
    link = page.get_by_role("link", name="Download")
    link.wait_for(timeout=START_LIMIT_MS)
    with page.expect_download() as download:
        link.click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    page.close()
    return text


def kill_and_restart(tab: Any, workspace: Workspace) -> None:
    (record,) = workspace.services.all()
    tab.page.get_by_test_id("stMetric").filter(has_text="Characters").first.wait_for()
    process_of(record.id).send_signal(signal.SIGKILL)
    killed_at = time.monotonic()
    restart = tab.page.get_by_role("button", name="Restart", exact=True)
    restart.wait_for(timeout=KILL_SEEN_MS)
    assert time.monotonic() - killed_at < KILL_SEEN_MS / 1000
    tab.sees("The service was killed from outside")
    restart.click()
    tab.sees("healthy", START_LIMIT_MS)
    tab.click("Stop")
    tab.sees("The service was stopped (on request).")


def process_of(service_id: str) -> psutil.Process:
    """Gives the process that serves, not the one that looks after it."""
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if "core.serving.serving" in line and service_id in line:
            return process
    raise AssertionError("no process serves")


def test_the_deploy_page_fits_a_phone(tab: Any) -> None:
    tab.page.set_viewport_size({"width": 390, "height": 844})
    tab.open("deploy")
    for name in ("Models", "Services", "API keys", "Feedback"):
        tab.page.get_by_role("tab", name=name).click()
        tab.settle()
        main = "document.querySelector('[data-testid=stMain]')"
        assert tab.page.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 1
