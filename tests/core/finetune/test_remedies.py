"""From a failure to its cause, and from the cause to settings that would help."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, get_args

import pytest

from core.errors import AdaptMLLMError, ConfigError, ModelError, TrainingError
from core.finetune import models
from core.finetune.causes import MEANINGS, Cause, cause_of, recognised
from core.finetune.changes import Change, label_of, remedy, unit_of
from core.finetune.diagnosis import diagnose
from core.finetune.overflow import MAX_OVERFLOWS, OverflowWatch
from core.finetune.remedies import Measured, remedies
from core.finetune.run_folder import RunFolder
from core.finetune.settings import RECIPES, FineTuneSettings, from_recipe
from core.jobs.failures import record_failure
from core.jobs.folder import JobState
from core.storage.files import write_json

GPU = Measured(host_memory_bytes=64_000_000_000, accelerator="cuda", total_steps=1000)
NLLB = "facebook/nllb-200-distilled-1.3B"


def diffs(cause: Cause, measured: Measured = GPU, **values: Any) -> list[str]:
    return [each.diff for each in remedies(cause, FineTuneSettings(**values), measured)]


# (type, message, is_user_error) of the exception -> cause
FAILURES: list[tuple[str, str, Cause]] = [
    ("OutOfMemoryError", "CUDA out of memory. Tried to allocate 2 GiB", "gpu_memory"),
    ("RuntimeError", "DefaultCPUAllocator: can't allocate memory", "host_memory"),
    ("OSError", "[Errno 28] No space left on device", "disk"),
    ("DistNetworkError", "The server socket has failed to listen. EADDRINUSE", "port"),
    (
        "Exception",
        "Current loss scale already at minimum - cannot decrease scale anymore. Exiting run.",
        "loss_scale",
    ),
    ("ValueError", "Expected size 3.", "unknown"),
]


@pytest.mark.parametrize(("kind", "message", "cause"), FAILURES)
def test_the_diagnosis_stores_the_cause(
    kind: str, message: str, cause: Cause, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    values = {"time": 1.0, "rank": 0, "type": kind, "message": message, "hint": ""}
    values |= {"is_user_error": False, "traceback": f"Traceback\n{kind}: {message}"}
    write_json(folder.failure_file(0), values)
    failure = diagnose(folder, 1, JobState("training", progress={"step": 3}))
    assert failure.cause == cause
    # A folder without the code, as older versions wrote it, tells the same.
    assert cause_of(JobState("failed", failure.reason, detail=failure.detail)) == cause


def test_a_limit_of_its_own_is_told_from_a_machine_that_is_too_small(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    FineTuneSettings(memory_limit_gb=2).save(folder.settings_file)
    record_failure(folder, 0, MemoryError())
    assert diagnose(folder, 1, JobState("training")).cause == "memory_limit"
    FineTuneSettings().save(folder.settings_file)
    assert diagnose(folder, 1, JobState("training")).cause == "host_memory"


def own_error(text: str) -> ModelError:
    """The sentence for what the hub's library raised."""
    return models._model_error("facebook/nllb-200-distilled-600m", OSError(text))


OWN: list[tuple[AdaptMLLMError, Cause]] = [
    (own_error("We couldn't connect to 'https://huggingface.co'"), "network"),
    (own_error("You are trying to access a gated repo."), "gated_model"),
    (own_error("x is not a local folder and is not a valid model identifier"), "unknown_model"),
    (own_error("some bytes are missing"), "broken_model"),
    (TrainingError("The loss became nan at step 7 (learning rate 4.00e-03, fp32)."), "nan"),
    (TrainingError("The gradient norm became inf at step 12 (…)."), "nan"),
    (TrainingError("The loss became nan at step 1 (learning rate 4e-03, fp32)."), "nan_at_start"),
    (ModelError("This Marian model does not know Marathi (mar_Deva)."), "language"),
    (
        TrainingError("The checkpoint was written by 4 processes and cannot be continued with 2."),
        "processes",
    ),
    (ConfigError("7 training segments are too few for steps of 8 batches."), "small_corpus"),
    (ConfigError("MADLAD models end in NaN with fp16."), "precision"),
]


