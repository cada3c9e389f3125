from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import HostError
from core.storage.workspace import PROJECT, Workspace, default_workspace


@pytest.mark.parametrize("name", ["plain", "with space é", "a?b=c", "100%20", "a#b", "x:y@z"])
def test_workspace_stays_inside_its_folder_whatever_that_is_called(
    name: str, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path / name)
    workspace.corpora.all()
    workspace.database.dispose()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name / "adaptmllm.db").is_file()


def test_all_paths_lie_below_the_root(workspace: Workspace) -> None:
    root = workspace.root
    assert workspace.split_file("c", "dev") == root / "corpora/c/dev.jsonl"
    assert workspace.run_folder("r") == root / "runs/r"
    assert workspace.starter_model == root / "models/starter"
    assert workspace.models_folder.is_dir()


def test_records_survive_reopening(workspace: Workspace) -> None:
    again = Workspace(workspace.root)
    assert again.corpora.all() == []
    again.database.dispose()


def test_file_in_place_of_the_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(HostError, match="The workspace .*/file cannot be used") as caught:
        Workspace(tmp_path / "file")
    assert "ADAPTMLLM_WORKSPACE" in caught.value.hint


@pytest.mark.parametrize("damage", ["garbage", "folder"])
def test_damaged_database_is_one_sentence(damage: str, tmp_path: Path) -> None:
    if damage == "garbage":
        (tmp_path / "adaptmllm.db").write_bytes(b"not a database, but long enough " * 100)
    else:
        (tmp_path / "adaptmllm.db").mkdir()
    with pytest.raises(HostError, match="The database of the workspace .* cannot be used: "):
        Workspace(tmp_path)


@pytest.mark.parametrize(
    "url", ["no url: secret", "oddsql://user:secret@host/name", "sqlite:////nowhere/at/all.db"]
)
def test_wrong_database_url_is_one_sentence_without_its_password(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ADAPTMLLM_DATABASE_URL", url)
    with pytest.raises(HostError, match="The database of the workspace") as caught:
        Workspace(tmp_path)
    assert "secret" not in str(caught.value)
    assert "ADAPTMLLM_DATABASE_URL" in caught.value.hint


def test_variable_chooses_the_default_workspace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert default_workspace() == PROJECT / "workspace"
    monkeypatch.setenv("ADAPTMLLM_WORKSPACE", str(tmp_path))
    assert default_workspace() == tmp_path


def test_variable_chooses_the_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ADAPTMLLM_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    workspace = Workspace(tmp_path / "workspace")
    workspace.database.dispose()
    assert (tmp_path / "elsewhere.db").is_file()
    assert not (tmp_path / "workspace/adaptmllm.db").exists()
