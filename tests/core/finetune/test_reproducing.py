"""A run's folder is enough to do the run again elsewhere, and says so where it is not."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.commands.finetune import _settings
from core.corpora.segments import read_segments
from core.corpora.storing import store_corpus
from core.errors import DataError
from core.finetune.reproducing import (
    as_recorded,
    bring_corpora,
    differences,
    file_digest,
    keep_corpora,
    model_digest,
)
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.setup import set_up
from core.storage.files import JsonLinesTail, read_json, write_json
from core.storage.workspace import PROJECT, Workspace
from tests.core.finetune.conftest import Lab

PAIRS = [(f"a line {n}\nwith a break", f"líne {n}\tand a tab") for n in range(12)]


def with_corpus(root: Path) -> tuple[Workspace, str]:
    workspace = Workspace(root)
    splits = {"train": PAIRS[:8], "dev": PAIRS[8:10], "test": PAIRS[10:]}
    corpus = store_corpus(
        workspace, name="Lines", src_lang="eng_Latn", tgt_lang="gle_Latn", splits=splits
    )
    return workspace, corpus.id


@pytest.fixture
def kept(tmp_path: Path) -> tuple[RunFolder, str]:
    """A folder with a run's settings and corpora, moved away from its workspace."""
    workspace, corpus_id = with_corpus(tmp_path / "first")
    folder = RunFolder(tmp_path / "away")
    folder.path.mkdir()
    settings = FineTuneSettings(corpus=corpus_id)
    settings.save(folder.settings_file)
    keep_corpora(workspace, settings, folder)
    workspace.database.dispose()
    shutil.rmtree(tmp_path / "first")
    return folder, corpus_id


def test_kept_corpora_come_back_with_id_name_and_every_segment(
    kept: tuple[RunFolder, str], tmp_path: Path
) -> None:
    folder, corpus_id = kept
    workspace = Workspace(tmp_path / "second")
    (corpus,) = bring_corpora(workspace, folder.settings_file)
    assert (corpus.id, corpus.name, corpus.num_train) == (corpus_id, "Lines", 8)
    assert read_segments(workspace.split_file(corpus_id, "train")) == PAIRS[:8]
    assert bring_corpora(workspace, folder.settings_file) == []


def test_a_taken_name_does_not_keep_a_corpus_out(
    kept: tuple[RunFolder, str], tmp_path: Path
) -> None:
    folder, corpus_id = kept
    workspace, other_id = with_corpus(tmp_path / "second")
    (corpus,) = bring_corpora(workspace, folder.settings_file)
    assert corpus.name == f"Lines ({corpus_id[:8]})"
    assert workspace.corpora.get("Lines").id == other_id


def test_a_changed_file_is_refused_and_nothing_is_stored(
    kept: tuple[RunFolder, str], tmp_path: Path
) -> None:
    folder, corpus_id = kept
    file = folder.corpora_folder / corpus_id / "train.jsonl"
    file.write_text(file.read_text().replace("line 3", "line 4"))
    workspace = Workspace(tmp_path / "second")
    with pytest.raises(DataError, match=r"train\.jsonl is not as the run left it"):
        bring_corpora(workspace, folder.settings_file)
    assert workspace.corpora.all() == []


def test_threads_of_the_run_are_taken_where_its_settings_leave_them_open(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    write_json(tmp_path / "environment.json", {"threads_per_process": 3})
    assert as_recorded(FineTuneSettings(), file).threads_per_process == 3
    assert as_recorded(FineTuneSettings(threads_per_process=1), file).threads_per_process == 1
    assert (
        as_recorded(FineTuneSettings(), tmp_path / "no" / "settings.json").threads_per_process == 0
    )


def test_what_makes_losses_differ_is_said(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"weights")
    file = tmp_path / "settings.json"
    settings = FineTuneSettings(base_model=str(model))
    workspace = Workspace(tmp_path / "workspace")
    recorded = {"versions": {"torch": "1.0"}, "base_model_digest": model_digest(str(model))}
    write_json(tmp_path / "environment.json", recorded)
    (first,) = differences(workspace, settings, file)
    assert first.startswith("The run had torch 1.0, here it is ")
    (model / "model.safetensors").write_bytes(b"Weights")
    assert differences(workspace, settings, file)[1] == (
        f"The base model {model} is another than the run's."
    )


def test_digest_of_an_absent_split_is_that_of_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert file_digest(tmp_path / "empty") == file_digest(tmp_path / "absent")


@pytest.mark.launcher
def test_a_folder_taken_elsewhere_gives_the_same_losses(lab: Lab, tmp_path: Path) -> None:
    run = lab.finish(engine="plain", threads_per_process=0, max_steps=4, eval_every_steps=2)
    first = RunFolder(lab.workspace.run_folder(run.id))
    away = tmp_path / "away"
    away.mkdir()
    for name in ("settings.json", "environment.json"):
        shutil.copyfile(first.path / name, away / name)
    shutil.copytree(first.corpora_folder, away / "corpora")
    second = Workspace(tmp_path / "second")
    set_up(second)
    words = ["finetune", "--settings", str(away / "settings.json"), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "core", *words, "--workspace", str(second.root)],
        cwd=PROJECT,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Took in the corpus" in done.stderr
    assert "Losses may differ" not in done.stderr
    again = RunFolder(second.run_folder(json.loads(done.stdout)["run"]))
    assert losses(again) == losses(first)
    assert len(losses(first)) == 7
    assert read_json(again.result_file)["fine_tuned"] == read_json(first.result_file)["fine_tuned"]
    second.database.dispose()


def losses(folder: RunFolder) -> list[tuple[str, int, float]]:
    records = JsonLinesTail(folder.metrics_file).read()
    return [(r["kind"], r["step"], r["loss"]) for r in records if "loss" in r]


def test_settings_beside_a_run_are_read_with_its_threads(tmp_path: Path) -> None:
    import argparse

    FineTuneSettings(num_epochs=7).save(tmp_path / "settings.json")
    write_json(tmp_path / "environment.json", {"threads_per_process": 2})
    chosen = argparse.Namespace(recipe=None, settings=tmp_path / "settings.json")
    assert _settings(chosen).threads_per_process == 2
    assert _settings(chosen).num_epochs == 7
