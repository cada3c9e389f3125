"""The process of the checkpoint bench: `python -m core.finetune.bench_work FOLDER`."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ModelError
from core.finetune.adapters import Adapter, bind_run
from core.finetune.bench_table import bench_table
from core.finetune.checkpoint_bench import BASE, FINAL, BenchSettings, output_file
from core.finetune.checkpoint_model import write_checkpoint_model
from core.finetune.checkpoints import checkpoint_folder
from core.finetune.decoding import length_batches, translate
from core.finetune.loss import Loss
from core.finetune.models import load_model, load_tokenizer, model_source
from core.finetune.new_languages import add_rows
from core.finetune.run_folder import RunFolder
from core.finetune.segments import Encoded, Split, encode_split, read_split
from core.finetune.settings import FineTuneSettings
from core.jobs.folder import JobFolder
from core.jobs.queue import COMPUTE_LANE
from core.jobs.recorder import Recorder
from core.jobs.segment_process import StoppedError, run_in_folder
from core.storage.files import read_json, utc_now, write_json
from core.storage.job_records import ACTIVE
from core.storage.run_records import Run
from core.storage.workspace import Workspace

# Not `.partial`: those of the run's whole folder go when its own job ends.
MADE = "model.made"


@dataclass(frozen=True)
class LoadedModel:
    """A model as `Loss` wants it."""

    module: Any

    def forward(self, **inputs: Any) -> Any:
        """Calls the model."""
        return self.module(**inputs)


def compare(workspace: Workspace, folder: JobFolder) -> None:
    """Translates with every system of the settings and leaves the table in `result.json`."""
    bench = _Bench(workspace, folder)
    try:
        with bench.held_checkpoints():
            bench.translate_all()
    except StoppedError:
        folder.record_end("Stopped on request; what was translated is kept.")
        return
    finally:
        shutil.rmtree(folder.path / MADE, ignore_errors=True)
    bench.recorder.phase("evaluating", "scores and significance")
    outputs = {each: read_json(output_file(folder.path, each)) for each in bench.settings.systems}
    metric = bench.tuned.best_metric
    table = bench_table(outputs, bench.text.references, metric=metric)
    values = bench.settings.model_dump(include={"split", "num_beams", "systems"})
    table |= {**values, "num_segments": len(bench.text.sources), "time": utc_now()}
    write_json(folder.result_file, table)


class _Bench:
    """One comparison at work."""

    def __init__(self, workspace: Workspace, folder: JobFolder) -> None:
        self.settings = BenchSettings.load(folder.settings_file)
        self.recorder = Recorder(folder, 0)
        self._workspace = workspace
        self._folder = folder
        self._run = workspace.runs.get(self.settings.run)
        self._held = workspace.run_folder(self._run.id)
        self.tuned = FineTuneSettings.parse(self._run.settings)
        text = read_split(workspace, self.tuned, self.settings.split)
        self.text = text.first(self.settings.num_segments)
        pairs = zip(self.text.sources, self.text.references, strict=True)
        write_json(folder.path / "segments.json", [list(pair) for pair in pairs])
        total = len(self.settings.systems) * len(self.text.sources)
        self.recorder.add("plan", total_steps=total)

    @contextlib.contextmanager
    def held_checkpoints(self) -> Any:
        """Keeps the chosen checkpoints while a run that works may delete them: by hard links."""
        run_folder = self._held
        shutil.rmtree(self._folder.path / "checkpoints", ignore_errors=True)  # of a killed attempt
        try:
            for step in filter(str.isdigit, self.settings.systems):
                source = checkpoint_folder(run_folder, int(step))
                target = checkpoint_folder(self._folder.path, int(step))
                shutil.copytree(source, target, copy_function=os.link)
            self._held = self._folder.path
        except OSError:  # no hard links here, or it went meanwhile: read in place
            self._held = run_folder
        try:
            yield
        finally:
            shutil.rmtree(self._folder.path / "checkpoints", ignore_errors=True)

    def translate_all(self) -> None:
        """Translates with one system after the other; those that are done are left."""
        done = 0
        for system in self.settings.systems:
            file = output_file(self._folder.path, system)
            if not file.exists():
                file.parent.mkdir(exist_ok=True)
                try:
                    values = self._output(system, done)
                except ModelError as error:  # of one: the others can still be compared
                    values = {"error": error.message}
                write_json(file, values)
            done += len(self.text.sources)
            self._tell(done, is_last=True)

    def _output(self, system: str, done: int) -> dict[str, Any]:
        self.recorder.phase("preparing", f"loading {system}")
        source = self._source(system)
        revision = self.tuned.base_model_revision if system == BASE else ""
        adapter, new = bind_run(load_tokenizer(source, revision=revision), self.tuned)
        model = load_model(source, revision=revision)
        add_rows(model, new)  # the base model knows a new language as the one it begins as
        model.to(free_device(self._workspace)).eval()
        model.generation_config.max_length = None
        self.recorder.phase("translating", f"{self.settings.split} split with {system}")
        loss = loss_per_token(
            model, adapter, encode_split(adapter, self.text, self.tuned), self.tuned
        )
        hypotheses = translated(
            model, adapter, self.text, self.tuned, self.settings.num_beams,
            lambda part: self._tell(done + part),
        )  # fmt: skip
        del model
        gc.collect()
        return {"loss": round(loss, 6), "hypotheses": hypotheses}

    def _source(self, system: str) -> str:
        base = base_source(self._workspace, self._run)
        if system == BASE:
            return base
        if system == FINAL:
            return str(RunFolder(self._workspace.run_folder(self._run.id)).model_folder)
        made = self._folder.path / MADE
        write_checkpoint_model(self._held, int(system), self.tuned, base, made)
        return str(made)

    def _tell(self, done: int, *, is_last: bool = False) -> None:
        if self._folder.stop_mode():
            raise StoppedError
        total = len(self.settings.systems) * len(self.text.sources)
        self.recorder.translated(done, total, is_last=is_last)


def translated(
    model: Any,
    adapter: Adapter,
    text: Split,
    settings: FineTuneSettings,
    num_beams: int,
    on_progress: Callable[[int], None],
) -> list[str]:
    """Gives the hypotheses of a model with the lengths of a run's settings."""
    decoded = translate(
        model,
        adapter,
        text.sources,
        max_source_length=settings.max_source_length,
        max_target_length=settings.max_target_length,
        num_beams=num_beams,
        on_progress=lambda done, _: on_progress(done),
    )
    return decoded.hypotheses


