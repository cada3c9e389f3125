"""The trainer: what every training process runs, started by the launcher with one settings file.

`… -m deepspeed.launcher.launch … --module core.finetune.trainer RUN/settings.json`. The same code
runs on processors (gloo) and GPUs (nccl), in one or several processes, with DeepSpeed or without.
"""

from __future__ import annotations

import gc
import logging
import resource
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from core.finetune.adapters import Adapter
from core.finetune.checkpoints import remove_old_checkpoints
from core.finetune.chosen import Chosen, EarlyEnd
from core.finetune.command import operators
from core.finetune.decoding import translate
from core.finetune.directions import Directions, bind_directions
from core.finetune.methods import apply_method, check_method
from core.finetune.new_languages import NewLanguage, add_rows
from core.finetune.positions import check_lengths
from core.finetune.rank_process import run_process
from core.finetune.recipes import SCRATCH
from core.finetune.reproducing import reproducible_values
from core.finetune.run_data import Scores, data_files, further_results, read_data
from core.finetune.run_folder import TEST_NOTE, RunFolder
from core.finetune.segments import Data, Split
from core.finetune.settings import FineTuneSettings
from core.finetune.shares import training_shares
from core.finetune.training import Loop, Outcome
from core.jobs.recorder import Recorder
from core.metrics.lexical import Score, score_system
from core.storage.files import append_json_line, read_json, utc_now, write_json
from core.storage.workspace import Workspace

log = logging.getLogger(__name__)


def train(settings_file: Path) -> None:
    """Fine-tunes as the settings say, from the base model's scores to the checked result."""
    from core.finetune.compile_operators import compile_operators
    from core.finetune.distributed import join_ranks, seed_everything
    from core.finetune.models import load_tokenizer, revision_of, source_of_run

    folder = RunFolder(settings_file.parent)
    settings = FineTuneSettings.load(settings_file)
    workspace = Workspace(Path(read_json(folder.job_file)["workspace"]))
    compile_operators(operators(settings))
    ranks = join_ranks(settings.engine)
    recorder = Recorder(folder, ranks.rank)
    recorder.phase("preparing", "loading model and corpus")
    _check_precision(settings, ranks.device.type)
    seed_everything(settings.seed, ranks.rank)

    source = source_of_run(workspace, folder.path.name, settings)
    directions = bind_directions(lambda: load_tokenizer(source), settings)
    adapter, new = directions.main, list(directions.new)
    check_fp16(settings, adapter)
    data = load_data(workspace, settings, directions, recorder)
    model = load_base(source, settings, new).to(ranks.device)
    limit_memory(settings)
    if ranks.is_first:
        known = _recorded(workspace, settings, source, revision_of(model))
        _write_environment(folder, adapter.tokenizer, known)
    gc.enable()
    run = _Run(settings, folder, ranks, recorder, adapter, data)
    run.score_base(model)
    engine = build_engine(model, settings, ranks.world_size, new)
    loop = Loop(engine, adapter, data, settings, folder, ranks, recorder)
    del model, engine  # the loop gives their memory back before the result is loaded
    if not folder.samples_file.exists():
        ranks.barrier()
        loop.evaluate(0)
    outcome = loop.run()
    if not outcome.was_stopped:
        run.finish(loop, outcome, data.dev.sources[0])
    elif ranks.is_first:
        write_json(folder.stopped_file, {"step": outcome.step, "time": utc_now()})


def _recorded(
    workspace: Workspace, settings: FineTuneSettings, source: str, commit: str
) -> dict[str, Any]:
    """Gives what is written down so that the same model and data can be had again."""
    return {
        **reproducible_values(source, settings),
        "base_model_revision": commit or settings.base_model_revision,
        "data": data_files(workspace, settings),
    }


def load_data(
    workspace: Workspace, settings: FineTuneSettings, directions: Directions, recorder: Recorder
) -> Data:
    """Reads and encodes all that a run needs, and records what an epoch is made of."""
    data = read_data(workspace, settings, directions)
    recorder.add("data", parts=[part.as_dict(settings) for part in data.parts])
    recorder.add("shares", **training_shares(data.train, directions.main.tokenizer, settings))
    return data


