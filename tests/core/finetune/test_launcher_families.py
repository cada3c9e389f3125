"""Every family by the real launcher: trained, saved, reloaded from the disk, in the right language.

The supervisor adds nothing to this, so its commands are started directly, two at a time.
"""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.corpora.sample import generate_sample
from core.corpora.storing import store_corpus
from core.finetune import runs
from core.finetune.adapters import Adapter, bind
from core.finetune.checkpoint_model import write_checkpoint_model
from core.finetune.decoding import padded, translate
from core.finetune.job import KIND
from core.finetune.models import load_model, load_tokenizer
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.storage.files import JsonLinesTail, read_json
from core.storage.workspace import PROJECT
from tests.core.finetune.tiny_families import FAMILIES, build_family

pytestmark = [
    pytest.mark.launcher,
    pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses"),
    pytest.mark.filterwarnings("ignore:builtin type .*wig.* has no __module__:DeprecationWarning"),
]

LIMIT_S = 600  # on a busy machine DeepSpeed compiles for minutes
NEW = {"tgt_lang": "cor_Latn", "tgt_lang_like": "gle_Latn"}


@dataclass(frozen=True)
class Case:
    """One run: a family, what differs from the settings of all, and what names its target."""

    family: str
    method: str
    forced: str = ""
    prefix: str = ""
    changes: tuple[tuple[str, Any], ...] = ()


def case(family: str, method: str, *, forced: str = "", prefix: str = "", **changes: Any) -> Case:
    return Case(family, method, forced, prefix, tuple(changes.items()))


SPLIT = {"engine": "deepspeed", "zero_stage": 3}
T5_PREFIX = "translate English to Irish: "
CASES = [
    case("NLLB", "full", forced="gle_Latn"),
    case("NLLB", "lora", forced="cor_Latn", **NEW),
    case("M2M100", "full", forced="__cor_Latn__", **NEW),
    case("M2M100", "lora", forced="__ga__"),
    case("mBART-50", "full", forced="mr_IN"),
    case("mBART-50", "lora", forced="mr_IN"),
    case("Marian", "full"),
    case("Marian", "lora"),
    case("multilingual Marian", "full", prefix=">>ga<<"),
    case("T5", "full", prefix=T5_PREFIX),
    case("T5", "lora", prefix=T5_PREFIX),
    case("mT5", "full", prefix=T5_PREFIX, precision="bf16"),
    # Output weights of their own, written from parts.
    case("MADLAD", "full", prefix="<2ga>", **SPLIT),
    case("MADLAD", "lora", prefix="<2ga>"),
]


def named(each: Case) -> str:
    return f"{each.family} {each.method}"


@dataclass(frozen=True)
class Done:
    """A run that ended well: its folder, its settings, and its base model's folder."""

    folder: Any
    settings: FineTuneSettings
    base: Path
    records: list[dict[str, Any]]


@pytest.fixture(scope="module")
def family_runs(
    request: pytest.FixtureRequest, shared_lab, tmp_path_factory: pytest.TempPathFactory
) -> dict[Case, Done]:
    """The runs of all tests that were chosen, two at a time."""
    wanted = {
        item.callspec.params["each"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    }
    cases = [each for each in CASES if each in wanted]
    sample = generate_sample(24, 4, 4)
    for lang in ("gle_Latn", "mar_Deva", "cor_Latn"):
        splits = {"train": sample.train, "dev": sample.dev, "test": sample.test}
        store_corpus(
            shared_lab.workspace, name=lang, src_lang="eng_Latn", tgt_lang=lang, splits=splits
        )
    root = tmp_path_factory.mktemp("families")
    bases = {name: build_family(name, root / name) for name in FAMILIES}
    launched = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "advance", lambda *_, **__: None)
        for each in cases:
            launched[each] = shared_lab.launch(**_settings(each, bases[each.family]))
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda each: _train(shared_lab, launched[each]), cases)
        ends = dict(zip(cases, found, strict=True))
    done = {}
    for each, run in launched.items():
        assert ends[each] == 0, f"{named(each)}: {shared_lab.report(run)}"
        folder = shared_lab.folder(run)
        records = JsonLinesTail(folder.metrics_file).read()
        settings = FineTuneSettings.load(folder.settings_file)
        done[each] = Done(folder, settings, bases[each.family], records)
        runs.stop(shared_lab.workspace, run.id, "save")  # out of the queue
    return done


