"""The trainer: what every training process runs, started by the launcher with one settings file.

`… -m deepspeed.launcher.launch … --module core.finetune.trainer RUN/settings.json`. The same code
runs on processors (gloo) and GPUs (nccl), in one or several processes, with DeepSpeed or without.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import resource
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from core.finetune.adapters import Adapter, bind
from core.finetune.command import operators
from core.finetune.decoding import translate
from core.finetune.methods import apply_method, check_method
from core.finetune.recipes import SCRATCH
from core.finetune.run_folder import Recorder, RunFolder
from core.finetune.segments import Split, encode_split, read_split
from core.finetune.settings import FineTuneSettings
from core.finetune.training import Data, Loop
from core.jobs.failures import record_failure
from core.jobs.folder import mark_attempt
from core.jobs.processes import die_with_supervisor
from core.metrics.lexical import Score, score_system
from core.storage.files import append_json_line, read_json, utc_now, write_json
from core.storage.workspace import Workspace

log = logging.getLogger(__name__)


def train(settings_file: Path) -> None:
    """Fine-tunes as the settings say, from the base model's scores to the checked result."""
    from core.finetune.compile_operators import compile_operators
    from core.finetune.distributed import join_ranks, seed_everything
    from core.finetune.models import load_tokenizer, model_source, revision_of

    folder = RunFolder(settings_file.parent)
    settings = FineTuneSettings.load(settings_file)
    workspace = Workspace(Path(read_json(folder.job_file)["workspace"]))
    compile_operators(operators(settings))
    ranks = join_ranks(settings.engine)
    recorder = Recorder(folder, ranks.rank)
    recorder.phase("preparing", "loading model and corpus")
    _check_precision(settings, ranks.device.type)
    seed_everything(settings.seed, ranks.rank)

    source = model_source(workspace, settings.base_model, run_id=folder.path.name)
    adapter = bind(load_tokenizer(source), settings.src_lang, settings.tgt_lang)
    check_fp16(settings, adapter)
    data = _read_data(workspace, settings, adapter)
    model = _load_base(source, settings).to(ranks.device)
    _limit_memory(settings)
    if ranks.is_first:
        _write_environment(folder, revision_of(model))

    gc.enable()
    run = _Run(settings, folder, ranks, recorder, adapter, data.test_text)
    run.score_base(model)
    engine = _engine(model, settings, ranks.world_size)
    loop = Loop(engine, adapter, data, settings, folder, ranks, recorder)
    del model, engine  # the loop gives their memory back before the result is loaded
    if not folder.samples_file.exists():
        ranks.barrier()
        loop.evaluate(0)
    outcome = loop.run()
    if outcome.was_stopped:
        if ranks.is_first:
            write_json(folder.stopped_file, {"step": outcome.step, "time": utc_now()})
        return
    run.finish(loop, outcome.train_seconds, data.dev.sources[0])


def _read_data(workspace: Workspace, settings: FineTuneSettings, adapter: Adapter) -> Data:
    train_text, dev_text, test_text = (
        read_split(workspace, settings, split) for split in ("train", "dev", "test")
    )
    return Data(
        train=encode_split(adapter, train_text, settings),
        dev=encode_split(adapter, dev_text, settings),
        dev_text=dev_text,
        test_text=test_text,
    )


