"""What a run left behind to be judged by: its course, its shares, its translations."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.finetune.changes import Remedy
from core.finetune.run_folder import TEST_NOTE, RunFolder
from core.finetune.settings import FineTuneSettings
from core.storage.files import JsonLinesTail, read_json

Severity = Literal["problem", "warning", "note"]
Record = dict[str, Any]

LIVE_SCORE = "chrF++"  # of the two that are computed while a run learns, the steadier one


@dataclass(frozen=True)
class Finding:
    """Something about a run that its reader should know although it did not fail.

    Attributes:
        code: What it is, such as `overfitting`.
        severity: How much it matters.
        sentence: One sentence with the numbers.
        advice: What can be done that is no setting; may be empty.
        remedy: Changes of the settings that would help, if there are any.
    """

    code: str
    severity: Severity
    sentence: str
    advice: str = ""
    remedy: Remedy | None = None

    def as_dict(self) -> dict[str, Any]:
        """Gives the plain values for JSON."""
        found = {"code": self.code, "severity": self.severity, "sentence": self.sentence}
        return {**found, "advice": self.advice, "remedy": self.remedy and self.remedy.as_dict()}


@dataclass(frozen=True)
class Output:
    """One translation with what it should have been."""

    source: str
    reference: str
    hypothesis: str


@dataclass(frozen=True)
class Evidence:
    """The records of one run, as far as it has come.

    Attributes:
        settings: As it ran.
        is_live: Whether it still works: then nothing is said of what may still come right.
        train, evals: Records by ascending step; evaluation 0 is the base model's.
        plan: Steps and padding; empty before the training.
        shares: Cut segments and unknown tokens of the training split, 0 to 1; may be empty.
        outputs: Translations by the last model there is.
        outputs_of: What was translated, in words.
        num_capped: How many of `num_decoded` translations ended at the length limit.
        num_decoded: Segments behind `num_capped`; 0 = not known.
        evaluating_s: Seconds of the evaluations after the first step.
    """

    settings: FineTuneSettings
    is_live: bool = False
    train: Sequence[Record] = ()
    evals: Sequence[Record] = ()
    plan: Record = field(default_factory=dict)
    shares: Record = field(default_factory=dict)
    outputs: Sequence[Output] = ()
    outputs_of: str = ""
    num_capped: int = 0
    num_decoded: int = 0
    evaluating_s: float = 0.0

    @property
    def step(self) -> int:
        """The last step that was recorded."""
        return int(self.train[-1]["step"]) if self.train else 0

    @property
    def total_steps(self) -> int:
        """Steps of the whole run; 0 while unknown."""
        return int(self.plan.get("total_steps", 0))

    @property
    def is_judged(self) -> bool:
        """Whether the run is far enough for its translations to be held against it."""
        return not self.is_live or (len(self.evals) > 2 and 3 * self.step >= self.total_steps)

    @property
    def training_s(self) -> float:
        """Seconds of the steps, evaluations left out."""
        return float(self.train[-1].get("train_seconds") or 0.0) if self.train else 0.0


def score_of(record: Record, name: str = LIVE_SCORE, *, among: str = "scores") -> float | None:
    """Gives a score out of an evaluation's record; None where it has none."""
    scores = record.get(among) or ()
    found = (each for each in scores if isinstance(each, dict) and each.get("name") == name)
    value = next(found, {}).get("value")
    return float(value) if isinstance(value, (int, float)) else None


def read_evidence(folder: RunFolder, settings: FineTuneSettings, *, is_live: bool) -> Evidence:
    """Reads what a run wrote until now.

    Args:
        folder: Of the run.
        settings: As it runs.
        is_live: Whether it still works.
    """
    records = JsonLinesTail(folder.metrics_file).read()
    kept = _without_undone(records)
    evals = [each for each in kept if each["kind"] == "eval"]
    outputs, outputs_of = _outputs(folder, evals)
    of_test = [each for each in records if each.get("note") == TEST_NOTE]
    capped = _last(of_test, "decoded") if outputs_of == "test segments" else None
    # Nothing is held against a run that the base model did.
    if capped is None and evals and evals[-1]["step"] and evals[-1].get("num_capped") is not None:
        capped = {"num_capped": evals[-1]["num_capped"], "num_segments": _num_dev(evals[-1])}
    return Evidence(
        settings,
        is_live=is_live,
        train=[each for each in kept if each["kind"] == "train"],
        evals=evals,
        plan=_last(records, "plan") or {},
        shares=_last(records, "shares") or {},
        outputs=outputs,
        outputs_of=outputs_of,
        num_capped=int(capped["num_capped"]) if capped else 0,
        num_decoded=int(capped["num_segments"]) if capped else 0,
        evaluating_s=_evaluating_s(records),
    )


def _without_undone(records: Sequence[Record]) -> list[Record]:
    """Leaves out the steps that a resumed run made again."""
    kept: list[Record] = []
    for record in records:
        if record.get("kind") == "resume":
            kept = [each for each in kept if each["step"] <= record["step"]]
        elif record.get("kind") in ("train", "eval"):
            kept.append(record)
    return kept


def _last(records: Sequence[Record], kind: str) -> Record | None:
    return next((each for each in reversed(records) if each.get("kind") == kind), None)


def _num_dev(evaluation: Record) -> int:
    scores = evaluation.get("scores") or [{}]
    return int(scores[0].get("num_segments", 0))


def _outputs(folder: RunFolder, evals: Sequence[Record]) -> tuple[list[Output], str]:
    """Gives the translations of the test split, or else the newest samples of the dev split."""
    rows = JsonLinesTail(folder.outputs_file).read()
    if rows and folder.result_file.exists():
        found = [Output(each["source"], each["reference"], each["fine_tuned"]) for each in rows]
        return found, "test segments"
    steps = {each["step"] for each in evals if each["step"]}
    samples = [each for each in JsonLinesTail(folder.samples_file).read() if each["step"] in steps]
    if not samples:
        return [], ""
    names = ("source", "reference", "hypothesis")
    found = [Output(*(row[name] for name in names)) for row in samples[-1]["rows"]]
    return found, f"sample segments after step {samples[-1]['step']}"


def _evaluating_s(records: Sequence[Record]) -> float:
    """Adds up the evaluations between steps; the clock of the records starts with each attempt."""
    total, began = 0.0, None
    for record in records:
        if record.get("kind") == "plan":
            began = None
        if record.get("kind") != "phase":
            continue
        if began is not None:
            total += max(0.0, record["elapsed_s"] - began)
        is_dev = record["phase"] == "evaluating" and record["note"].startswith("dev split after")
        began = record["elapsed_s"] if is_dev and not record["note"].endswith(" 0") else None
    return total


def result_of(folder: RunFolder) -> Record:
    """Gives the final scores of a run; empty before there are any."""
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        found: Record = read_json(folder.result_file)
        return found
    return {}
