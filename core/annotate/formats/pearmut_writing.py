"""A campaign as Pearmut's: the JSON of the campaign and the JSON lines of its answers, in a ZIP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.annotate.campaign_data import CampaignData, JudgedItem
from core.annotate.formats.pearmut_marks import SQM_SLIDER, written_output
from core.annotate.typologies import TYPOLOGIES
from core.errors import ConfigError
from core.storage.archive import pack

FORMAT = "pearmut"
MISSING = "[missing]"
CAMPAIGN_FILE, ANSWERS_FILE = "campaign.json", "annotations.jsonl"

_PROTOCOLS = {"sqm": "DA", "esa": "ESA", "mqm": "MQM"}
_MAX_PAUSE_S = 60


@dataclass
class _Answer:
    """A document of a rater while it is written.

    Attributes:
        key: What its items have in common.
        segments: What is shown, by the number of the segment.
        outputs: What was made of it, by the same.
        active_s: Seconds of work.
        saved_at: UTC ISO-8601 of the last save, or "".
    """

    key: Any
    segments: dict[int, dict[str, Any]] = field(default_factory=dict)
    outputs: dict[int, dict[str, Any]] = field(default_factory=dict)
    active_s: float = 0.0
    saved_at: str = ""


def write_pearmut(data: CampaignData) -> bytes:
    """Gives a ZIP with a task-based campaign and the answers to it; what is unfinished is left out.

    Raises:
        ConfigError: The campaign ranks outputs side by side, for which the format has no place.
    """
    if data.protocol == "ranking":
        raise ConfigError(
            "Pearmut has a score for each output, so that ranks cannot be written.",
            hint="Choose CSV or xlsx.",
        )
    tokens = list(data.origin.get("special_tokens") or [MISSING])
    done: dict[str, list[JudgedItem]] = {rater: [] for rater in data.raters}
    for item in data.items:
        if item.annotation.is_done:
            done[item.rater].append(item)
    tasks, lines = [], []
    for rater, items in done.items():
        answers = _answers(data, sorted(items, key=lambda item: item.place), tokens)
        tasks.append([list(answer.segments.values()) for answer in answers])
        lines += [_line(rater, number, answer) for number, answer in enumerate(answers)]
    campaign = {"campaign_id": data.name, "info": _info(data, tokens), "data": tasks}
    return pack(
        {
            CAMPAIGN_FILE: (json.dumps(campaign, ensure_ascii=False, indent=1) + "\n").encode(),
            ANSWERS_FILE: "".join(lines).encode(),
        }
    )


def _info(data: CampaignData, tokens: list[str]) -> dict[str, Any]:
    info: dict[str, Any] = {
        "assignment": "task-based",
        "protocol": _PROTOCOLS[data.protocol],
        "users": list(data.raters),
        "shuffle": False,
        "special_tokens": tokens,
        "src_lang": data.src_lang,
        "tgt_lang": data.tgt_lang,
        "typology": data.typology,
    }
    if data.protocol == "sqm":
        info["sliders"] = [SQM_SLIDER]
    typology = TYPOLOGIES.get(data.typology)
    if data.protocol == "mqm" and typology:
        categories: dict[str, list[str]] = {}
        for category in typology.categories:
            dimension, _, subtype = category.name.partition("/")
            categories.setdefault(dimension, []).extend([subtype] if subtype else [])
        info |= {"mqm_categories": categories, "mqm_severities": list(typology.severities)}
    return info


def _answers(
    data: CampaignData, items: Sequence[JudgedItem], tokens: Sequence[str]
) -> list[_Answer]:
    """Gives what a rater made of each document: neighbouring items that belong together."""
    answers: list[_Answer] = []
    for item in items:
        segment = data.segments[item.segment]
        key = item.origin.get("answer", (segment.document, item.systems, item.kind))
        names = [_model(data.systems[system].name) for system in item.systems]
        is_same = bool(answers) and answers[-1].key == key
        if not is_same or not answers[-1].outputs.get(item.segment, {}).keys().isdisjoint(names):
            answers.append(_Answer(key))
        answer = answers[-1]
        shown = answer.segments.setdefault(item.segment, _shown(data, item))
        made = answer.outputs.setdefault(item.segment, {})
        for output, name in enumerate(names):
            text = data.shown_text(item, output)
            shown["tgt"][name] = text
            made[name] = written_output(item.annotation, text, output, data.protocol, tokens)
        answer.active_s += item.active_s or 0.0
        answer.saved_at = max(answer.saved_at, item.saved_at)
    return answers


def _shown(data: CampaignData, item: JudgedItem) -> dict[str, Any]:
    segment = data.segments[item.segment]
    shown: dict[str, Any] = {
        "src": segment.source,
        "tgt": {},
        "item_id": segment.label or str(item.segment + 1),
        "document": segment.document,
        "document_segment": segment.document_segment,
        "kind": item.kind,
    }
    return shown | ({"ref": segment.reference} if segment.reference else {})


def _model(name: str) -> str:
    return f"system {name}" if name.isdigit() else name  # Pearmut refuses digits alone


def _line(rater: str, number: int, answer: _Answer) -> str:
    record = {
        "annotation": [answer.outputs[segment] for segment in answer.segments],
        "actions": list(_actions(answer)),
        "item": list(answer.segments.values()),
        "user_id": rater,
        "item_i": number,
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


def _actions(answer: _Answer) -> Iterator[dict[str, Any]]:
    """Gives actions whose times make up the seconds of work; Pearmut counts no longer pauses."""
    if not answer.saved_at:
        return
    end_s = datetime.fromisoformat(answer.saved_at).timestamp()
    left_s = answer.active_s
    name = "load"
    while left_s > 0:
        yield {"time": round(end_s - left_s, 3), "action": name}
        left_s -= _MAX_PAUSE_S
        name = "work"
    yield {"time": round(end_s, 3), "action": "submit"}