class _Run:
    """The two ends of a run: scores of the untouched base model, scores of the saved one."""

    def __init__(
        self,
        settings: FineTuneSettings,
        folder: RunFolder,
        ranks: Any,
        recorder: Recorder,
        adapter: Adapter,
        data: Data,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._ranks = ranks
        self._record = recorder
        self._adapter = adapter
        self._test = data.test_text
        self._further = data.further

    def score_base(self, model: Any) -> None:
        """Translates and scores the test split before the first step; a resumed run has it."""
        if self._folder.base_file.exists():
            self._ranks.barrier()
            return
        self._record.phase("evaluating", "test split with the base model")
        # An untrained model never ends a segment: with several beams, minutes of noise.
        num_beams = 1 if self._settings.base_model == SCRATCH else self._settings.num_beams
        hypotheses = self._translate_test(model.eval(), "test split, base model", num_beams)
        further = self._score_further(model, "base model", num_beams)
        if self._ranks.is_first:
            scores = self._scored(hypotheses)
            values = {"hypotheses": hypotheses, "scores": [score.as_dict() for score in scores]}
            write_json(self._folder.base_file, {**values, "further": further})
        self._ranks.barrier()

    def finish(self, loop: Loop, outcome: Outcome, token_ids: list[int]) -> None:
        """Saves, reloads and checks the chosen model, scores it from the disk, writes it down."""
        from core.finetune.export import check_reloaded, gathered_weights, write_model
        from core.finetune.models import load_model

        chosen = loop.choose(outcome.step)
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
        note = TEST_NOTE
        hypotheses = self._translate_test(model, note, self._settings.num_beams)
        further = self._score_further(model, "fine-tuned model", self._settings.num_beams)
        if self._ranks.is_first:
            self._write_result(partial, hypotheses, further, outcome, chosen)
        self._ranks.barrier()

    def _write_result(
        self,
        partial: Path,
        hypotheses: list[str],
        further: dict[str, Scores],
        outcome: Outcome,
        chosen: Chosen,
    ) -> None:
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
            "train_seconds": round(outcome.train_seconds, 2),
            "chosen": chosen.as_dict(),
            "time": utc_now(),
            **further_results(self._further, base.get("further", {}), further),
        }
        if outcome.step < outcome.total_steps:
            patience, metric = self._settings.early_stopping_patience, self._settings.best_metric
            early = EarlyEnd(outcome.step, outcome.total_steps, patience, metric)
            result["ended_early"] = asdict(early)
        # An attempt may have ended between these lines; the one that resumes it comes here again.
        shutil.rmtree(self._folder.model_folder, ignore_errors=True)
        partial.rename(self._folder.model_folder)
        write_json(self._folder.result_file, result)
        # Those that were only kept to be averaged.
        keep = self._settings.keep_checkpoints
        remove_old_checkpoints(self._folder.path, keep=keep, spared=[chosen.step])

    def _translate_test(self, model: Any, note: str, num_beams: int) -> list[str]:
        return self._translated(model, self._adapter, self._test, note, num_beams)

    def _score_further(self, model: Any, which: str, num_beams: int) -> dict[str, Scores]:
        """Gives the scores of the other direction and of general text, on the first process."""
        found: dict[str, Scores] = {}
        for each in self._further:
            note = f"{each.final_split} split, {each.name}, {which}"
            hypotheses = self._translated(model, each.adapter, each.final, note, num_beams)
            if self._ranks.is_first:
                scores = score_system(hypotheses, each.final.references)
                found[each.name] = [score.as_dict() for score in scores]
        return found

    def _translated(
        self, model: Any, adapter: Adapter, split: Split, note: str, num_beams: int
    ) -> list[str]:
        mine = split.sources[self._ranks.rank :: self._ranks.world_size]
        decoded = translate(
            model,
            adapter,
            mine,
            max_source_length=self._settings.max_source_length,
            max_target_length=self._settings.max_target_length,
            num_beams=num_beams,
            on_progress=lambda done, total: self._record.progress(note, done, total),
        )
        num_capped = int(self._ranks.summed(decoded.num_capped)[0])
        num_segments = len(split.sources)
        self._record.add("decoded", note=note, num_capped=num_capped, num_segments=num_segments)
        merged: list[str] = self._ranks.interleaved(decoded.hypotheses)
        return merged

    def _scored(self, hypotheses: list[str]) -> list[Score]:
        return score_system(hypotheses, self._test.references)


def load_base(source: str, settings: FineTuneSettings, new: Sequence[NewLanguage]) -> Any:
    """Loads the base model, and refuses one that the run could not train or save."""
    from core.finetune.models import load_model

    model = load_model(source)
    add_rows(model, new)
    model.generation_config.max_length = None  # max_new_tokens is given with each call
    _check_saving(model)
    check_method(model, settings)
    check_lengths(settings, model.config.to_dict())
    return model


def build_engine(
    model: Any, settings: FineTuneSettings, world_size: int, new: Sequence[NewLanguage]
) -> Any:
    """Makes ready what is trained and gives the machinery that trains it."""
    from core.finetune.distributed import keep_all_layers
    from core.finetune.engines import DeepSpeedEngine, PlainEngine

    if world_size > 1:
        keep_all_layers(model)
    apply_method(model, settings, [item.token_id for item in new])
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


def limit_memory(settings: FineTuneSettings) -> None:
    """Lets an allocation over the limit of the settings fail, as one over the machine's would."""
    if settings.memory_limit_gb:
        limit = int(settings.memory_limit_gb * 1e9)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _write_environment(folder: RunFolder, tokenizer: Any, known: dict[str, Any]) -> None:
    from core.host import host_facts

    facts = host_facts(folder.path)
    values = {name: value for name, value in vars(facts).items() if name != "available_bytes"}
    if hasattr(tokenizer, "legacy_behaviour"):
        # Whether NLLB's language codes stand behind the text, as before Transformers 4.28.
        values["nllb_legacy_behaviour"] = bool(tokenizer.legacy_behaviour)
    write_json(folder.environment_file, {**values, **known})


def main() -> None:
    """Runs one training process; its output goes to its own log, its failure to its own file."""
    run_process(Path(sys.argv[1]), train)


if __name__ == "__main__":
    main()