def loss_per_token(
    model: Any, adapter: Adapter, split: Encoded, settings: FineTuneSettings
) -> float:
    """Gives the cross-entropy per token of some segments, as evaluations of the run do."""
    import torch

    lengths = split.lengths
    longest = [lengths.longest(i) for i in range(len(split.sources))]
    loss = Loss(LoadedModel(model), int(adapter.tokenizer.pad_token_id), model.device)
    total = 0.0
    with torch.inference_mode():
        for batch in length_batches(longest, max(settings.tokens_per_batch, max(longest))):
            total += float(loss.summed(split, batch))
    return total / sum(lengths.target)


def base_source(workspace: Workspace, run: Run) -> str:
    """Gives folder or hub id of a run's base model, in the version that the run has."""
    revision = FineTuneSettings.parse(run.settings).base_model_revision
    return model_source(workspace, run.base_model, run_id=run.id, revision=revision)


def free_device(workspace: Workspace) -> str:
    """Gives where to compute: not on a GPU that training needs."""
    import torch

    active: Sequence[Any] = workspace.jobs.in_states(*ACTIVE)
    is_training = any(job.lane.partition("@")[0] == COMPUTE_LANE for job in active)
    uses_gpu = torch.cuda.is_available() and os.environ.get("DS_ACCELERATOR") != "cpu"
    return "cuda" if uses_gpu and not is_training else "cpu"


if __name__ == "__main__":
    run_in_folder(compare)
