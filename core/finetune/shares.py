"""How much of the training split is cut or unknown, from what the trainer encoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.finetune.segments import Encoded
from core.finetune.settings import FineTuneSettings


def training_shares(train: Encoded, tokenizer: Any, settings: FineTuneSettings) -> dict[str, float]:
    """Gives what the record `shares` of a run's metrics holds, each from 0 to 1.

    A segment that fills its limit to the last token counts as cut: whether it just fits cannot be
    told from its tokens, and is rare.

    Args:
        train: Token ids of the training split.
        tokenizer: Of the base model.
        settings: With the limits.
    """
    unknown = getattr(tokenizer, "unk_token_id", None)
    lengths = train.lengths
    longest = sum(lengths.longest(at) for at in range(len(train.sources)))
    return {
        "cut_source": _cut(train.sources, settings.max_source_length),
        "cut_target": _cut(train.targets, settings.max_target_length),
        "unknown_source": _unknown(train.sources, unknown),
        "unknown_target": _unknown(train.targets, unknown),
        "tokens_per_segment": round(longest / max(1, len(train.sources)), 1),
    }


def _cut(rows: Sequence[list[int]], limit: int) -> float:
    return round(sum(len(ids) >= limit for ids in rows) / max(1, len(rows)), 4)


def _unknown(rows: Sequence[list[int]], token: int | None) -> float:
    if token is None:
        return 0.0
    num_tokens = sum(len(ids) for ids in rows)
    return round(sum(ids.count(token) for ids in rows) / max(1, num_tokens), 4)
