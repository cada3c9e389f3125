"""The known pitfalls of fine-tuning these families, by number: what guards against each.

The numbers are those of the project's list of pitfalls of NLLB, M2M100, mBART, T5 and Marian with
Transformers and DeepSpeed (as of Transformers 5.23 and DeepSpeed 0.19.8). `PITFALLS` names for each
the code that guards against it and the tests that prove it at length; all of these must exist.
Where nothing else does, the test of the same number here proves it.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import ConfigError, ModelError, TrainingError
from core.finetune.adapters import bind
from core.finetune.checkpointing import Checkpointing
from core.finetune.checkpoints import COMPLETE
from core.finetune.command import free_port
from core.finetune.engines import PlainEngine
from core.finetune.export import write_model
from core.finetune.history import HistoryReader
from core.finetune.methods import apply_method
from core.finetune.models import load_model, load_tokenizer
from core.finetune.new_languages import add_languages
from core.finetune.overflow import OverflowWatch
from core.finetune.run_folder import RunFolder
from core.finetune.schedule import learning_rate
from core.finetune.segments import Split, encode_split
from core.finetune.settings import FineTuneSettings
from core.finetune.trainer import _check_saving, _write_environment, check_fp16
from core.finetune.training import Loop
from core.storage.files import append_json_line, read_json, write_json
from core.storage.workspace import PROJECT
from tests.core.finetune.tiny_families import ENGLISH, IRISH, build_family, build_marian

pytestmark = [
    pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses"),
    pytest.mark.filterwarnings("ignore:builtin type .*wig.* has no __module__:DeprecationWarning"),
]


@dataclass(frozen=True)
class Pitfall:
    """What guards against a pitfall.

    Attributes:
        name: The pitfall.
        guards: Code, as `path:name` or `path:Class.name`.
        tests: Tests elsewhere, as `path:name`.
        reason: Why it does not concern us; else empty.
    """

    name: str
    guards: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    reason: str = ""


FINETUNE = "core/finetune/"
TESTS = "tests/core/finetune/"
NO_TRAINER = "the training loop is the project's own; Transformers' Trainer is never used"

PITFALLS = {
    1: Pitfall(
        "NLLB's code behind the text in older models",
        ("core/finetune/segments.py:encode_split", "core/finetune/trainer.py:_write_environment"),
        (f"{TESTS}test_adapters.py:test_labels_in_another_form_than_generation_are_refused",),
    ),
    2: Pitfall(
        "no target language: labels marked as the source",
        ("core/finetune/adapters.py:bind", "core/finetune/segments.py:encode_split"),
        (f"{TESTS}test_adapters.py:test_family_is_told_the_languages_in_its_own_way",),
    ),
    3: Pitfall(
        "a mistyped code becomes <unk>",
        ("core/finetune/adapters.py:_require_token", "core/settings.py:checked_language"),
        (f"{TESTS}test_adapters.py:test_misspelt_code_never_becomes_the_unknown_token",),
    ),
    4: Pitfall(
        "forced first token in the wrong configuration",
        ("core/finetune/export.py:write_model", "core/finetune/decoding.py:translate"),
        (
            f"{TESTS}test_launcher_families.py"
            ":test_saved_model_translates_into_the_language_of_the_run",
        ),
    ),
    5: Pitfall(
        "a configuration that cannot be saved ends the run at its first checkpoint",
        ("core/finetune/trainer.py:_check_saving",),
    ),
    6: Pitfall("names that Transformers 5 removed"),
    7: Pitfall(
        "each family names languages in another way",
        ("core/finetune/adapters.py:bind",),
        (f"{TESTS}test_adapters.py:test_family_is_told_the_languages_in_its_own_way",),
    ),
    8: Pitfall(
        "Marian's target in pieces of the source",
        ("core/finetune/adapters.py:Adapter.encode_targets",),
    ),
    9: Pitfall(
        "T5, mT5 and MADLAD in fp16",
        ("core/finetune/trainer.py:check_fp16", "core/finetune/family.py:is_bf16_family"),
        (f"{TESTS}test_training_parts.py:test_fp16_is_refused_for_models_of_bf16",),
    ),
    10: Pitfall(
        "dev loss that is not a number while training goes on",
        ("core/finetune/history.py:History.lost_dev_losses", "app/finetuning/run_views.py:charts"),
    ),
    11: Pitfall(
        "fp16's first skipped steps taken for divergence",
        ("core/finetune/training.py:Loop._check_finite",),
    ),
    12: Pitfall(
        "ZeRO-3 and generation of different lengths",
        (
            "core/finetune/decoding.py:translate",
            "core/finetune/evaluating.py:Evaluation._shares_weights",
        ),
        (f"{TESTS}test_launcher.py:test_two_processes_train_split_weights_in_bf16",),
    ),
    13: Pitfall(
        "ZeRO-3 saves empty weights",
        (
            "core/finetune/export.py:gathered_weights",
            "core/finetune/export.py:check_reloaded",
            "core/finetune/deepspeed_config.py:deepspeed_config",
        ),
        (f"{TESTS}test_launcher.py:test_steps_do_not_depend_on_accumulation_processes_or_engine",),
    ),
    14: Pitfall(
        "tied embeddings lost",
        ("core/finetune/export.py:write_model", "core/finetune/new_languages.py:add_rows"),
        (
            f"{TESTS}test_launcher.py:test_model_holds_one_copy_of_the_tied_embedding",
            f"{TESTS}test_new_languages.py:test_row_begins_as_the_related_languages_and_ties_hold",
        ),
    ),
    15: Pitfall(
        "MADLAD's own output weights tied by Transformers 5",
        ("core/finetune/export.py:write_model",),
        (
            f"{TESTS}test_launcher_families.py:test_output_weights_of_madlad_stay_apart",
            f"{TESTS}test_launcher_families.py:test_saved_model_is_the_trained_one",
        ),
    ),
    16: Pitfall(
        "TER taken for higher is better",
        ("core/metrics/lexical.py:score_system",),
        reason=f"{NO_TRAINER}: its metric_for_best_model does not exist here",
    ),
    17: Pitfall(
        "load_best_model_at_end with DeepSpeed",
        ("core/finetune/checkpoints.py:latest_checkpoint",),
        reason=f"{NO_TRAINER}: checkpoints are chosen by the project's own code",
    ),
    18: Pitfall(
        "LoRA resumed: frozen weights are missing",
        ("core/finetune/methods.py:load_trained", "core/finetune/methods.py:check_base"),
        (
            f"{TESTS}test_methods.py"
            ":test_lora_run_stopped_and_resumed_equals_one_of_two_processes_that_share_weights",
            f"{TESTS}test_methods.py:test_frozen_weights_are_left_out_of_a_checkpoint_and_come_back",
        ),
    ),
    19: Pitfall(
        "resume with another number of processes",
        ("core/finetune/checkpointing.py:Checkpointing.load",),
    ),
    20: Pitfall(
        "-100 in predictions",
        ("core/finetune/decoding.py:padded", "core/finetune/adapters.py:Adapter.decode"),
        (f"{TESTS}test_adapters.py:test_generated_ids_are_decoded_to_the_text_alone",),
    ),
    21: Pitfall(
        "length defaults cut translations",
        ("core/finetune/decoding.py:Decoded", "core/finetune/export.py:write_model"),
        (f"{TESTS}test_decoding.py:test_translations_come_back_in_the_order_of_the_sources",),
    ),
    22: Pitfall(
        "evaluation out of memory though training fits",
        (
            "core/finetune/decoding.py:length_batches",
            "core/finetune/evaluating.py:Evaluation._dev_loss",
        ),
        (
            f"{TESTS}test_decoding.py"
            ":test_every_segment_is_in_one_batch_and_no_batch_is_too_large",
        ),
    ),
    23: Pitfall(
        "LoRA and gradient checkpointing",
        ("core/finetune/methods.py:_recompute_layers",),
    ),
    24: Pitfall(
        "LoRA cannot learn a new language's token",
        ("core/finetune/new_rows.py:add_learning_rows",),
        (f"{TESTS}test_new_languages.py:test_new_row_learns_with_every_method_and_is_saved",),
    ),
    25: Pitfall(
        "new tokens that replace or shift the codes",
        ("core/finetune/new_languages.py:add_languages",),
        (f"{TESTS}test_new_languages.py:test_language_is_added_behind_all_others",),
    ),
    26: Pitfall(
        "script or punctuation unknown to the tokenizer",
        ("core/finetune/preview.py:compute_preview", "app/finetuning/form.py:model_sees"),
        (f"{TESTS}test_preview.py:test_preview_shows_what_the_trainer_encodes",),
    ),
    27: Pitfall(
        "cpu_adam cannot be compiled",
        ("core/finetune/command.py:missing_operators", "core/finetune/command.py:operators"),
        (
            f"{TESTS}test_command.py:test_operators_follow_from_the_settings",
            f"{TESTS}test_launcher.py"
            ":test_without_compiler_deepspeed_is_refused_and_the_plain_engine_works",
        ),
    ),
    28: Pitfall(
        "offload eats host memory",
        ("core/finetune/trainer.py:limit_memory",),
        (f"{TESTS}test_launcher_failures.py:test_out_of_memory_is_named",),
    ),
    29: Pitfall(
        "checkpoints fill the disk",
        (
            "core/finetune/preflight/disk.py:needed_bytes",
            "core/finetune/checkpoints.py:remove_old_checkpoints",
        ),
        (
            f"{TESTS}test_methods.py:test_lora_needs_less_disk",
            f"{TESTS}test_launcher_failures.py:test_full_disk_is_named_and_nothing_is_lost",
        ),
    ),
    30: Pitfall(
        "two jobs on one port",
        ("core/finetune/command.py:free_port", "core/finetune/diagnosis.py:diagnose"),
        (f"{TESTS}test_command.py:test_free_port_can_be_bound",),
    ),
    31: Pitfall(
        "hyperparameter search inside one process",
        ("core/search/trial_run.py:",),
        reason=f"{NO_TRAINER}: each trial of a study is a run with processes of its own",
    ),
    32: Pitfall(
        "no warm-up makes the rate constant",
        ("core/finetune/schedule.py:learning_rate",),
        (f"{TESTS}test_schedule.py:test_learning_rate_of_each_step",),
    ),
    33: Pitfall(
        "saving at SIGTERM races the launcher",
        ("core/finetune/training.py:Loop._train_step",),
        (
            f"{TESTS}test_launcher.py:test_stopped_and_resumed_run_equals_an_uninterrupted_one",
            f"{TESTS}test_launcher_failures.py:test_half_written_checkpoint_is_never_chosen",
        ),
    ),
}  # fmt: skip


@cache
def names_in(path: str) -> frozenset[str]:
    """Gives the functions and classes of a file; methods as `Class.name`."""
    found = {""}  # the whole file
    for node in ast.parse((PROJECT / path).read_text(encoding="utf-8")).body:
        name = getattr(node, "name", "")
        found.add(name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{name}.{getattr(part, 'name', '')}" for part in node.body}
    return frozenset(found)


def test_every_pitfall_has_a_guard_that_exists_or_a_reason() -> None:
    assert list(PITFALLS) == list(range(1, 34))
    own = names_in(f"{TESTS}test_pitfalls.py")
    here = {part for name in own if "_pitfall" in name for part in name.split("_")[2:4]}
    for number, pitfall in PITFALLS.items():
        for mark in (*pitfall.guards, *pitfall.tests):
            path, _, name = mark.partition(":")
            assert name in names_in(path), (number, mark)
        assert all(":test_" in mark for mark in pitfall.tests), number
        assert pitfall.tests or pitfall.reason or f"{number:02}" in here, (number, pitfall.name)
        assert pitfall.guards or f"{number:02}" in here, (number, pitfall.name)


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("bases")
    return {name: build_family(name, root / name) for name in ("NLLB", "M2M100", "T5", "MADLAD")}


def test_pitfall_01_legacy_behaviour_and_versions_are_in_the_run(
    bases: dict[str, Path], tmp_path: Path
) -> None:
    tokenizer = load_tokenizer(str(bases["NLLB"]))
    for is_legacy in (False, True):
        tokenizer.legacy_behaviour = is_legacy
        _write_environment(RunFolder(tmp_path), tokenizer, {})
        stored = read_json(RunFolder(tmp_path).environment_file)
        assert stored["nllb_legacy_behaviour"] is is_legacy
        assert stored["versions"]["transformers"] and stored["versions"]["deepspeed"]
        # A saved tokenizer says itself in which form it is.
        tokenizer.save_pretrained(tmp_path / "saved")
        assert load_tokenizer(str(tmp_path / "saved")).legacy_behaviour is is_legacy
    adapter = bind(tokenizer, "eng_Latn", "gle_Latn")
    with pytest.raises(ModelError, match="would begin with 'gle_Latn'"):
        encode_split(adapter, Split(ENGLISH, IRISH), FineTuneSettings())


def test_pitfall_02_labels_carry_the_target_also_after_another_direction(
    bases: dict[str, Path],
) -> None:
    tokenizer = load_tokenizer(str(bases["NLLB"]))
    for source, target in (("eng_Latn", "gle_Latn"), ("gle_Latn", "eng_Latn")):
        adapter = bind(tokenizer, source, target)
        tokens = tokenizer.convert_ids_to_tokens
        assert tokens(adapter.encode_targets(IRISH, 9)[0][0]) == target
        assert tokens(adapter.encode_sources(IRISH, 9)[0][0]) == source


def test_pitfall_03_mistyped_code_is_refused(bases: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match="'gle_Latin' is not"):
        bind(load_tokenizer(str(bases["NLLB"])), "eng_Latn", "gle_Latin")
    with pytest.raises(ConfigError, match="gle_Latin"):
        FineTuneSettings.parse({"tgt_lang": "gle_Latin"})


def test_pitfalls_04_05_parameters_of_generation_are_never_in_the_configuration(
    bases: dict[str, Path], tmp_path: Path
) -> None:
    model = load_model(str(bases["NLLB"]))
    _check_saving(model)
    adapter = bind(load_tokenizer(str(bases["NLLB"])), "eng_Latn", "gle_Latn")
    write_model(tmp_path / "model", model, dict(model.state_dict()), adapter, FineTuneSettings())
    assert "forced_bos_token_id" not in read_json(tmp_path / "model" / "config.json")
    stored = read_json(tmp_path / "model" / "generation_config.json")
    assert stored["forced_bos_token_id"] == adapter.forced_bos_token_id
    model.config.forced_bos_token_id = 5  # as Transformers 4 had it
    with pytest.raises(ValueError, match="forced_bos_token_id"):
        _check_saving(model)


REMOVED = {
    "as_target_tokenizer", "evaluation_strategy", "overwrite_output_dir", "warmup_ratio",
    "group_by_length", "logging_dir", "Seq2SeqTrainer", "TrainingArguments",
    "hyperparameter_search", "metric_for_best_model",
}  # fmt: skip


def test_pitfall_06_nothing_uses_what_transformers_removed_or_its_trainer() -> None:
    for path in sorted((PROJECT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            used = {getattr(node, name, None) for name in ("id", "attr", "arg", "name")}
            assert not used & REMOVED, f"{path}: {used & REMOVED}"


def test_pitfall_08_marians_target_is_in_pieces_of_the_target(tmp_path: Path) -> None:
    adapter = bind(build_marian(tmp_path), "eng_Latn", "gle_Latn")
    labels = adapter.encode_targets(IRISH, 99)
    assert adapter.decode(labels) == IRISH
    assert adapter.encode_sources(IRISH, 99) != labels  # the trap: pieces of English
    assert adapter.encode_targets(ENGLISH, 99) != adapter.encode_sources(ENGLISH, 99)


def test_computed_positions_of_marian_never_learn(tmp_path: Path) -> None:
    """Not in the list: Transformers 5 makes them learn when it loads them, and never saves them."""
    model = load_model(str(build_family("Marian", tmp_path / "base")))
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {f"model.{side}.embed_positions.weight" for side in ("encoder", "decoder")}
    _, gradients = trained_once(tmp_path / "base", FineTuneSettings(engine="plain"))
    assert len(gradients) == len(list(model.parameters())) - 2


def test_pitfall_09_fp16_is_refused_for_t5(bases: dict[str, Path]) -> None:
    for name in ("T5", "MADLAD"):
        adapter = bind(load_tokenizer(str(bases[name])), "eng_Latn", "gle_Latn")
        with pytest.raises(ConfigError, match="end in NaN with fp16"):
            check_fp16(FineTuneSettings(precision="fp16"), adapter)


def test_pitfall_10_dev_loss_that_is_not_a_number_is_told(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    score = {"name": "BLEU", "value": 1.0, "signature": "s", "num_segments": 2}
    for step, loss in ((0, 3.0), (10, None), (20, 2.5)):
        record = {"kind": "eval", "step": step, "loss": loss, "scores": [score]}
        append_json_line(folder.metrics_file, record)
    assert HistoryReader(tmp_path).read().lost_dev_losses() == [10]


def loop_of(settings: FineTuneSettings, **parts: Any) -> Loop:
    """Gives a training loop of which only the named parts exist."""
    loop = Loop.__new__(Loop)
    loop.__dict__.update({"_settings": settings, "_total": 100, **parts})
    return loop


def test_pitfall_11_fp16_may_skip_steps_but_no_loss_may_be_lost() -> None:
    fp16, bf16 = (
        loop_of(FineTuneSettings(precision=name), _overflows=OverflowWatch())
        for name in ("fp16", "bf16")
    )
    fp16._check_finite(2.0, math.inf, 3)
    with pytest.raises(TrainingError, match="gradient norm became inf at step 3"):
        bf16._check_finite(2.0, math.inf, 3)
    with pytest.raises(TrainingError, match="loss became nan at step 3"):
        fp16._check_finite(math.nan, 1.0, 3)


def test_pitfall_19_other_number_of_processes_is_refused_with_a_way_out(tmp_path: Path) -> None:
    write_json(tmp_path / COMPLETE, {"world_size": 2})
    ranks = SimpleNamespace(world_size=1, is_first=True)
    checkpoints = Checkpointing.__new__(Checkpointing)
    checkpoints.__dict__.update({"_settings": FineTuneSettings(), "_ranks": ranks})
    with pytest.raises(TrainingError, match="written by 2 processes and cannot be continued") as e:
        checkpoints.load(tmp_path)
    assert "num_processes to 2" in e.value.hint and "duplicate the run" in e.value.hint
    checkpoints._settings = FineTuneSettings(launcher="slurm", num_nodes=2)
    with pytest.raises(TrainingError) as e:
        checkpoints.load(tmp_path)
    assert "num_processes to 1" in e.value.hint


LORA = {"method": "lora", "lora_rank": 2, "lora_targets": "attention and feed-forward"}


def trained_once(folder: Path, settings: FineTuneSettings) -> tuple[Any, list[Any]]:
    """Gives loss and gradients of one step in training mode."""
    import torch

    torch.manual_seed(3)
    model = load_model(str(folder)).train()
    apply_method(model, settings)
    adapter = bind(load_tokenizer(str(folder)), "eng_Latn", "gle_Latn")
    engine = PlainEngine(model, settings, world_size=1)
    ids = torch.tensor(adapter.encode_sources(ENGLISH[:1], 12))
    labels = torch.tensor(adapter.encode_targets(IRISH[:1], 12))
    given = {"input_ids": ids, "decoder_input_ids": labels[:, :-1], "use_cache": False}
    logits = engine.forward(**given).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())
    engine.backward(loss, is_last=True)
    return loss, [p.grad for p in model.parameters() if p.requires_grad]


@pytest.mark.parametrize("changes", [{}, LORA, {"freeze": "embeddings"}])
@pytest.mark.parametrize("family", ["NLLB", "T5"])
def test_pitfall_23_recomputed_activations_give_the_same_gradients(
    family: str, changes: dict[str, Any], bases: dict[str, Path]
) -> None:
    """LoRA's matrices in the first layer too, whose inputs need no gradient by themselves."""
    import torch

    kept, again = (
        trained_once(bases[family], FineTuneSettings.parse({**changes, "engine": "plain", **more}))
        for more in ({}, {"gradient_checkpointing": True})
    )
    torch.testing.assert_close(again[0], kept[0])
    assert len(kept[1]) == len(again[1]) > 0
    for expected, found in zip(kept[1], again[1], strict=True):
        assert (expected is None) == (found is None)
        if expected is not None:
            torch.testing.assert_close(found, expected)


