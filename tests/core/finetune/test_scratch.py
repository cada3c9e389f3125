"""Runs from scratch: what their model is built from, when, and that such a run works as others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.corpora.storing import store_corpus
from core.errors import ConfigError, DataError, ModelError
from core.finetune import runs
from core.finetune.job import KIND
from core.finetune.models import load_model, load_tokenizer, model_source
from core.finetune.preview import compute_preview
from core.finetune.run_folder import RunFolder
from core.finetune.scratch import build_command, build_model, most_parameters
from core.finetune.settings import SCRATCH, FineTuneSettings
from core.storage.files import JsonLinesTail, last_lines, read_json
from core.storage.workspace import Workspace

TINY = {
    "base_model": SCRATCH,
    "scratch_pieces": 150,
    "scratch_d_model": 16,
    "scratch_layers": 1,
    "scratch_heads": 2,
    "scratch_ffn_factor": 2,
}


@pytest.fixture
def split_workspace(workspace: Workspace) -> Iterator[Workspace]:
    """A corpus in which each split has letters of its own."""
    words = ["cat", "dog", "tree", "stone", "house"]
    store_corpus(
        workspace,
        name="c",
        src_lang="eng_Latn",
        tgt_lang="mar_Deva",
        splits={
            "train": [(f"the {w} {i}", f"मांजर {w} {i}") for w in words for i in range(40)],
            "dev": [("ßdev ßdev ßdev", "ड़ड़ ड़ड़ ड़ड़")],
            "test": [("øtest øtest øtest", "ॐॐ ॐॐ ॐॐ")],
        },
    )
    yield workspace


def settings_of(**changes: Any) -> FineTuneSettings:
    return FineTuneSettings.parse(
        {**TINY, "corpus": "c", "src_lang": "eng_Latn", "tgt_lang": "mar_Deva", **changes}
    )


def test_pieces_come_from_both_sides_of_the_training_split_alone(
    split_workspace: Workspace, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    build_model(folder, settings_of(), split_workspace)
    tokenizer = load_tokenizer(str(folder.untrained_folder))
    learnt = "".join(set(tokenizer.get_vocab()) - {*tokenizer.get_added_vocab()})
    assert set("theमांजर") <= set(learnt)
    assert not set("ßøॐ") & set(learnt)
    assert tokenizer.unk_token_id in tokenizer("øtest")["input_ids"]
    assert tokenizer.unk_token_id not in tokenizer("the house")["input_ids"]


def test_run_of_the_other_direction_learns_the_same_pieces_and_begins_with_the_other_code(
    split_workspace: Workspace, tmp_path: Path
) -> None:
    there, back = RunFolder(tmp_path / "there"), RunFolder(tmp_path / "back")
    build_model(there, settings_of(), split_workspace)
    turned = settings_of(src_lang="mar_Deva", tgt_lang="eng_Latn")
    build_model(back, turned, split_workspace)
    first, second = (load_tokenizer(str(f.untrained_folder)) for f in (there, back))
    assert first.get_vocab() == second.get_vocab()
    assert (first.src_lang, second.src_lang) == ("eng_Latn", "mar_Deva")


def test_model_follows_the_settings_and_the_seed(
    split_workspace: Workspace, tmp_path: Path
) -> None:
    weights = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        folder = RunFolder(tmp_path / name)
        changes = {"scratch_dropout": 0.4, "max_source_length": 700}
        build_model(folder, settings_of(seed=seed, **changes), split_workspace)
        weights.append((folder.untrained_folder / "model.safetensors").read_bytes())
    assert weights[0] == weights[1] != weights[2]
    config = load_model(str(folder.untrained_folder)).config
    assert (config.d_model, config.encoder_layers, config.encoder_ffn_dim) == (16, 1, 32)
    assert (config.dropout, config.max_position_embeddings) == (0.4, 700)
    card = (folder.untrained_folder / "README.md").read_text(encoding="utf-8")
    assert "(150" in card and "Untrained" in card


def test_disk_is_estimated_from_the_sizes_before_the_model_exists(
    split_workspace: Workspace, tmp_path: Path
) -> None:
    settings = settings_of(scratch_pieces=100, keep_checkpoints=2)
    build_model(RunFolder(tmp_path), settings, split_workspace)
    file = RunFolder(tmp_path).untrained_folder / "model.safetensors"
    exact = 4 * most_parameters(settings)
    assert exact <= file.stat().st_size <= exact + 20_000  # names and shapes come on top
    # Three checkpoints of four times the weights, the result, and the untrained model.
    settings = settings.changed(best_metric="last")
    expected = runs.MIN_FREE_BYTES + 14 * exact
    assert runs.needed_bytes(split_workspace, settings) == expected


def test_preview_learns_the_pieces_that_the_run_will_learn(
    split_workspace: Workspace, tmp_path: Path
) -> None:
    settings = settings_of(scratch_pieces=4000)
    preview = compute_preview(split_workspace, settings)
    build_model(RunFolder(tmp_path), settings, split_workspace)
    tokenizer = load_tokenizer(str(RunFolder(tmp_path).untrained_folder))
    # The corpus is too small for 4,000: what it gives is said.
    assert preview.num_pieces == len(tokenizer) - 203 < 200
    assert (preview.family, preview.forced_token) == ("NLLB", "mar_Deva")
    assert preview.unknown_source == preview.unknown_target == 0
    ids = tokenizer(preview.rows[0].source)["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == preview.rows[0].source_tokens


def test_model_is_built_by_the_first_command_and_once(tmp_path: Path, workspace: Workspace) -> None:
    run = RunFolder(tmp_path)
    settings_of(engine="plain").save(run.settings_file)
    build, train = KIND.stages(workspace, run)
    assert build.arguments == build_command(run.settings_file)
    assert (build.state, build.can_save, train.can_save) == ("preparing", False, True)
    run.untrained_folder.mkdir()
    (only,) = KIND.stages(workspace, run)
    assert only.arguments[-1] == train.arguments[-1] and only.can_save


def test_model_from_scratch_is_that_of_its_run(workspace: Workspace) -> None:
    for run_id in ("", "unknown"):
        with pytest.raises(ModelError, match="exists only in the run that builds it"):
            model_source(workspace, SCRATCH, run_id=run_id)
    folder = RunFolder(workspace.run_folder("known")).untrained_folder
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    assert model_source(workspace, SCRATCH, run_id="known") == str(folder)


def test_nothing_is_built_from_an_empty_training_split(
    split_workspace: Workspace, tmp_path: Path
) -> None:
    (corpus,) = split_workspace.corpora.all()
    split_workspace.split_file(corpus.id, "train").write_text("")
    with pytest.raises(DataError, match="The train split of 'c' is empty"):
        build_model(RunFolder(tmp_path), settings_of(), split_workspace)
    assert list(tmp_path.glob("*untrained*")) == []


def test_heads_must_divide_the_width_only_where_a_model_is_built() -> None:
    with pytest.raises(ConfigError) as caught:
        settings_of(scratch_d_model=250, scratch_heads=4)
    assert caught.value.message == "scratch_heads 4 must divide scratch_d_model 250."
    FineTuneSettings.parse({"scratch_d_model": 250, "scratch_heads": 4})


@pytest.mark.launcher
def test_run_from_scratch_stops_resumes_and_finishes_with_the_model_it_built(lab) -> None:
    changes = {**TINY, "engine": "plain", "max_steps": 200, "eval_every_steps": 1000}
    run = lab.launch(**changes)
    lab.until_step(run, 3)
    folder = lab.folder(run)
    built = {path.name: path.stat().st_mtime_ns for path in folder.untrained_folder.iterdir()}
    runs.stop(lab.workspace, run.id, "save")
    state = lab.wait(run)
    step = state.progress["step"]
    assert state.state == "stopped" and 3 <= step < 200, lab.report(run)

    runs.resume(lab.workspace, run.id)
    state = lab.wait(run)
    assert state.state == "finished", lab.report(run)
    lab.assert_nothing_left(run)
    again = {path.name: path.stat().st_mtime_ns for path in folder.untrained_folder.iterdir()}
    assert again == built
    assert last_lines(folder.log_file).count("learnt 150 pieces, 150 were asked for") == 1
    assert [record["step"] for record in lab.records(run, "resume")] == [step]
    (plan, _) = lab.records(run, "plan")
    assert plan["num_parameters"] == most_parameters(lab.settings(**changes))
    result = read_json(folder.result_file)
    assert {score["name"] for score in result["base"]} >= {"BLEU", "chrF++"}
    assert len(JsonLinesTail(folder.outputs_file).read()) == 12
    trained = load_tokenizer(str(folder.model_folder))
    assert trained.get_vocab() == load_tokenizer(str(folder.untrained_folder)).get_vocab()
    model = load_model(str(folder.model_folder))
    assert model.config.dropout == 0.3
    code = trained.convert_ids_to_tokens(model.generation_config.forced_bos_token_id)
    assert code == "gle_Latn"


@pytest.mark.launcher
def test_vocabulary_that_cannot_be_learnt_fails_the_run_in_one_sentence(lab) -> None:
    han = "".join(chr(0x4E00 + i) for i in range(300))
    store_corpus(
        lab.workspace,
        name="han",
        src_lang="zho_Hans",
        tgt_lang="eng_Latn",
        splits={"train": [(han, "characters")], "dev": [("a", "b")], "test": [("c", "d")]},
    )
    values = {"corpus": "han", "src_lang": "zho_Hans", "tgt_lang": "eng_Latn", "engine": "plain"}
    run, state = lab.run(**{**TINY, **values})
    assert state.state == "failed", lab.report(run)
    assert "different characters and the vocabulary is to have 150 pieces" in state.reason
    assert "larger vocabulary" in state.hint
    assert not list(lab.folder(run).path.glob("rank-*.log"))
    lab.assert_nothing_left(run)
