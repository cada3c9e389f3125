"""A campaign as the folders of mt-metrics-eval: texts, scores of every level, errors.

`None` stands for what was not rated. Names lose what may not be in them there: blanks and dots.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from core.annotate.annotation import NON_TRANSLATION, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.annotate.formats.row_cells import one_line
from core.annotate.mqm_weights import Preset
from core.annotate.results.scoring import SegmentScores, segment_scores
from core.storage.archive import pack

Floats = npt.NDArray[np.float64]

_RESERVED = ("all", "src")
_NOT_IN_NAMES = re.compile(r"[\s./\\]+")
# Other line breaks than `\n` end a line for readers that split lines as Python does.
_LINE_BREAKS = re.compile(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_DOMAIN = "all"


def write_mt_metrics_eval(data: CampaignData, preset: Preset) -> bytes:
    """Gives a ZIP: folders that stand for one test set, and the file of ratings with all texts.

    Checks, calibration and what is not finished are left out. Line breaks in texts become blanks.

    Args:
        data: The campaign.
        preset: What MQM errors cost; its name stands in the names of the files of scores.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    scores = segment_scores(data, preset)
    pair = f"{data.src_lang or 'src'}-{data.tgt_lang or 'tgt'}"
    systems = _names([each.name for each in data.systems])
    documents = [_name(each.document) or "document" for each in data.segments]
    files = {
        f"sources/{pair}.txt": _lines(each.source for each in data.segments),
        f"documents/{pair}.docs": _lines(f"{_DOMAIN}\t{name}" for name in documents),
    }
    if all(each.reference is not None for each in data.segments):
        files[f"references/{pair}.refA.txt"] = _lines(
            each.reference or "" for each in data.segments
        )
    for number, name in enumerate(systems):
        files[f"system-outputs/{pair}/{name}.txt"] = _lines(
            data.outputs.get((at, number), "") for at in range(len(data.segments))
        )
    scoring = f"{data.protocol}-{preset.name}" if data.protocol == "mqm" else data.protocol
    for level, lines in _score_lines(scores, systems, documents).items():
        files[f"human-scores/{pair}.{_name(scoring)}.{level}.score"] = _lines(lines)
    if data.protocol != "ranking":
        for number, rater in enumerate(data.raters, start=1):
            name = f"human-scores/{pair}.{data.protocol}-rater{number}.seg.rating"
            files[name] = _lines(_rating_lines(data, rater, systems))
        standalone = _standalone_lines(data, systems, documents)
        files[f"{pair}.{data.protocol}.jsonl"] = _lines(standalone)
    return pack(files)


def _score_lines(
    scores: SegmentScores, systems: Sequence[str], documents: Sequence[str]
) -> dict[str, list[str]]:
    """Gives the lines of each level; means over what was rated, as they are for systems."""
    found: dict[str, list[str]] = {level: [] for level in ("seg", "doc", "domain", "sys")}
    rows: dict[str, list[int]] = {}
    for at, name in enumerate(documents):
        rows.setdefault(name, []).append(at)
    for column, system in enumerate(systems):
        values = scores.values[:, column]
        found["seg"] += [f"{system}\t{_number(value)}" for value in values.tolist()]
        found["doc"] += [f"{system}\t{_mean(values[own])}" for own in rows.values()]
        found["domain"].append(f"{_DOMAIN}\t{system}\t{_mean(values)}")
        found["sys"].append(f"{system}\t{_mean(values)}")
    return found


def _rating_lines(data: CampaignData, rater: str, systems: Sequence[str]) -> Iterator[str]:
    """Gives a block of lines for each system, a line a segment."""
    own = {(item.segment, item.systems[0]): item for item in data.done() if item.rater == rater}
    for number, name in enumerate(systems):
        for segment in range(len(data.segments)):
            item = own.get((segment, number))
            rated = "None" if item is None else f"{_json(_rating(data, item))}\t{one_line(rater)}"
            yield f"{name}\t{rated}"


def _standalone_lines(
    data: CampaignData, systems: Sequence[str], documents: Sequence[str]
) -> Iterator[str]:
    for item in data.done():
        yield _json(
            {
                "source": _one_line(data.segments[item.segment].source),
                "hypothesis": _one_line(data.shown_text(item)),
                **_rating(data, item),
                "document_id": documents[item.segment],
                "segment_id": item.segment,
                "system_id": systems[item.systems[0]],
                "rater_id": one_line(item.rater),
                "src_lang": data.src_lang or None,
                "tgt_lang": data.tgt_lang or None,
            }
        )


def _rating(data: CampaignData, item: JudgedItem) -> dict[str, Any]:
    found: dict[str, Any] = {"errors": [_error_of(mark) for mark in item.annotation.marks]}
    if item.annotation.is_non_translation:
        whole = len(data.shown_text(item))
        found["errors"] = [_error(0, whole, NON_TRANSLATION, "major", is_in_source=False)]
    if item.annotation.score is not None:
        found["score"] = item.annotation.score
    return found


def _error_of(mark: Mark) -> dict[str, Any]:
    is_in_source = mark.side == "source"
    return _error(mark.start, mark.end, mark.category, mark.severity, is_in_source=is_in_source)


def _error(
    start: int, end: int, category: str, severity: str, *, is_in_source: bool
) -> dict[str, Any]:
    return {
        "start": start,
        "end": end,
        "category": category or None,
        "severity": severity or None,
        "score": None,
        "is_source_error": is_in_source,
    }


def _names(names: Sequence[str]) -> list[str]:
    """Gives names that are allowed, and each only once."""
    found: list[str] = []
    for name in names:
        short = _name(name) or "system"
        short = f"{short}_" if short.lower() in _RESERVED else short
        taken = sum(each == short or each.startswith(f"{short}_") for each in found)
        found.append(f"{short}_{taken + 1}" if short in found else short)
    return found


def _name(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name.strip())


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{_one_line(line)}\n" for line in lines).encode()


def _one_line(text: str) -> str:
    return _LINE_BREAKS.sub(" ", text.replace("\n", " ").replace("\r", " "))


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=True)


def _mean(values: Floats) -> str:
    rated = values[np.isfinite(values)].tolist()
    return _number(math.fsum(rated) / len(rated)) if rated else "None"


def _number(value: float) -> str:
    return repr(value) if math.isfinite(value) else "None"
