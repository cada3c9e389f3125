"""The peers of reading and writing: what people use for each format where nothing is checked."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.data import SRC_LANG, TGT_LANG
from bench.parallel_text import SRC_TAG, TGT_TAG
from core.corpora.segments import Pair, Row
from core.languages import html_tag

PEERS = {
    "aligned": "two open files of Python",
    "tsv": "pandas",
    "csv": "pandas",
    "jsonl": "pandas",
    "json": "json.load",
    "tmx": "lxml, the whole tree",
    "xliff": "lxml, the whole tree",
    "parquet": "pandas",
    "moses": "zipfile",
}

_XLIFF = "{urn:oasis:names:tc:xliff:document:1.2}"


def read_aligned(path: Path) -> Iterator[Pair]:
    """Gives the pairs of two line-aligned files, of which `path` is the source."""
    other = path.with_suffix(f".{TGT_TAG}")
    with path.open(encoding="utf-8") as sources, other.open(encoding="utf-8") as targets:
        for source, target in zip(sources, targets, strict=True):
            yield source.rstrip("\n"), target.rstrip("\n")


def _read_table(path: Path) -> Iterator[Pair]:
    import pandas as pd

    separator = "\t" if path.suffix == ".tsv" else ","
    return _pairs(pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False))


def _read_json_lines(path: Path) -> Iterator[Pair]:
    import pandas as pd

    return _pairs(pd.read_json(path, lines=True, dtype=False, convert_dates=False))


def _read_parquet(path: Path) -> Iterator[Pair]:
    import pandas as pd

    return _pairs(pd.read_parquet(path))


def _pairs(frame: Any) -> Iterator[Pair]:
    return zip(frame["source"].tolist(), frame["target"].tolist(), strict=True)


def _read_json(path: Path) -> Iterator[Pair]:
    with path.open(encoding="utf-8") as file:
        for record in json.load(file):
            yield record["translation"][SRC_TAG], record["translation"][TGT_TAG]


def _read_tmx(path: Path) -> Iterator[Pair]:
    from lxml import etree  # type: ignore[import-untyped]

    for unit in etree.parse(path).iter("tu"):
        source, target = ("".join(segment.itertext()) for segment in unit.iter("seg"))
        yield source, target


def _read_xliff(path: Path) -> Iterator[Pair]:
    from lxml import etree

    for unit in etree.parse(path).iter(f"{_XLIFF}trans-unit"):
        source, target = (
            "".join(unit.find(f"{_XLIFF}{side}").itertext()) for side in ("source", "target")
        )
        yield source, target


def _frame(given: list[Row]) -> Any:
    import pandas as pd

    return pd.DataFrame([row[:2] for row in given], columns=["source", "target"])


def _write_tsv(path: Path, given: list[Row]) -> None:
    _frame(given).to_csv(path, sep="\t", index=False, quoting=1)


def _write_json_lines(path: Path, given: list[Row]) -> None:
    _frame(given).to_json(path, orient="records", lines=True, force_ascii=False)


def _write_parquet(path: Path, given: list[Row]) -> None:
    _frame(given).to_parquet(path, compression="zstd", index=False)


def _write_moses(path: Path, given: list[Row]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for side, tag in enumerate((SRC_TAG, TGT_TAG)):
            archive.writestr(f"corpus.{tag}", "".join(row[side] + "\n" for row in given))


def _write_tmx(path: Path, given: list[Row]) -> None:
    from lxml import etree

    root = etree.Element("tmx", version="1.4")
    body = etree.SubElement(root, "body")
    tags = html_tag(SRC_LANG), html_tag(TGT_LANG)
    for number, row in enumerate(given, start=1):
        unit = etree.SubElement(body, "tu", tuid=str(number))
        for tag, text in zip(tags, row[:2], strict=True):
            variant = etree.SubElement(unit, "tuv")
            variant.set("{http://www.w3.org/XML/1998/namespace}lang", tag)
            etree.SubElement(variant, "seg").text = text
    etree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


READERS: dict[str, Callable[[Path], Iterator[Pair]]] = {
    "aligned": read_aligned,
    "tsv": _read_table,
    "csv": _read_table,
    "jsonl": _read_json_lines,
    "json": _read_json,
    "tmx": _read_tmx,
    "xliff": _read_xliff,
    "parquet": _read_parquet,
}
WRITERS: dict[str, Callable[[Path, list[Row]], None]] = {
    "tsv": _write_tsv,
    "jsonl": _write_json_lines,
    "moses": _write_moses,
    "tmx": _write_tmx,
    "parquet": _write_parquet,
}
