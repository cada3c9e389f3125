"""Examining a corpus: every check on every row, a file of the flagged ones, and the counts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.corpora.doctor.checks import BITS
from core.corpora.doctor.chunks import Task, feature_reader
from core.corpora.doctor.corpus_checks import joined, mark_across_rows, usual_ratio
from core.corpora.doctor.findings import Finding, write_findings
from core.corpora.doctor.row_features import RowFeatures, row_features
from core.corpora.doctor.settings import DoctorSettings
from core.corpora.watching import Watch, unwatched
from core.languages import language, language_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FINDINGS_NAME = "findings.parquet"
_WATCH_ROWS = 5000

Counts = dict[str, dict[str, int]]  # by check, then by split


@dataclass(frozen=True)
class Examination:
    """What was found in a corpus.

    Attributes:
        num_rows: Rows by split.
        num_flagged: Rows by split that at least one check flagged.
        counts: Rows by check and split that the check flagged; of every check that was made.
        alone: The same, rows that no other check flagged.
        num_repaired: Rows by split that the repairs changed.
        usual_ratio: Characters of a target for one of its source, the median.
        notes: Sentences about what could not be checked.
        seconds: How long it took.
    """

    num_rows: dict[str, int]
    num_flagged: dict[str, int]
    counts: Counts
    alone: Counts
    num_repaired: dict[str, int]
    usual_ratio: float
    notes: tuple[str, ...]
    seconds: float

    def count(self, check: str, split: str | None = None) -> int:
        """Gives how many rows a check flagged, in a split or in all."""
        by_split = self.counts.get(check, {})
        return sum(by_split.values()) if split is None else by_split.get(split, 0)

    def to_dict(self) -> dict[str, Any]:
        """Gives it as JSON can hold it."""
        return {**asdict(self), "notes": list(self.notes)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Examination:
        """Gives it back from what `to_dict` gave."""
        return cls(**{**values, "notes": tuple(values["notes"])})


def examine(
    splits: Mapping[str, Path],
    src_lang: str,
    tgt_lang: str,
    settings: DoctorSettings,
    out: Path,
    *,
    watch: Watch = unwatched,
    num_processes: int | None = None,
) -> Examination:
    """Makes the checks that are on, and writes the flagged rows to a file.

    Repeats count within a split: what stands in two splits is a leak, and no duplicate. Rows of
    dev and test are checked as those of train.

    Args:
        splits: The JSONL files by the names of the splits.
        src_lang: FLORES-200 code.
        tgt_lang: FLORES-200 code.
        settings: What to look for.
        out: Where the findings go; the file is whole or absent.
        watch: Is told how far it is; what it raises ends the work.
        num_processes: How many work on it; None = one for each processor if that pays.

    Raises:
        ConfigError: A language is no FLORES-200 code.
        HostError: A process was killed for want of memory.
    """
    start = time.monotonic()
    language(src_lang), language(tgt_lang)  # unknown ones are an error before the work begins
    tasks = {split: Task(src_lang, tgt_lang, settings.for_split(split)) for split in splits}
    features = _features(splits, tasks, watch, num_processes)
    usual = usual_ratio(features)
    masks = {}
    for place, (split, found) in enumerate(features.items()):
        watch("comparing rows", place, len(features))
        masks[split] = mark_across_rows(found, usual, settings)
    write_findings(out, _findings(splits, masks, features, watch))
    return _examination(features, masks, usual, settings, time.monotonic() - start)


def _examination(
    features: Mapping[str, RowFeatures],
    masks: Mapping[str, NDArray[np.int64]],
    usual: float,
    settings: DoctorSettings,
    seconds: float,
) -> Examination:
    unidentified = max((found.unidentified for found in features.values()), key=len, default=())
    return Examination(
        num_rows={split: len(mask) for split, mask in masks.items()},
        num_flagged={split: int((mask != 0).sum()) for split, mask in masks.items()},
        counts={key: _count(masks, BITS[key], is_alone=False) for key in settings.active},
        alone={key: _count(masks, BITS[key], is_alone=True) for key in settings.active},
        num_repaired={split: found.num_repaired for split, found in features.items()},
        usual_ratio=usual,
        notes=tuple(_note(lang, settings) for lang in unidentified),
        seconds=round(seconds, 2),
    )


def _features(
    splits: Mapping[str, Path],
    tasks: Mapping[str, Task],
    watch: Watch,
    num_processes: int | None,
) -> dict[str, RowFeatures]:
    """Gives the features of all splits."""
    total = sum(path.stat().st_size for path in splits.values() if path.exists())
    done = 0
    features = {}
    watch("checking rows", 0, total)
    with feature_reader(total, num_processes) as read:
        for split, path in splits.items():
            task = tasks[split]
            parts = [row_features([], task.src_lang, task.tgt_lang, task.settings)]
            for chunk, part in read(path, task):
                parts.append(part)
                done += chunk.size
                watch("checking rows", done, total)
            features[split] = joined(parts)
    return features


def _findings(
    splits: Mapping[str, Path],
    masks: Mapping[str, NDArray[np.int64]],
    features: Mapping[str, RowFeatures],
    watch: Watch,
) -> Iterator[Finding]:
    """Gives the flagged rows with their texts as they stand in the files."""
    total = sum(map(len, masks.values()))
    done = 0
    for split, mask in masks.items():
        if not len(mask):
            continue
        details = features[split].details
        with splits[split].open(encoding="utf-8", newline="\n") as file:
            for number, (bits, line) in enumerate(zip(mask.tolist(), file, strict=True)):
                if number % _WATCH_ROWS == 0:
                    watch("writing findings", done + number, total)
                if bits:
                    record = json.loads(line)
                    yield Finding(
                        split,
                        number,
                        record["source"],
                        record["target"],
                        record.get("document", ""),
                        tuple(key for key, bit in BITS.items() if bits & bit),
                        details.get(number, ""),
                    )
        done += len(mask)


def _count(masks: Mapping[str, NDArray[np.int64]], bit: int, *, is_alone: bool) -> dict[str, int]:
    return {
        split: int((mask == bit if is_alone else mask & bit != 0).sum())
        for split, mask in masks.items()
    }


def _note(lang: str, settings: DoctorSettings) -> str:
    script = "their script was" if settings.wrong_script else "nor was their script"
    return (
        f"The language of {language_name(lang)} segments was not checked, as the identifier "
        f"does not know it; {script}."
    )