def test_pitfall_23_recomputing_keeps_far_less(ready_folder: Path) -> None:
    """Bytes that the forward pass keeps for the backward pass, weights left out."""
    import torch

    kept = []
    for is_on in (False, True):
        model = load_model(str(ready_folder / "models" / "starter")).train()
        settings = FineTuneSettings(engine="plain", gradient_checkpointing=is_on)
        apply_method(model, settings)
        weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
        sizes: dict[int, int] = {}

        def note(tensor: Any, sizes: Any = sizes, weights: Any = weights) -> Any:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in weights:
                sizes[storage.data_ptr()] = storage.nbytes()
            return tensor

        ids = torch.randint(5, 90, (8, 64))
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            states = model.model(input_ids=ids, decoder_input_ids=ids, use_cache=False)
        assert states.last_hidden_state.requires_grad
        kept.append(sum(sizes.values()))
    assert kept[1] < kept[0] / 4, kept


def test_pitfall_25_codes_keep_their_ids(bases: dict[str, Path]) -> None:
    settings = FineTuneSettings(tgt_lang="cor_Latn", tgt_lang_like="gle_Latn")
    for name, code in (("NLLB", "afr_Latn"), ("M2M100", "__af__")):
        tokenizer = load_tokenizer(str(bases[name]))
        before = tokenizer.convert_tokens_to_ids(code)
        (new,) = add_languages(tokenizer, settings)
        assert tokenizer.convert_tokens_to_ids(code) == before != new.token_id


def test_pitfall_30_every_launch_has_a_port_of_its_own() -> None:
    assert len({free_port() for _ in range(20)}) > 10


def test_pitfall_32_rate_falls_without_warm_up() -> None:
    settings = FineTuneSettings(warmup_steps=0, learning_rate=1e-3)
    rates = [learning_rate(settings, step, 10) for step in range(1, 11)]
    assert rates[0] == 1e-3 and rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(1e-4)
