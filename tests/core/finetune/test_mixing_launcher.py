"""A run with everything at once: both directions, a tagged corpus with a weight, general text."""

import hashlib
from typing import Any

import pytest

from core.corpora.sample import SRC_LANG, TGT_LANG, generate_sample
from core.corpora.storing import store_corpus
from core.finetune import runs
from core.finetune.history import HistoryReader
from core.jobs import queue
from core.serving import versions
from core.serving.servable import load_servable
from core.serving.settings import PrepareSettings
from core.storage.files import read_json
from core.storage.run_records import Run

pytestmark = pytest.mark.launcher

SIZE = 40


@pytest.fixture(scope="module")
def mixing_lab(shared_lab):
    """A lab with a corpus that is mixed in, of which two segments leak, and one of general text."""
    tiny = generate_sample(300, 12, 12)
    more = generate_sample(SIZE, 8, 6, seed=7)
    leaks = [tiny.dev[0], (tiny.test[0][0].upper(), "rud éigin eile")]
    turned = [(target, source) for source, target in [*more.train[:20], *leaks]]
    common = {"src_lang": SRC_LANG, "tgt_lang": TGT_LANG}
    store_corpus(
        shared_lab.workspace,
        name="back",
        src_lang=TGT_LANG,
        tgt_lang=SRC_LANG,
        splits={"train": turned},
    )
    splits = {"train": more.train[20:], "dev": more.dev, "test": more.test}
    store_corpus(shared_lab.workspace, name="general", **common, splits=splits)
    return shared_lab


def everything(**changes: Any) -> dict[str, Any]:
    return {
        "engine": "plain",
        "both_directions": True,
        "mixed": [{"corpus": "back", "weight": 1.5, "tag": "<BT>"}],
        "general_corpus": "general",
        "general_share": 0.1,
        "eval_every_steps": 1,
        "eval_segments": 6,
        **changes,
    }


@pytest.fixture(scope="module")
def whole(mixing_lab) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        return mixing_lab.finish(**everything())


def test_scores_of_the_other_direction_and_of_general_text_stand_beside(mixing_lab, whole):
    folder = mixing_lab.folder(whole)
    result = read_json(folder.result_file)
    assert result["num_segments"] == 12
    reverse, general = result["reverse"], result["general"]
    assert (reverse["num_segments"], reverse["split"], reverse["corpus"]) == (12, "test", "tiny")
    assert (general["num_segments"], general["split"]) == (6, "test")
    for found in (reverse, general):
        for key in ("base", "fine_tuned"):
            assert [score["name"] for score in found[key]] == [
                score["name"] for score in result["base"]
            ]
    stored = mixing_lab.workspace.runs.get(whole.id).scores
    assert (stored["reverse"], stored["general"]) == (reverse, general)
    evals = mixing_lab.records(whole, "eval")
    assert [record["step"] for record in evals] == [0, 1, 2, 3]
    for record in evals:
        for name in ("scores", "reverse_scores", "general_scores"):
            assert [score["name"] for score in record[name]] == ["BLEU", "chrF++"], name
            assert all(score["num_segments"] == 6 for score in record[name])
    history = HistoryReader(folder.path).read()
    assert len(history.evals.values["general BLEU"]) == 4


def test_leaks_are_left_out_and_every_file_is_told_by_its_hash(mixing_lab, whole):
    folder = mixing_lab.folder(whole)
    (record,) = mixing_lab.records(whole, "data")
    told = [
        (part["role"], part["src_lang"], part["num_segments"], part["num_drawn"])
        for part in record["parts"]
    ]
    one_way = [("main", 300, 300), ("mixed", 20, 30), ("general", 20, 37)]
    assert told == [
        (role, lang, count, drawn)
        for lang in (SRC_LANG, TGT_LANG)
        for role, count, drawn in one_way
    ]
    assert {part["corpus"]: part["num_left_out"] for part in record["parts"]} == {
        "tiny": 0,
        "back": 2,
        "general": 0,
    }
    (plan,) = mixing_lab.records(whole, "plan")
    assert plan["num_train"] == 2 * (300 + 30 + 37)
    files = read_json(folder.environment_file)["data"]
    assert [(file["corpus"], file["split"]) for file in files] == [
        *(("tiny", split) for split in ("train", "dev", "test")),
        ("back", "train"),
        *(("general", split) for split in ("train", "dev", "test")),
    ]
    for file in files:
        path = mixing_lab.workspace.split_file(file["corpus_id"], file["split"])
        assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_saved_model_keeps_the_direction_of_the_run(mixing_lab, whole):
    folder = mixing_lab.folder(whole).model_folder
    token = read_json(folder / "generation_config.json")["forced_bos_token_id"]
    tokens = read_json(folder / "tokenizer.json")["added_tokens"]
    assert {item["id"]: item["content"] for item in tokens}[token] == TGT_LANG


def test_model_is_prepared_for_both_directions(mixing_lab, whole):
    workspace = mixing_lab.workspace
    version = versions.prepare(workspace, PrepareSettings(model=whole.id, num_segments=2))
    state = queue.wait(workspace, version.id)
    assert state.state == "finished", state.reason
    servable = load_servable(versions.model_folder(workspace, version))
    assert servable.targets_of(SRC_LANG) == [TGT_LANG]
    assert servable.targets_of(TGT_LANG) == [SRC_LANG]


def test_resumed_run_sees_the_same_segments_as_an_uninterrupted_one(mixing_lab, whole, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    run = mixing_lab.launch(**everything(max_steps=3))
    mixing_lab.until_step(run, 1)
    runs.stop(mixing_lab.workspace, run.id, "save")
    state = mixing_lab.wait(run)
    if state.state == "stopped":  # it may have been faster
        runs.resume(mixing_lab.workspace, run.id)
        state = mixing_lab.wait(run)
    assert state.state == "finished", mixing_lab.report(run)
    assert mixing_lab.losses(run) == pytest.approx(mixing_lab.losses(whole), rel=1e-6)
    scores = [
        read_json(mixing_lab.folder(each).result_file)[key]
        for each in (run, whole)
        for key in ("fine_tuned", "reverse", "general")
    ]
    assert scores[:3] == scores[3:]
    mixing_lab.assert_nothing_left(run)
