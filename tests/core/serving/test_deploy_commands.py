"""`python -m core deploy …` on a workspace with an accepted version."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.__main__ import main
from core.storage.workspace import Workspace
from tests.leak_statuses import CLEAN, told

Deploy = Callable[..., Any]


@pytest.fixture
def deploy(private_workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Deploy:
    """Runs a command and gives its JSON object, or its sentence with the status."""

    def run(*words: str) -> Any:
        status = main(["deploy", *words, "--workspace", str(private_workspace.root), "--json"])
        captured = capsys.readouterr()
        return json.loads(captured.out) if status == 0 else (status, captured.err)

    return run


def test_prepare_prints_the_gates_figures(deploy: Deploy, private_workspace: Workspace) -> None:
    told(private_workspace, private_workspace.corpora.all()[0].id, test=3)
    values = deploy("prepare", "--run", "demo", "--quantization", "float32", "--num-segments", "60")
    gate = values["gate"]
    assert (values["engine"], values["decision"], gate["num_segments"]) == (
        "ctranslate2", "pending", 60,
    )  # fmt: skip
    assert gate["identical_share"] >= 0.95 and gate["is_recommended"]
    assert gate["signature"].startswith("chrF2|")
    assert values["leaks"] == {"badge": "clean", "sentence": CLEAN.format("dev")}
    for side in ("original", "prepared"):
        figures = gate[side]
        assert figures["segments_per_s"] > 0 and figures["size_bytes"] > 1_000_000
        assert figures["peak_memory_bytes"] > 10_000_000


def test_an_earlier_version_can_be_accepted_again(
    deploy: Deploy, private_workspace: Workspace
) -> None:
    first = deploy("list")["versions"][0]["version"]
    second = deploy("prepare", "--run", "demo", "--num-segments", "5", "--accept")["version"]
    model = private_workspace.versions.get(first).model
    current = private_workspace.versions.current
    assert current(model).id == second  # type: ignore[union-attr]
    deploy("accept", first[:8])
    assert current(model).id == first  # type: ignore[union-attr]
    deploy("refuse", first)
    assert current(model).id == second  # type: ignore[union-attr]
    deploy("delete", second)
    assert current(model) is None
    assert not private_workspace.version_folder(second).exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("prepare", "--run", "demmo"), "There is neither a run nor a model 'demmo'"),
        (("prepare", "--run", "demo@7"), "has no checkpoint of step 7"),
        (("prepare", "--model", "starter"), "starter needs a corpus to be compared on"),
        (("accept", "ffff"), "There is no version 'ffff'"),
        (("stop", "none"), "There is no service 'none'"),
    ],
)
def test_user_errors_are_one_sentence(
    deploy: Deploy, words: tuple[str, ...], sentence: str
) -> None:
    status, told = deploy(*words)
    assert status == 2 and sentence in told and len(told.splitlines()) == 1


def test_keys_are_shown_once(deploy: Deploy) -> None:
    made = deploy("key", "create", "Clinic", "--requests-per-minute", "60")
    listed = deploy("key", "list")["keys"]
    assert made["key"] not in json.dumps(listed) and "key_hash" not in listed[0]
    assert listed[0]["requests_per_minute"] == 60
    assert deploy("key", "revoke", "Clinic") == {"revoked": made["id"]}
    assert deploy("key", "list")["keys"][0]["revoked_at"]
