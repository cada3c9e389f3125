"""The leak report of a corpus: between its own splits, and against another corpus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.corpora.leakage.comparing import compare, shared_sides
from core.corpora.leakage.held_out import HeldOut, hold_out
from core.corpora.leakage.leaks import LeakWriter, writing_leaks
from core.corpora.leakage.settings import LeakSettings
from core.corpora.leakage.status import LeakStatus, PairStatus
from core.corpora.leakage.train_overlap import NOTE, train_overlap
from core.corpora.segments import read_rows
from core.corpora.watching import Watch, unwatched
from core.errors import DataError
from core.languages import language_name
from core.storage.files import utc_now

HELD_OUT = ("dev", "test")


@dataclass(frozen=True)
class CorpusFiles:
    """A corpus as the report reads it.

    Attributes:
        name: What it is called in the report; empty = the corpus that is reported on.
        src_lang, tgt_lang: FLORES-200 codes.
        paths: File of segments of each split: "train", "dev", "test"; absent ones are empty.
    """

    name: str
    src_lang: str
    tgt_lang: str
    paths: Mapping[str, Path]

    @property
    def langs(self) -> tuple[str, str]:
        """Source and target."""
        return self.src_lang, self.tgt_lang


def leaks_within(
    paths: Mapping[str, Path],
    src_lang: str,
    tgt_lang: str,
    out: Path,
    settings: LeakSettings | None = None,
    watch: Watch = unwatched,
) -> LeakStatus:
    """Looks for dev and test in train, and for test in dev.

    Args:
        paths: File of segments of each split: "train", "dev", "test".
        src_lang: FLORES-200 code of the source.
        tgt_lang: FLORES-200 code of the target.
        out: File that the leaks are written to; whole, or as it was before after an error.
        settings: What counts as a leak.
        watch: Told of the rows that are done; what it raises ends the check.
    """
    settings = settings or LeakSettings()
    corpus = CorpusFiles("", src_lang, tgt_lang, paths)
    with writing_leaks(out) as writer:
        report = _Report(settings, writer, watch)
        report.add(report.hold_out(corpus, HELD_OUT), corpus, "train")
        if any(pair.split == "dev" for pair in report.pairs):
            report.add(report.hold_out(corpus, ("test",)), corpus, "dev")
    return report.status()


def leaks_against(
    own: CorpusFiles,
    other: CorpusFiles,
    out: Path,
    settings: LeakSettings | None = None,
    watch: Watch = unwatched,
) -> LeakStatus:
    """Looks for a corpus's dev and test in another corpus, and for the other's in its train.

    Sides are compared by language: a corpus with the languages the other way round is no obstacle,
    and of corpora that have one language in common, such as English, that side is compared. Equal
    segments of both train splits are counted, too.

    Args:
        own: The corpus that is reported on; its name plays no part.
        other: The other one.
        out: File that the leaks are written to.
        settings: What counts as a leak.
        watch: Told of the rows that are done; what it raises ends the check.

    Raises:
        DataError: The corpora have no language in common.
    """
    settings = settings or LeakSettings()
    own = replace(own, name="")
    if not shared_sides(own.langs, other.langs):
        shown = [" and ".join(map(language_name, each.langs)) for each in (own, other)]
        raise DataError(
            f"{shown[0]} cannot be compared with {shown[1]} of {other.name!r}: no language is in "
            f"both.",
            hint="Choose a corpus that shares a language.",
        )
    with writing_leaks(out) as writer:
        report = _Report(settings, writer, watch)
        held = report.hold_out(own, HELD_OUT)
        for split in ("train", *HELD_OUT):
            report.add(held, other, split)
        report.add(report.hold_out(other, HELD_OUT), own, "train")
        report.add_trains(own, other)
    return report.status()


class _Report:
    """A report that grows pair by pair."""

    def __init__(self, settings: LeakSettings, writer: LeakWriter, watch: Watch) -> None:
        self.pairs: list[PairStatus] = []
        self._settings = settings
        self._writer = writer
        self._watch = watch

    def hold_out(self, corpus: CorpusFiles, splits: tuple[str, ...]) -> HeldOut:
        rows = {split: read_rows(corpus.paths[split]) for split in splits if split in corpus.paths}
        return hold_out(
            rows,
            corpus.langs,
            corpus=corpus.name,
            looks_for_near=self._settings.looks_for_near,
            watch=self._watch,
        )

    def add(self, held: HeldOut, corpus: CorpusFiles, split: str) -> None:
        if held.num_rows and split in corpus.paths:
            self.pairs += compare(
                held,
                read_rows(corpus.paths[split]),
                corpus.langs,
                corpus=corpus.name,
                split=split,
                settings=self._settings,
                writer=self._writer,
                watch=self._watch,
            )

    def add_trains(self, own: CorpusFiles, other: CorpusFiles) -> None:
        if "train" not in own.paths or "train" not in other.paths:
            return
        rows, other_rows = (read_rows(each.paths["train"]) for each in (own, other))
        counts, num_own, num_other = train_overlap(
            rows, own.langs, other_rows, other.langs, watch=self._watch
        )
        if num_own and num_other:
            self.pairs.append(
                PairStatus(
                    corpus="",
                    split="train",
                    other_corpus=other.name,
                    other_split="train",
                    src_lang=own.src_lang,
                    tgt_lang=own.tgt_lang,
                    num_held_out=num_own,
                    num_other=num_other,
                    counts=counts,
                    coverage={},
                    is_near_checked=False,
                    note=NOTE,
                )
            )

    def status(self) -> LeakStatus:
        return LeakStatus(
            pairs=tuple(self.pairs),
            near_threshold=self._settings.near_threshold,
            num_listed=self._writer.count,
            checked_at=utc_now(),
        )
