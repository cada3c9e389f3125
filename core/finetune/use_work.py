"""The process that makes a checkpoint the run's model: `python -m core.finetune.use_work FOLDER`.

It is written, loaded again, compared tensor by tensor and scored on the test split from the disk,
as at the end of a run; only then it takes the place of the other.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from core.errors import HostError
from core.finetune.adapters import bind_run
from core.finetune.bench_work import base_source, free_device, translated
from core.finetune.checkpoint_model import write_checkpoint_model
from core.finetune.checkpoint_use import MADE, UseSettings, check_use
from core.finetune.chosen import BY_HAND, Chosen, chosen_of
from core.finetune.directions import bind_directions
from core.finetune.export import check_reloaded
from core.finetune.job import KIND as RUN_KIND
from core.finetune.model_places import take_in
from core.finetune.models import load_model, load_tokenizer
from core.finetune.run_data import further_results, further_sets
from core.finetune.run_folder import RunFolder
from core.finetune.segments import read_split
from core.finetune.settings import FineTuneSettings
from core.jobs.folder import JobFolder
from core.jobs.recorder import Recorder
from core.jobs.segment_process import StoppedError, run_in_folder
from core.metrics.lexical import score_system
from core.storage.files import append_json_line, read_json, utc_now, write_json
from core.storage.run_records import Run
from core.storage.workspace import Workspace


def use_checkpoint(workspace: Workspace, folder: JobFolder) -> None:
    """Writes, checks and scores the checkpoint's model, then puts it in the place of the run's."""
    asked = UseSettings.load(folder.settings_file)
    run = check_use(workspace, asked.run, asked.step)
    run_folder = RunFolder(workspace.run_folder(run.id))
    made = folder.path / MADE
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    _check_space(run_folder)
    recorder = Recorder(folder, 0)
    recorder.phase("saving", "writing, reloading and checking the model")
    _write_checked(workspace, run, asked.step, made / "model")
    try:
        _score(workspace, run, made, asked.step, _Telling(folder, recorder))
    except StoppedError:
        shutil.rmtree(made, ignore_errors=True)
        folder.record_end("Stopped on request; the run's model is the one before.")
        return
    take_in(run_folder, made)
    RUN_KIND.publish(workspace, run_folder)
    write_json(folder.result_file, {"step": asked.step, "time": utc_now()})


class _Telling:
    """Tells how many segments of all are translated."""

    def __init__(self, folder: JobFolder, recorder: Recorder) -> None:
        self._folder = folder
        self._record = recorder
        self._before = self._total = 0

    def begin(self, total: int) -> None:
        """Says how many there are."""
        self._total = total
        self._record.add("plan", total_steps=total)
        self._record.phase("translating", "with the checkpoint's model")

    def done(self, part: int) -> None:
        """Says how many of the present set are done.

        Raises:
            StoppedError: Somebody asked for it.
        """
        if self._folder.stop_mode():
            raise StoppedError
        self._record.translated(self._before + part, self._total)

    def next_set(self, size: int) -> None:
        """Goes on after a set of so many."""
        self._before += size
        self._record.translated(self._before, self._total, is_last=True)


def _write_checked(workspace: Workspace, run: Run, step: int, folder: Path) -> None:
    settings = FineTuneSettings.parse(run.settings)
    source, run_folder = base_source(workspace, run), workspace.run_folder(run.id)
    dtype = _dtype(settings)
    written = write_checkpoint_model(run_folder, step, settings, source, folder, dtype=dtype)
    adapter, _ = bind_run(load_tokenizer(str(folder)), settings)
    first = read_split(workspace, settings, "dev").first(1)
    check_reloaded(folder, written, adapter.encode_sources(first.sources, 128))


def _score(workspace: Workspace, run: Run, made: Path, step: int, telling: _Telling) -> None:
    """Scores the test split and what else the run scores; writes outputs and result."""
    settings = FineTuneSettings.parse(run.settings)
    run_folder = RunFolder(workspace.run_folder(run.id))
    source = str(made / "model")
    directions = bind_directions(lambda: load_tokenizer(source), settings)
    dev, test = (read_split(workspace, settings, split) for split in ("dev", "test"))
    further = further_sets(workspace, settings, directions, dev, test)
    texts = [(directions.main, test), *((each.adapter, each.final) for each in further)]
    telling.begin(sum(len(text.sources) for _, text in texts))
    model = load_model(source, dtype="auto").to(free_device(workspace)).eval()
    model.generation_config.max_length = None
    outputs = []
    for adapter, text in texts:
        beams = settings.num_beams
        outputs.append(translated(model, adapter, text, settings, beams, telling.done))
        telling.next_set(len(text.sources))
    scores = [
        [score.as_dict() for score in score_system(hypotheses, text.references)]
        for hypotheses, (_, text) in zip(outputs, texts, strict=True)
    ]
    base = read_json(run_folder.base_file)
    names = [each.name for each in further]
    told = further_results(
        further, base.get("further", {}), dict(zip(names, scores[1:], strict=True))
    )
    chosen = Chosen(step, BY_HAND, last_step=chosen_of(run_folder.path).get("last_step", 0))
    result = read_json(run_folder.result_file)
    result |= {"fine_tuned": scores[0], "chosen": chosen.as_dict(), "time": utc_now(), **told}
    rows = zip(test.sources, test.references, base["hypotheses"], outputs[0], strict=True)
    for line in rows:
        row = dict(zip(("source", "reference", "base", "fine_tuned"), line, strict=True))
        append_json_line(made / "test_outputs.jsonl", row)
    write_json(made / "result.json", result)


def _dtype(settings: FineTuneSettings) -> Any:
    """Gives the precision in which the run itself would write: that of DeepSpeed's weights."""
    import torch

    if settings.engine == "plain":
        return torch.float32
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[
        settings.precision
    ]


def _check_space(run_folder: RunFolder) -> None:
    needed = sum(f.stat().st_size for f in run_folder.model_folder.rglob("*") if f.is_file())
    free = shutil.disk_usage(run_folder.path).free
    if free < needed:
        raise HostError(
            f"The model needs {needed / 1e9:.1f} GB of disk and {free / 1e9:.1f} GB are free.",
            hint="Free some space and try again.",
        )


if __name__ == "__main__":
    run_in_folder(use_checkpoint)
