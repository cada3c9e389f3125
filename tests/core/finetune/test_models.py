from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelError
from core.finetune.models import HUB_MODELS, load_model, load_tokenizer, model_source, revision_of
from core.storage.workspace import PROJECT, Workspace


@pytest.fixture
def model_copy(ready_folder: Path, tmp_path: Path) -> Path:
    """A copy of the starter model to be damaged."""
    return Path(shutil.copytree(ready_folder / "models/starter", tmp_path / "model"))


def test_starter_and_folders_are_found(workspace: Workspace, tmp_path: Path) -> None:
    for folder in (workspace.starter_model, tmp_path / "mine"):
        folder.mkdir()
        (folder / "config.json").write_text("{}")
    assert model_source(workspace, "starter") == str(workspace.starter_model)
    assert model_source(workspace, str(tmp_path / "mine")) == str(tmp_path / "mine")


@pytest.mark.parametrize("name", [*HUB_MODELS, "t5-small"])
def test_hub_id_stays_as_it_is(name: str, workspace: Workspace) -> None:
    assert model_source(workspace, name) == name


@pytest.mark.parametrize(
    ("base_model", "sentence"),
    [
        ("starter", "The starter model has not been built yet."),
        ("/nowhere/model", "There is no folder /nowhere/model."),
        ("./model", "There is no folder ./model."),
        ("~/no-such-model", "There is no folder ~/no-such-model."),
        ("models/my/model", "There is no folder models/my/model."),
    ],
)
def test_model_that_is_not_there_is_one_sentence(
    base_model: str, sentence: str, workspace: Workspace
) -> None:
    with pytest.raises(ModelError) as caught:
        model_source(workspace, base_model)
    assert caught.value.message == sentence
    assert caught.value.hint


def test_folder_without_a_config_is_no_model(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no model: config\.json is missing\."):
        model_source(workspace, str(tmp_path))


def test_starter_loads_as_float32_and_has_no_revision(ready_folder: Path) -> None:
    model = load_model(str(ready_folder / "models/starter"))
    assert str(model.dtype) == "torch.float32"
    assert revision_of(model) == ""


def changed_config(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


def cut(name: str, size: int) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[:size])

    return change


def replaced(name: str, content: bytes | None) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        if content is not None:
            (folder / name).write_bytes(content)

    return change


def pickled(folder: Path) -> None:
    """Weights whose loading would run a program."""
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.")


DAMAGED: list[tuple[Callable[[str], Any], Callable[[Path], None], str]] = [
    (load_model, cut("model.safetensors", 1000), "SafetensorError: Error while deserializing"),
    (load_model, cut("model.safetensors", -1000), "SafetensorError: Error while deserializing"),
    (load_model, cut("model.safetensors", 0), "SafetensorError: Error while deserializing"),
    (load_model, replaced("model.safetensors", b"x" * 5000), "SafetensorError: "),
    (load_model, replaced("model.safetensors", None), "Error no file named model.safetensors"),
    (load_model, pickled, "UnpicklingError: Weights only load failed."),
    (load_model, replaced("config.json", b"{"), "It looks like the config file at"),
    (load_model, replaced("config.json", b"{}"), "Unrecognized model in"),
    (load_model, changed_config(model_type="zzz"), "The checkpoint you are trying to load has"),
    (load_model, changed_config(model_type="bert"), "Unrecognized configuration class"),
    (load_model, changed_config(vocab_size="x"), "StrictDataclassFieldValidationError: "),
    (load_model, changed_config(d_model=64), "RuntimeError: "),
    (load_tokenizer, replaced("tokenizer.json", b"garbage"), "Expecting value: line 1"),
    (load_tokenizer, replaced("tokenizer.json", b"{}"), "KeyError: 'added_tokens'."),
    (load_tokenizer, replaced("tokenizer_config.json", b"[]"), "AttributeError: "),
]


# PyTorch warns about the protocol before it refuses the pickle.
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize(("load", "damage", "cause"), DAMAGED)
def test_damaged_model_is_one_sentence(
    load: Callable[[str], Any], damage: Callable[[Path], None], cause: str, model_copy: Path
) -> None:
    damage(model_copy)
    with pytest.raises(ModelError) as caught:
        load(str(model_copy))
    message = caught.value.message
    assert message.startswith(f"The model in {model_copy} cannot be read: {cause}")
    assert message.endswith(".")
    assert "\n" not in message
    assert "weights_only" not in message
    assert "model.safetensors" in caught.value.hint


def test_tokenizer_without_its_vocabulary_is_refused(model_copy: Path) -> None:
    """Transformers gives one that knows special tokens alone, so all text would be unknown."""
    (model_copy / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="knows no text: its vocabulary is missing"):
        load_tokenizer(str(model_copy))


def test_lack_of_memory_is_not_called_a_broken_model(
    model_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForSeq2SeqLM

    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")):

        def too_large(*_: Any, error: Exception = error, **__: Any) -> None:
            raise error

        monkeypatch.setattr(AutoModelForSeq2SeqLM, "from_pretrained", too_large)
        with pytest.raises(type(error)):
            load_model(str(model_copy))


NOT_REACHED = (
    "The model facebook/nllb-200-distilled-600M is not on this machine and the hub cannot be "
    "reached.|Check the network, or give a folder that holds the model."
)

LOAD = """
import sys, time
time.sleep = lambda seconds: None  # the hub's library tries again six times, up to 50 s
from core.errors import ModelError
from core.finetune.models import load_tokenizer
try:
    load_tokenizer("facebook/nllb-200-distilled-600M")
except ModelError as error:
    sys.stdout.write(error.message + "|" + error.hint)
"""


def test_hub_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    network = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:9"}
    result = subprocess.run(
        [sys.executable, "-c", LOAD],
        cwd=PROJECT,
        env={**os.environ, **network, "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == NOT_REACHED


def test_hub_model_while_switched_off_line_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    # Read from HF_HUB_OFFLINE and HF_HOME when the library was imported.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    for load in (load_tokenizer, load_model):
        with pytest.raises(ModelError) as caught:
            load("facebook/nllb-200-distilled-600M")
        assert f"{caught.value.message}|{caught.value.hint}" == NOT_REACHED


ANSWERS = [
    (
        "401 Client Error. You are trying to access a gated repo.",
        "it is gated, private or misspelt.",
    ),
    (
        "x/y is not a local folder and is not a valid model identifier",
        "The hub has no model 'x/y'.",
    ),
    ("Something\nelse", "The model x/y cannot be loaded: Something."),
]


@pytest.mark.parametrize(("text", "sentence"), ANSWERS)
def test_answer_of_the_hub_becomes_one_sentence(
    text: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoTokenizer

    def refused(*_: Any, **__: Any) -> None:
        raise OSError(text)

    monkeypatch.setattr(AutoTokenizer, "from_pretrained", refused)
    with pytest.raises(ModelError) as caught:
        load_tokenizer("x/y")
    assert caught.value.message.endswith(sentence)
