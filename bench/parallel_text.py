"""As many pairs as wanted, made of real ones, and files of them in every format that is read."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape

from bench.data import bench_corpus
from core.corpora.formats.writing import write
from core.corpora.segments import Pair, Row

SRC_TAG, TGT_TAG = "en", "ga"

# What real corpora have and the data doctor looks for, in rows of a hundred.
REPEATED_PERCENT = 3
SWAPPED_PERCENT = 1

_DIGITS = "0123456789"


def pairs_of(count: int, seed: int = 1) -> Iterator[Pair]:
    """Gives pairs of an English and an Irish segment, the same ones for the same seed.

    The published pairs come first, as they are. Each of the others joins half of the words of two
    of them, shuffled: the first half of both sides of one pair and the second half of both sides
    of another, so that languages, lengths and names fit as they do in the real ones. Digits are
    exchanged alike on both sides. A few pairs are repeated or have their sides swapped.
    """
    rng = random.Random(seed)
    corpus = bench_corpus()
    real = corpus.train + corpus.dev
    words = [(source.split(), target.split()) for source, target in real]
    exchanges = [_exchange(rng) for _ in range(50)]
    recent = list(islice(real, 1000))
    for number in range(count):
        if number < len(real):
            yield real[number]
            continue
        lot = 100 * rng.random()
        if lot < REPEATED_PERCENT:
            yield rng.choice(recent)
            continue
        first, second = rng.choice(words), rng.choice(words)
        source, target = (_joined(first[side], second[side], rng) for side in (0, 1))
        exchange = rng.choice(exchanges)
        pair = source.translate(exchange), target.translate(exchange)
        recent[number % len(recent)] = pair
        yield pair[::-1] if lot < REPEATED_PERCENT + SWAPPED_PERCENT else pair


def _exchange(rng: random.Random) -> dict[int, int]:
    return str.maketrans(_DIGITS, "".join(rng.sample(_DIGITS, len(_DIGITS))))


def _joined(first: list[str], second: list[str], rng: random.Random) -> str:
    words = first[: (len(first) + 1) // 2] + second[len(second) // 2 :]
    rng.shuffle(words)
    return " ".join(words)


def write_aligned(folder: Path, pairs: Iterable[Pair]) -> list[Path]:
    """Writes two text files with one segment a line, and gives their paths."""
    paths = [folder / f"corpus.{tag}" for tag in (SRC_TAG, TGT_TAG)]
    with paths[0].open("w", encoding="utf-8") as source, paths[1].open("w", encoding="utf-8") as to:
        for pair in pairs:
            source.write(pair[0] + "\n")
            to.write(pair[1] + "\n")
    return paths


def write_all_formats(folder: Path, rows: list[Row], langs: tuple[str, str]) -> dict[str, Path]:
    """Writes the rows in each format that is read, and gives the file of each.

    Of the two line-aligned files it is the first; the other one lies beside it.
    """
    paths = {"aligned": write_aligned(folder, (row[:2] for row in rows))[0]}
    for format in ("tsv", "jsonl", "tmx", "parquet"):
        paths[format] = folder / f"corpus.{format}"
        write(
            paths[format], format, rows, src_lang=langs[0], tgt_lang=langs[1], has_documents=False
        )
    # What is read and not written: as others write it.
    writers: dict[str, Callable[[TextIO, list[Row]], Any]] = {
        "csv": _write_csv,
        "json": _write_json,
        "xliff": _write_xliff,
    }
    for format, writer in writers.items():
        paths[format] = folder / f"corpus.{format}"
        with paths[format].open("w", encoding="utf-8", newline="") as file:
            writer(file, rows)
    return paths


def _write_csv(file: TextIO, rows: list[Row]) -> None:
    writer = csv.writer(file)
    writer.writerow(("source", "target"))
    writer.writerows(row[:2] for row in rows)


def _write_json(file: TextIO, rows: list[Row]) -> None:
    """Writes it as the data sets of Hugging Face have it."""
    records = [{"translation": {SRC_TAG: row.source, TGT_TAG: row.target}} for row in rows]
    json.dump(records, file, ensure_ascii=False)


def _write_xliff(file: TextIO, rows: list[Row]) -> None:
    file.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">\n'
        f'<file original="corpus" source-language="{SRC_TAG}" target-language="{TGT_TAG}" '
        'datatype="plaintext"><body>\n'
    )
    for number, row in enumerate(rows, start=1):
        source, target = escape(row.source), escape(row.target)
        file.write(
            f'<trans-unit id="{number}"><source>{source}</source><target>{target}</target>'
            "</trans-unit>\n"
        )
    file.write("</body></file></xliff>\n")
