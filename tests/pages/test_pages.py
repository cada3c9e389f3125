"""Every page through the entry script, as a tab would run it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.storage.workspace import WORKSPACE_VARIABLE, Workspace

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


def opened(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, page: str, **query: str
) -> AppTest:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    app = AppTest.from_file(ROOT / "app" / "main.py", default_timeout=60)
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    return app.switch_page(f"../pages/{page}.py").run()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_an_empty_workspace(
    page: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, page)
    assert not app.exception


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_a_ready_workspace(
    page: str, ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, page)
    assert not app.exception
