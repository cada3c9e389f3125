"""Reading parallel text: two line-aligned files, TSV or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from core.corpora.segments import Pair
from core.errors import DataError
from core.storage.files import decode_utf8

MAX_FILE_BYTES = 300_000_000
TSV_SUFFIXES = (".tsv", ".tab")
JSONL_SUFFIXES = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class NamedFile:
    """An uploaded or local file.

    Attributes:
        name: What its owner calls it; shown in messages, never used as a path.
        data: The bytes.
    """

    name: str
    data: bytes

    @property
    def suffix(self) -> str:
        """The lower-case ending of the name, with its dot."""
        return PurePath(self.name.replace("\\", "/")).suffix.lower()


def read_pairs(files: Sequence[NamedFile], src_lang: str, tgt_lang: str) -> list[Pair]:
    """Reads parallel segments out of one TSV or JSONL file, or two line-aligned text files.

    Args:
        files: One file or two; two are source and target in this order.
        src_lang: FLORES-200 code of the source; names the columns of JSONL.
        tgt_lang: FLORES-200 code of the target.

    Raises:
        DataError: The sentence names file, line and cause.
    """
    if len(files) == 2:
        return _read_aligned(files[0], files[1])
    if len(files) != 1:
        raise DataError(
            f"{len(files)} files were given for one split.",
            hint="Give one TSV or JSONL file, or two line-aligned text files.",
        )
    file = files[0]
    if file.suffix in JSONL_SUFFIXES:
        return _read_jsonl(file, src_lang, tgt_lang)
    if file.suffix in TSV_SUFFIXES:
        return _read_tsv(file)
    raise DataError(
        f"{file.name!r} alone is not a parallel corpus.",
        hint="Give .tsv or .jsonl, or two line-aligned text files (source and target).",
    )


def _text(file: NamedFile) -> str:
    """Gives the text of a file, which must be UTF-8 (a byte-order mark is left out)."""
    if not file.data:
        raise DataError(f"{file.name!r} is empty.", hint="Choose a file that holds segments.")
    if len(file.data) > MAX_FILE_BYTES:
        raise DataError(
            f"{file.name!r} has {len(file.data) / 1e6:.0f} MB; at most "
            f"{MAX_FILE_BYTES / 1e6:.0f} MB are read.",
            hint="Split the file and import the parts.",
        )
    if b"\0" in file.data[:4096]:
        raise DataError(
            f"{file.name!r} is not a UTF-8 text file: it holds zero bytes.",
            hint="Save it as plain text in UTF-8.",
        )
    text = decode_utf8(file.data, file.name, hint="Save the file as UTF-8 and import it again.")
    return text.removeprefix("\ufeff")


def _lines(file: NamedFile) -> list[str]:
    """Gives the lines; only a line feed ends one, so U+2028 and the like stay in the text."""
    lines = _text(file).replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _read_aligned(source: NamedFile, target: NamedFile) -> list[Pair]:
    sources, targets = _lines(source), _lines(target)
    if len(sources) != len(targets):
        longer = source if len(sources) > len(targets) else target
        raise DataError(
            f"{source.name!r} has {len(sources)} lines and {target.name!r} has {len(targets)}; "
            f"{longer.name!r} is longer by {abs(len(sources) - len(targets))}.",
            hint="Line-aligned files need one translation a line, in the same order.",
        )
    return list(zip(sources, targets, strict=True))


def _read_tsv(file: NamedFile) -> list[Pair]:
    """Reads two tab-separated columns; quotes are ordinary characters."""
    pairs: list[Pair] = []
    for number, line in enumerate(_lines(file), start=1):
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != 2:
            raise DataError(
                f"{file.name!r} line {number} has {len(cells)} tab-separated columns, not 2.",
                hint="Each line is source, one tab, target; a segment may hold no tab.",
            )
        pairs.append((cells[0], cells[1]))
    return _without_header(pairs)


def _without_header(pairs: list[Pair]) -> list[Pair]:
    header = ("source", "target")
    return pairs[1:] if pairs and tuple(cell.lower() for cell in pairs[0]) == header else pairs


def _read_jsonl(file: NamedFile, src_lang: str, tgt_lang: str) -> list[Pair]:
    """Reads `{"source": …, "target": …}`, or one key a language, or Hugging Face's nesting."""
    pairs: list[Pair] = []
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:  # also endless digits and nesting
            cause = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise DataError(
                f"{file.name!r} line {number} is not JSON: {cause.rstrip('.')}.",
                hint='Each line is an object such as {"source": "…", "target": "…"}.',
            ) from None
        pair = _pair_of(record, file.name, number, src_lang, tgt_lang)
        try:
            "".join(pair).encode()
        except UnicodeEncodeError:
            raise DataError(
                f"{file.name!r} line {number} holds half a character (a lone surrogate).",
                hint="An escape such as \\ud83d needs its second half right behind it.",
            ) from None
        pairs.append(pair)
    return pairs


def _pair_of(record: Any, name: str, number: int, src_lang: str, tgt_lang: str) -> Pair:
    if isinstance(record, dict) and isinstance(record.get("translation"), dict):
        record = record["translation"]
    if isinstance(record, dict):
        for source, target in (
            ("source", "target"),
            (src_lang, tgt_lang),
            _short(src_lang, tgt_lang),
        ):
            if isinstance(record.get(source), str) and isinstance(record.get(target), str):
                return record[source], record[target]
    keys = ", ".join(map(repr, record)) if isinstance(record, dict) else type(record).__name__
    raise DataError(
        f"{name!r} line {number} lacks the texts: it holds {keys}.",
        hint=f"Name them 'source' and 'target', or {src_lang!r} and {tgt_lang!r}.",
    )


def _short(src_lang: str, tgt_lang: str) -> tuple[str, str]:
    from core.languages import language

    return language(src_lang).iso, language(tgt_lang).iso
