"""Reading the rows of all files of an import into one file a split; what cannot be used is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from core.corpora.doctor.findings import Finding, write_findings
from core.corpora.formats.aligned import aligned_rows
from core.corpora.formats.choice import Choice
from core.corpora.formats.files import InputFile, check_size
from core.corpora.formats.located import PLACES, Located
from core.corpora.formats.looking import look
from core.corpora.formats.reading import rows
from core.corpora.planning import Part
from core.corpora.segments import Row, write_segments
from core.corpora.watching import Watch
from core.errors import DataError
from core.text.spans import body_of

_ROWS_BETWEEN_WORDS = 5_000


@dataclass
class Gathered:
    """What was read.

    Attributes:
        counts: Rows by split; "" for those that are to be divided.
        rejected: How many could not be used, by the key of the reason.
        encodings: Encoding of each text file, in words.
    """

    counts: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    encodings: dict[str, str] = field(default_factory=dict)


def gather(
    files: Mapping[str, InputFile],
    parts: Sequence[Part],
    langs: tuple[str, str],
    into: Path,
    rejected: Path,
    *,
    watch: Watch,
) -> Gathered:
    """Reads all parts; rows of one split follow one another in the order of the parts.

    Args:
        files: By name.
        parts: How they are read.
        langs: FLORES-200 codes of source and target.
        into: Folder for `train.jsonl` and so on, and `pool.jsonl` for what is to be divided.
        rejected: File for the rows that cannot be used: a side is blank or was never translated.
        watch: Is told how many bytes are done.

    Raises:
        DataError: A file is missing or cannot be read; the sentence names file, line and cause.
    """
    reading = _Reading(files, parts, langs, watch)
    for split in dict.fromkeys(part.split for part in parts):
        path = into / f"{split or 'pool'}.jsonl"
        reading.found.counts[split] = write_segments(path, reading.rows_of(split))
    write_findings(rejected, iter(reading.rejected))
    return reading.found


class _Reading:
    """Files on their way into splits."""

    def __init__(
        self,
        files: Mapping[str, InputFile],
        parts: Sequence[Part],
        langs: tuple[str, str],
        watch: Watch,
    ) -> None:
        self.found = Gathered()
        self.rejected: list[Finding] = []
        self._files = files
        self._parts = parts
        self._langs = langs
        self._watch = watch
        self._num_read = 0
        for name in (name for part in parts for name in part.files):
            if name not in files:
                raise DataError(f"There is no file {name!r}.", hint="Choose the files again.")
            check_size(files[name])

    def rows_of(self, split: str) -> Iterator[Row]:
        """Gives the usable rows of a split; their numbers count over all its parts."""
        numbers = count()
        for part in self._parts:
            if part.split != split:
                continue
            place = self._place_of(part)
            self._watch(f"reading {part.files[0]}", self._num_read, 0)
            for row, number in zip(self._located(part), numbers, strict=False):
                if number % _ROWS_BETWEEN_WORDS == 0:
                    self._watch(f"reading {part.files[0]}", self._num_read, 0)
                self._num_read += 1
                reason = _reason(row)
                if reason:
                    self._reject(split, number, row, reason, place)
                else:
                    yield row.row

    def _located(self, part: Part) -> Iterator[Located]:
        source, *others = (self._files[name] for name in part.files)
        if not others:
            return rows(source, part.choice, *self._langs)
        return aligned_rows(
            source,
            others[0],
            *self._langs,
            source_encoding=part.choice.encoding,
            target_encoding=part.target_encoding,
        )

    def _place_of(self, part: Part) -> str:
        """Remembers the encodings, and gives what a row's place is called, such as `line`."""
        kind = ""
        choices = [part.choice]
        if part.is_aligned:
            codes = (part.choice.encoding, part.target_encoding)
            choices = [Choice(encoding=code) for code in codes]
        for name, choice, lang in zip(part.files, choices, self._langs, strict=False):
            seen = look(self._files[name], choice, (lang,))
            kind = kind or seen.format
            if seen.encoding_label:
                self.found.encodings[name] = seen.encoding_label
        return f"{part.files[0]}, {PLACES[kind]}"

    def _reject(self, split: str, number: int, row: Located, reason: str, place: str) -> None:
        self.found.rejected[reason] = self.found.rejected.get(reason, 0) + 1
        details = f"{place} {row.where}"
        self.rejected.append(
            Finding(split, number, row.source, row.target, row.document, (reason,), details)
        )


def _reason(row: Located) -> str:
    if row.fault:
        return "no_translation"
    return "empty" if _is_blank(row.source) or _is_blank(row.target) else ""


def _is_blank(text: str) -> bool:
    if text and not text[0].isspace() and text[0].isprintable():
        return False  # nearly every text; what is invisible is not printable
    start, end = body_of(text)
    return start == end