class _Run:
    """The two ends of a run: scores of the untouched base model, scores of the saved one."""

    def __init__(
        self,
        settings: FineTuneSettings,
        folder: RunFolder,
        ranks: Any,
        recorder: Recorder,
        adapter: Adapter,
        test_text: Split,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._ranks = ranks
        self._record = recorder
        self._adapter = adapter
        self._test = test_text

    def score_base(self, model: Any) -> None:
        """Translates and scores the test split before the first step; a resumed run has it."""
        if self._folder.base_file.exists():
            self._ranks.barrier()
            return
        self._record.phase("evaluating", "test split with the base model")
        # An untrained model never ends a segment: with several beams, minutes of noise.
        num_beams = 1 if self._settings.base_model == SCRATCH else self._settings.num_beams
        hypotheses = self._translate_test(model.eval(), "test split, base model", num_beams)
        if self._ranks.is_first:
            scores = self._scored(hypotheses)
            values = {"hypotheses": hypotheses, "scores": [score.as_dict() for score in scores]}
            write_json(self._folder.base_file, values)
        self._ranks.barrier()

    def finish(self, loop: Any, train_seconds: float, token_ids: list[int]) -> None:
        """Saves, reloads and checks the model, scores it from the disk, writes the result."""
        from core.finetune.export import check_reloaded, gathered_weights, write_model
        from core.finetune.models import load_model

        self._record.phase("saving", "writing, reloading and checking the model")
        is_split = self._settings.engine == "deepspeed" and self._settings.zero_stage == 3
        weights = gathered_weights(loop.module, is_split=is_split, is_first=self._ranks.is_first)
        partial = self._folder.path / "model.partial"
        if self._ranks.is_first:
            written = write_model(partial, loop.module, weights, self._adapter, self._settings)
            check_reloaded(partial, written, [token_ids])
            del written, weights
        self._ranks.barrier()
        loop.release()
        self._record.phase("evaluating", "test split with the fine-tuned model")
        model = load_model(str(partial), dtype="auto").to(self._ranks.device).eval()
        model.generation_config.max_length = None
        note = "test split, fine-tuned model"
        hypotheses = self._translate_test(model, note, self._settings.num_beams)
        if self._ranks.is_first:
            self._write_result(partial, hypotheses, train_seconds)
        self._ranks.barrier()

    def _write_result(self, partial: Path, hypotheses: list[str], train_seconds: float) -> None:
        base = read_json(self._folder.base_file)
        self._folder.outputs_file.unlink(missing_ok=True)
        rows = zip(
            self._test.sources, self._test.references, base["hypotheses"], hypotheses, strict=True
        )
        for source, reference, before, after in rows:
            row = {"source": source, "reference": reference, "base": before, "fine_tuned": after}
            append_json_line(self._folder.outputs_file, row)
        result = {
            "base": base["scores"],
            "fine_tuned": [score.as_dict() for score in self._scored(hypotheses)],
            "num_segments": len(hypotheses),
            "train_seconds": round(train_seconds, 2),
            "time": utc_now(),
        }
        # An attempt may have ended between these lines; the one that resumes it comes here again.
        shutil.rmtree(self._folder.model_folder, ignore_errors=True)
        partial.rename(self._folder.model_folder)
        write_json(self._folder.result_file, result)

    def _translate_test(self, model: Any, note: str, num_beams: int) -> list[str]:
        mine = self._test.sources[self._ranks.rank :: self._ranks.world_size]
        decoded = translate(
            model,
            self._adapter,
            mine,
            max_source_length=self._settings.max_source_length,
            max_target_length=self._settings.max_target_length,
            num_beams=num_beams,
            on_progress=lambda done, total: self._record.progress(note, done, total),
        )
        merged: list[str] = self._ranks.interleaved(decoded.hypotheses)
        return merged

    def _scored(self, hypotheses: list[str]) -> list[Score]:
        return score_system(hypotheses, self._test.references)


def _load_base(source: str, settings: FineTuneSettings) -> Any:
    from core.finetune.models import load_model

    model = load_model(source)
    model.generation_config.max_length = None  # max_new_tokens is given with each call
    _check_saving(model)
    check_method(model, settings)
    return model


def _engine(model: Any, settings: FineTuneSettings, world_size: int) -> Any:
    from core.finetune.distributed import keep_all_layers
    from core.finetune.engines import DeepSpeedEngine, PlainEngine

    if world_size > 1:
        keep_all_layers(model)
    apply_method(model, settings)
    kind = DeepSpeedEngine if settings.engine == "deepspeed" else PlainEngine
    return kind(model, settings, world_size)


def _check_precision(settings: FineTuneSettings, device: str) -> None:
    if settings.precision == "fp16" and device == "cpu":
        raise ConfigError(
            "precision fp16 needs a GPU and this run trains on the processor.",
            hint="Choose fp32, or bf16.",
        )


def check_fp16(settings: FineTuneSettings, adapter: Adapter) -> None:
    """Refuses fp16 for models that were trained in bf16: their activations overflow.

    Raises:
        ConfigError: The family is one of these.
    """
    if settings.precision == "fp16" and not adapter.fp16_is_safe:
        raise ConfigError(
            f"{adapter.family} models end in NaN with fp16.", hint="Choose bf16 or fp32."
        )


def _check_saving(model: Any) -> None:
    """Writes the configuration once before the first step: a fault there must not cost a run."""
    with tempfile.TemporaryDirectory() as folder:
        model.config.save_pretrained(folder)
        model.generation_config.save_pretrained(folder)


def _limit_memory(settings: FineTuneSettings) -> None:
    if settings.memory_limit_gb:
        limit = int(settings.memory_limit_gb * 1e9)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _write_environment(folder: RunFolder, revision: str) -> None:
    from core.host import host_facts

    facts = host_facts(folder.path)
    values = {name: value for name, value in vars(facts).items() if name != "available_bytes"}
    write_json(folder.environment_file, {**values, "base_model_revision": revision})


def main() -> None:
    """Runs one training process; its output goes to its own log, its failure to its own file."""
    # The libraries make millions of objects that stay; looking for garbage among them takes a
    # sixth of the start.
    gc.disable()
    die_with_supervisor()
    settings_file = Path(sys.argv[1])
    folder = RunFolder(settings_file.parent)
    rank = int(os.environ.get("RANK", "0"))
    mark_attempt(folder.rank_log(rank))
    with folder.rank_log(rank).open("ab") as output:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(output.fileno(), stream.fileno())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    status = 1
    try:
        train(settings_file)
        status = 0
    except BaseException as error:
        log.exception("process %d failed", rank)
        record_failure(folder, rank, error)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        # Communication threads of a dead peer may never let the interpreter end by itself.
        os._exit(status)


if __name__ == "__main__":
    main()
