"""What a leak check found, in numbers and in one sentence; kept with the corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.corpora.leakage.leaks import BOTH, LEVELS, SIDES
from core.languages import language_name

Badge = Literal["clean", "near", "leaks", "unchecked"]

EITHER = "either"

NOT_CHECKED = "Whether held-out segments stand in train was not checked."


@dataclass(frozen=True)
class PairStatus:
    """How many segments of one split also stand in another.

    Attributes:
        corpus: Name of the corpus of the held-out split; empty = the one reported on.
        split: The held-out split.
        other_corpus: Name of the other split's corpus; empty = the one reported on.
        other_split: The split that they were looked for in.
        src_lang, tgt_lang: FLORES-200 codes of the held-out split.
        num_held_out: Segments of the held-out split.
        num_other: Segments of the other one.
        counts: Held-out segments by side ("source", "target", "both", "either") and level, each at
            its strongest; a side that was not compared, for want of a common language, is absent.
            "both": both sides stand in one other row, and the level is the weaker of the two.
        coverage: Mean share of a held-out segment's n-grams that stand anywhere in the other split,
            by side, over the segments that have any; None = none has, or it was not counted.
        is_near_checked: Whether nearly equal segments were looked for.
        note: What was not done, and why; mostly empty.
    """

    corpus: str
    split: str
    other_corpus: str
    other_split: str
    src_lang: str
    tgt_lang: str
    num_held_out: int
    num_other: int
    counts: Mapping[str, Mapping[str, int]]
    coverage: Mapping[str, float | None]
    is_near_checked: bool
    note: str = ""

    @property
    def num_equal(self) -> int:
        """Held-out segments of which a side stands in the other split, exactly or normalised."""
        return self._equal(EITHER)

    @property
    def num_near(self) -> int:
        """Further ones of which a side stands there nearly."""
        return self.counts.get(EITHER, {}).get("near", 0)

    @property
    def num_leaking(self) -> int:
        """All of them."""
        return self.num_equal + self.num_near

    @property
    def is_against_train(self) -> bool:
        """Whether held-out segments were looked for in what is learnt from."""
        return self.split != "train" and self.other_split == "train"

    def clause(self, threshold: float) -> str:
        """Gives such as "4 of 500 test segments also stand in train (English side 4)".

        Args:
            threshold: From which overlap on a segment was called near.
        """
        languages = {"source": self.src_lang, "target": self.tgt_lang}
        held = f"{self.num_held_out:,} {self.split} segments" + _of(self.corpus)
        other = (
            f"{self.other_corpus}'s {self.other_split}" if self.other_corpus else self.other_split
        )
        near = f"(n-gram overlap ≥ {threshold:g})"
        if self.num_near and not self.num_equal:
            verb = "stands" if self.num_near == 1 else "stand"
            return f"{self.num_near:,} of {held} {verb} nearly in {other} {near}, none exactly"
        sides = ", ".join(
            f"{language_name(languages[side])} side {self._equal(side):,}"
            for side in SIDES
            if side in self.counts
        )
        verb = "stands" if self.num_equal == 1 else "stand"
        text = f"{self.num_equal:,} of {held} also {verb} in {other}"
        if self.num_equal:
            text += f" ({sides})"
        if self.num_near:
            text += f", {self.num_near:,} more nearly {near}"
        return text

    def _equal(self, side: str) -> int:
        counts = self.counts.get(side, {})
        return counts.get("exact", 0) + counts.get("normalised", 0)


@dataclass(frozen=True)
class LeakStatus:
    """What a leak check found.

    Attributes:
        pairs: One for each pair of splits that was compared.
        near_threshold: From which overlap on a segment was called near.
        num_listed: Leaks in the file.
        checked_at: UTC ISO-8601.
    """

    pairs: tuple[PairStatus, ...]
    near_threshold: float
    num_listed: int
    checked_at: str

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> LeakStatus:
        """Gives the status that `to_dict` gave."""
        pairs = tuple(PairStatus(**pair) for pair in values["pairs"])
        return cls(**{**values, "pairs": pairs})

    def to_dict(self) -> dict[str, Any]:
        """Gives plain values, for JSON."""
        return {**asdict(self), "pairs": [asdict(pair) for pair in self.pairs]}

    @property
    def badge(self) -> Badge:
        """Whether held-out segments stand in train; "near" where none does but nearly.

        Overlaps of dev and test, which no removal from train can mend, are left to the sentence.
        """
        against_train = [pair for pair in self.pairs if pair.is_against_train]
        if not against_train:
            return "unchecked"
        if any(pair.num_equal for pair in against_train):
            return "leaks"
        return "near" if any(pair.num_near for pair in against_train) else "clean"

    def sentence(self, splits: Sequence[str] = ("test", "dev")) -> str:
        """Gives the finding in one sentence, for pages, cards and reports.

        Args:
            splits: Which held-out splits it is about, the most important first.
        """
        chosen = [
            pair
            for split in splits
            for pair in self.pairs
            if pair.split == split and pair.num_held_out
        ]
        if not any(pair.is_against_train for pair in chosen):
            return NOT_CHECKED
        leaking = [pair for pair in chosen if pair.num_leaking]
        # Of a pair of splits without a leak nothing is said where another one has some.
        if leaking:
            return "; ".join(pair.clause(self.near_threshold) for pair in leaking) + "."
        checked = list(dict.fromkeys(pair.split for pair in chosen if pair.is_against_train))
        others = {pair.other_corpus for pair in chosen if pair.is_against_train}
        place = " or ".join(f"{other}'s train" if other else "train" for other in sorted(others))
        is_near = all(pair.is_near_checked for pair in chosen if pair.is_against_train)
        near = f"near ≥ {self.near_threshold:g}" if is_near else "near not checked"
        ways = f"exact, normalised, {near}"
        return f"No {' or '.join(checked)} segment stands in {place} ({ways})."


def badge_of(status: LeakStatus | None) -> Badge:
    """Gives the badge of a corpus, checked or not."""
    return status.badge if status else "unchecked"


def no_counts(sides: Sequence[str]) -> dict[str, dict[str, int]]:
    """Gives counts of 0 for the sides that are compared."""
    shown = [*sides, *([BOTH] if len(sides) == 2 else []), EITHER]
    return {side: dict.fromkeys(LEVELS, 0) for side in shown}


def _of(corpus: str) -> str:
    return f" of {corpus}" if corpus else ""
