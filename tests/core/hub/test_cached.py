from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ModelError
from core.hub import cached
from core.hub.downloading import download
from core.hub.remote import ask
from core.storage.workspace import PROJECT
from tests.core.hub.conftest import FILES, REPO
from tests.core.hub.test_downloading import NEEDED, Watched
from tests.servers.hub import HubServer


def test_empty_cache_has_no_models(hub: HubServer) -> None:
    assert cached.cached_models() == []
    assert cached.snapshot(REPO) is None


def test_list_says_what_is_here_without_asking_anybody(hub: HubServer) -> None:
    first = download(REPO, "", Watched())
    hub.repos[REPO].commit({**FILES, "config.json": b'{"model_type": "t5"}'})
    second = download(REPO, "", Watched())
    hub.requests.clear()
    models = {model.commit: model for model in cached.cached_models()}
    assert set(models) == {first.name, second.name}
    assert models[second.name].refs == ("main",) and models[first.name].refs == ()
    size = sum(len(FILES[name]) for name in NEEDED)
    assert models[first.name].size_bytes == size
    assert all(model.is_complete and model.folder.is_dir() for model in models.values())
    assert models[first.name].last_used[:2] == "20"
    assert hub.requests == []


def test_interrupted_download_is_listed_as_not_complete(hub: HubServer) -> None:
    hub.faults.breaks["model.safetensors"] = [50_000, *[0] * 100]
    with pytest.raises(ModelError):
        download(REPO, "", Watched())
    (model,) = cached.cached_models()
    assert (model.repo_id, model.is_complete, model.partial_bytes) == (REPO, False, 50_000)
    assert cached.delete(REPO) > 50_000
    assert cached.cached_models() == []


def test_one_revision_or_all_of_a_model_is_deleted(hub: HubServer) -> None:
    first = download(REPO, "", Watched())
    hub.repos[REPO].commit({**FILES, "config.json": b'{"model_type": "t5"}'})
    second = download(REPO, "", Watched())
    freed = cached.delete(REPO, first.name[:8])
    assert freed == len(FILES["config.json"])  # all else is shared with the other revision
    assert cached.snapshot(REPO, first.name) is None
    assert cached.snapshot(REPO) == second
    assert cached.delete(REPO) > 200_000
    assert not cached.repo_folder(REPO).exists()
    with pytest.raises(ModelError, match=r"There is no tests/tiny on this machine\."):
        cached.delete(REPO)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_snapshot_that_lacks_a_file_is_no_model(missing: str, hub: HubServer) -> None:
    folder = download(REPO, "", Watched())
    (folder / missing).unlink()
    assert cached.snapshot(REPO) is None


@pytest.mark.parametrize("text", ["../x", "/etc/passwd", "a/../b", "x y/z", "a/b/c"])
def test_what_is_no_hub_id_is_never_looked_up(text: str, hub: HubServer) -> None:
    assert cached.snapshot(text) is None
    with pytest.raises(ModelError, match="is no id of a model on the hub"):
        download(text, "", Watched())


def test_revision_that_leads_out_of_the_cache_is_unknown(hub: HubServer, tmp_path: Path) -> None:
    download(REPO, "", Watched())
    (cached.cache_folder() / "elsewhere").write_text("0" * 40)
    assert cached.resolved(REPO, "../../elsewhere") == ""


def test_what_the_hub_says_of_a_model(hub: HubServer) -> None:
    found = ask(REPO)
    assert found.commit == hub.repos[REPO].refs["main"]
    assert {file.name for file in found.files} == NEEDED
    assert found.size_bytes == sum(len(FILES[name]) for name in NEEDED)
    assert found.total_bytes == sum(map(len, FILES.values()))
    assert (found.licence, found.gated, found.is_private) == ("cc-by-nc-4.0", "", False)


LISTED = """
import json, sys
from core.hub.cached import cached_models
sys.stdout.write(json.dumps([[m.repo_id for m in cached_models()],
    [name for name in ("torch", "transformers", "streamlit") if name in sys.modules]]))
"""


def test_listing_imports_no_model_library(hub: HubServer) -> None:
    download(REPO, "", Watched())
    command = [sys.executable, "-c", LISTED]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert json.loads(result.stdout) == [[REPO], []]