def _settings(each: Case, base: Path) -> dict[str, Any]:
    small = {
        "base_model": str(base), "engine": "plain", "method": each.method, "lora_rank": 2,
        "lora_targets": "attention and feed-forward", "max_steps": 2, "eval_segments": 2,
        "tgt_lang": FAMILIES[each.family].tgt_lang, "learning_rate": 1e-2, "weight_decay": 0.1,
        "max_target_length": 8,
    }  # fmt: skip
    small |= dict(each.changes)
    return {**small, "corpus": small["tgt_lang"]}


def _train(lab: Any, run: Any) -> int:
    """Starts what the supervisor would start, and gives the exit status."""
    folder = lab.folder(run)
    status = 0
    with (folder.path / "log.txt").open("wb") as log:
        for stage in KIND.stages(lab.workspace, folder):
            done = subprocess.run(
                stage.arguments,
                cwd=PROJECT,
                env={**os.environ, **stage.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=LIMIT_S,
                check=False,
            )
            status = status or done.returncode
    return status


def loaded(done: Done) -> tuple[Any, Adapter]:
    """Gives the saved model and its tokenizer, from the disk alone."""
    folder = str(done.folder.model_folder)
    settings = done.settings
    adapter = bind(load_tokenizer(folder), settings.src_lang, settings.tgt_lang)
    return load_model(folder).eval(), adapter


def sources_of(done: Done) -> list[str]:
    return [row["source"] for row in JsonLinesTail(done.folder.outputs_file).read()]


@pytest.mark.parametrize("each", CASES, ids=named)
def test_saved_model_is_the_trained_one(each: Case, family_runs, tmp_path: Path) -> None:
    """Its logits are those of the last checkpoint, and training changed them."""
    import torch

    done = family_runs[each]
    saved, adapter = loaded(done)
    write_checkpoint_model(
        done.folder.path, 2, done.settings, str(done.base), tmp_path / "checkpoint"
    )
    trained = load_model(str(tmp_path / "checkpoint")).eval()
    ids, mask = padded(adapter.encode_sources(sources_of(done), 32), adapter.tokenizer.pad_token_id)
    given = {
        "input_ids": torch.tensor(ids),
        "attention_mask": torch.tensor(mask),
        "decoder_input_ids": torch.tensor(ids)[:, :3],
    }
    with torch.no_grad():
        first, second = (model(**given).logits for model in (saved, trained))
        torch.testing.assert_close(first, second, rtol=1e-5, atol=1e-6)
        base = load_model(str(done.base)).eval()
        size = base.get_input_embeddings().weight.shape[0]
        if max(map(max, ids)) < size:
            assert (base(**given).logits - first[..., :size]).abs().max() > 1e-4
    assert not any("lora" in name for name in saved.state_dict())


@pytest.mark.parametrize("each", CASES, ids=named)
def test_saved_model_translates_into_the_language_of_the_run(each: Case, family_runs) -> None:
    import torch

    done = family_runs[each]
    model, adapter = loaded(done)
    tokens = adapter.tokenizer.convert_ids_to_tokens
    sources = sources_of(done)
    rows = adapter.encode_sources(sources, 32)
    stored = read_json(done.folder.model_folder / "generation_config.json")
    # Without being told: the language is the saved model's own.
    ids = model.generate(input_ids=torch.tensor(rows[:1]), max_new_tokens=4, max_length=None)
    if each.forced:
        assert tokens(stored["forced_bos_token_id"]) == each.forced
        assert tokens(int(ids[0][1])) == each.forced
    else:
        assert stored.get("forced_bos_token_id") is None
        assert "".join(tokens(rows[0])).replace("▁", " ").strip().startswith(each.prefix)
    again = translate(
        model, adapter, sources, max_source_length=32, max_target_length=8, num_beams=1
    ).hypotheses
    if done.settings.precision == "fp32":
        outputs = [row["fine_tuned"] for row in JsonLinesTail(done.folder.outputs_file).read()]
        assert again == outputs


@pytest.mark.parametrize("each", CASES, ids=named)
def test_losses_are_numbers_and_every_step_was_made(each: Case, family_runs) -> None:
    done = family_runs[each]
    train = [record for record in done.records if record["kind"] == "train"]
    assert [record["step"] for record in train] == [1, 2]
    assert all(0 < record["loss"] < 20 for record in train)
    (plan,) = (record for record in done.records if record["kind"] == "plan")
    is_part = plan["num_trainable"] < plan["num_parameters"]
    # Marian's positions are computed, and stay.
    assert is_part == (each.method == "lora" or "Marian" in each.family)


UNTIED = [each for each in CASES if each.family in ("MADLAD", "T5")]


@pytest.mark.parametrize("each", UNTIED, ids=named)
def test_output_weights_of_madlad_stay_apart(each: Case, family_runs) -> None:
    model, _ = loaded(family_runs[each])
    is_tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    assert is_tied == (each.family == "T5")
