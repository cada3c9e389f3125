"""Models of the hub on the pages: what is here, what is being downloaded, what can be deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.hub import cached, downloads
from core.hub.downloading import download
from core.hub.settings import DownloadSettings
from core.jobs import queue
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace
from tests.core.hub.conftest import REPO
from tests.core.hub.conftest import hub as hub  # noqa: PLC0414 (a fixture)
from tests.core.hub.conftest import hub_server as hub_server  # noqa: PLC0414
from tests.core.hub.test_downloading import Watched
from tests.pages.reading import button
from tests.pages.test_pages import opened, texts
from tests.servers.hub import HubServer

ROOT = Path(__file__).resolve().parents[2]


def chosen(app: AppTest) -> AppTest:
    """Chooses the stand-in's model on Fine-tune."""
    base = next(item for item in app.selectbox if item.label == "Base model")
    app = base.set_value("Another hub id or folder …").run()
    typed = next(item for item in app.text_input if item.label == "Hub id or folder")
    return typed.set_value(REPO).run()


def test_fine_tune_downloads_a_model_and_says_that_it_is_here(
    ready_workspace: Workspace, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = chosen(opened(ready_workspace, monkeypatch, "finetune"))
    assert "Not on this machine" in texts(app)
    app = button(app, "Download now").click().run()
    assert not app.exception
    found = downloads.of_model(ready_workspace, REPO)
    assert found is not None
    queue.wait(ready_workspace, found.job.id, poll_s=0.1)
    app = app.run()
    assert not app.exception
    assert "On this machine" in texts(app)
    assert hub.repos[REPO].refs["main"][:12] in texts(app)


def test_failed_download_says_why_and_can_go_on(
    ready_workspace: Workspace, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos[REPO].gated = True
    job = downloads.start(ready_workspace, DownloadSettings.parse({"model": REPO}))
    queue.wait(ready_workspace, job.id, poll_s=0.1)
    app = chosen(opened(ready_workspace, monkeypatch, "finetune"))
    assert "tests/tiny is gated" in texts(app)
    assert button(app, "Go on") and button(app, "Dismiss")


def test_settings_list_models_and_delete_one(
    workspace: Workspace, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    download(REPO, "", Watched())
    app = AppTest.from_file(ROOT / "app" / "main.py", default_timeout=60).run()
    app = app.switch_page("../pages/settings.py").run()
    assert not app.exception
    assert REPO in texts(app) and "(main)" in texts(app)
    # A test has no fragments: the dialog's opener is clicked together with what is in it.
    app = button(app, "Delete …").click().run()
    button(app, "Delete …").click()
    app = button(app, "Delete for good").click().run()
    assert not app.exception
    assert cached.cached_models() == []
    assert "No model of the hub is on this machine yet." in texts(app)