@pytest.mark.parametrize(("error", "cause"), OWN)
def test_our_own_sentences_are_recognised(
    error: AdaptMLLMError, cause: Cause, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    record_failure(folder, 0, error)
    assert diagnose(folder, 1, JobState("preparing")).cause == cause


def test_killed_compiling_and_lost_runs_have_a_cause(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert diagnose(folder, 137, JobState("training")).cause == "killed"
    assert diagnose(folder, -9, JobState("training")).cause == "launcher_ended"
    assert diagnose(folder, 0, JobState("training")).cause == "launcher_ended"
    assert diagnose(folder, 1, JobState("compiling")).cause == "compiler"
    assert cause_of(JobState("lost", "The machine restarted while training.")) == "lost"
    assert cause_of(JobState("finished")) is None
    assert cause_of(JobState("stopped", "Stopped on request.")) is None


def test_a_stored_cause_counts_and_one_that_is_not_known_is_read_anew() -> None:
    assert cause_of(JobState("failed", "Words of another version.", cause="disk")) == "disk"
    assert cause_of(JobState("failed", "The disk is full.", cause="of the future")) == "disk"


def test_state_files_of_older_versions_are_read(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_state(JobState("failed", "The disk is full while training."))
    values = json.loads(folder.state_file.read_text())
    del values["cause"]
    folder.state_file.write_text(json.dumps(values))
    assert cause_of(folder.read_state()) == "disk"


def test_every_cause_is_explained_and_every_remedy_is_valid() -> None:
    assert set(MEANINGS) == set(get_args(Cause))
    assert recognised("") == "unknown"
    num_remedies = 0
    for recipe in RECIPES:
        settings = from_recipe(recipe, corpus="c", memory_limit_gb=1.0)
        for cause in get_args(Cause):
            for each in remedies(cause, settings, GPU):
                applied = each.applied(settings)  # validates
                assert applied != settings
                assert each.why.endswith(".")
                num_remedies += 1
    assert num_remedies > 50


def test_half_the_batch_keeps_the_step_as_large() -> None:
    assert diffs("gpu_memory", base_model=NLLB, tokens_per_batch=1920)[0] == (
        "tokens_per_batch 1920 → 960, gradient_accumulation 1 → 2"
    )
    values = {"batching": "fixed size", "batch_size": 16, "gradient_accumulation": 4}
    assert diffs("host_memory", **values)[0] == "batch_size 16 → 8, gradient_accumulation 4 → 8"


def test_a_batch_that_is_one_long_segment_is_cut_instead() -> None:
    values = {"max_source_length": 512, "max_target_length": 512, "tokens_per_batch": 512}
    assert diffs("gpu_memory", **values)[0] == (
        "max_source_length 512 → 256, max_target_length 512 → 256"
    )
    one = {"batching": "fixed size", "batch_size": 1}
    assert diffs("gpu_memory", **one)[0].startswith("max_source_length 128 → 64")


def test_gpu_memory_goes_from_cheap_to_far_reaching() -> None:
    found = diffs("gpu_memory", base_model=NLLB)
    order = ["tokens_per_batch", "precision", "offload", "method full → lora", "base_model"]
    places = [next(at for at, diff in enumerate(found) if diff.startswith(sign)) for sign in order]
    assert places == sorted(places)
    assert found[-1] == f"base_model {NLLB} → facebook/nllb-200-distilled-600M"
    # The plain engine cannot offload: DeepSpeed comes with it.
    plain = diffs("gpu_memory", base_model=NLLB, engine="plain", zero_stage=0)
    assert "engine plain → deepspeed, zero_stage 0 → 1, offload none → optimizer" in plain
    deeper = diffs("gpu_memory", base_model=NLLB, offload="optimizer")
    assert "zero_stage 2 → 3, offload optimizer → optimizer and weights" in deeper


def test_untrained_models_are_not_given_lora() -> None:
    assert not any("lora" in each for each in diffs("gpu_memory"))
    found = diffs("gpu_memory", base_model="from scratch")
    assert "scratch_d_model 256 → 128" in found and not any("lora" in each for each in found)


def test_a_limit_is_raised_by_what_was_asked_for_and_not_beyond_the_machine() -> None:
    asked = Measured(host_memory_bytes=64 * 10**9, message="tried to allocate 3000000000 bytes.")
    assert diffs("memory_limit", asked, memory_limit_gb=1.0)[0] == "memory_limit_gb 1 → 7"
    small = Measured(host_memory_bytes=2 * 10**9, message="tried to allocate 3000000000 bytes.")
    assert diffs("memory_limit", small, memory_limit_gb=1.0)[0] == "memory_limit_gb 1 → 1.8"
    # Each of two processes has the limit.
    found = diffs("memory_limit", small, memory_limit_gb=1.0, num_processes=2)
    assert not found[0].startswith("memory_limit_gb")
    assert found[-1] == "memory_limit_gb 1 → 0"


def test_processes_are_halved_and_the_step_stays() -> None:
    found = diffs("host_memory", num_processes=4)
    assert "gradient_accumulation 1 → 2, num_processes 4 → 2" in found
    assert "zero_stage 2 → 3" in found


def test_numbers_that_were_lost_ask_for_smaller_steps() -> None:
    found = diffs("nan", learning_rate=3e-4, warmup_steps=0, max_grad_norm=0.0, precision="fp16")
    assert found == [
        "learning_rate 0.0003 → 0.0001",
        "learning_rate 0.0003 → 0.0001, warmup_steps 0 → 100",
        "max_grad_norm 0 → 1",
        "precision fp16 → bf16",
        "precision fp16 → fp32",
    ]
    # Before the first change of weights the learning rate cannot be to blame.
    assert diffs("nan_at_start", precision="fp16") == found[-2:]
    assert diffs("nan_at_start") == []


def test_other_causes() -> None:
    assert diffs("compiler", offload="optimizer") == [
        "engine deepspeed → plain, offload optimizer → none"
    ]
    assert diffs("disk", keep_checkpoints=5)[0] == "keep_checkpoints 5 → 1"
    assert diffs("unknown_model", base_model="facebook/nllb-200-distiled-600m")[0] == (
        "base_model facebook/nllb-200-distiled-600m → facebook/nllb-200-distilled-600M"
    )
    written = Measured(message="The checkpoint was written by 4 processes and cannot …")
    assert diffs("processes", written, num_processes=2) == ["num_processes 2 → 4"]
    of_two = {"launcher": "slurm", "num_nodes": 2, "num_processes": 1}
    assert diffs("processes", written, **of_two) == ["num_processes 1 → 2"]
    assert diffs("port") == [] == diffs("lost")


def test_another_model_does_not_keep_the_commit_of_the_old_one() -> None:
    pinned = {"base_model": "facebook/nllb-200-3.3B", "base_model_revision": "1a07f7d"}
    settings = FineTuneSettings.parse({**pinned, "method": "lora"})
    fixes = [fix.applied(settings) for fix in remedies("gpu_memory", settings, Measured())]
    found = {fix.base_model: fix.base_model_revision for fix in fixes}
    assert found == {
        "facebook/nllb-200-3.3B": "1a07f7d",
        "facebook/nllb-200-distilled-1.3B": "",
    }
    both = settings.changed(base_model="other/model", base_model_revision="main")
    assert both.base_model_revision == "main"


def test_a_remedy_that_changes_nothing_or_is_not_allowed_is_none() -> None:
    settings = FineTuneSettings()
    assert remedy(settings, "Why.", num_beams=settings.num_beams) is None
    assert remedy(settings, "Why.", num_beams=0) is None
    found = remedy(settings, "Why.", num_beams=1, learning_rate=0.5)
    assert found and found.changes == (
        Change("learning_rate", 2e-5, 0.5),
        Change("num_beams", 4, 1),
    )
    assert found.diff == "learning_rate 2e-05 → 0.5, num_beams 4 → 1"


def test_labels_and_units_come_from_the_declaration() -> None:
    assert (label_of("memory_limit_gb"), unit_of("memory_limit_gb")) == ("Memory limit", "GB")
    assert (label_of("max_source_length"), unit_of("max_source_length")) == (
        "Longest source",
        "tokens",
    )
    assert (label_of("learning_rate"), unit_of("learning_rate")) == ("Learning rate", "")


def test_overflow_in_a_row_ends_the_run_and_a_single_one_does_not() -> None:
    watch = OverflowWatch()
    for step in range(1, 200):
        watch.note(math.inf if step % MAX_OVERFLOWS else 1.0, step)
    watch.note(None, 200)
    watch = OverflowWatch()
    with pytest.raises(TrainingError, match="overflowed in 20 steps in a row up to step 25") as end:
        for step in range(1, 30):
            watch.note(0.5 if step <= 5 else math.nan, step)
    assert recognised(end.value.message) == "loss_scale"
