"""Reading an uploaded or pasted text in any of the formats; its content says which one it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePath

from core.errors import ConfigError, DataError
from core.evaluate.formats import json_lines, plain, tsv, wmt_sgm, wmt_xml
from core.evaluate.formats.counting import notes_on
from core.evaluate.formats.decoding import decode
from core.evaluate.formats.upload import (
    MAX_SEGMENTS,
    MAX_SYSTEMS,
    Texts,
    Upload,
    checked_name,
)

FORMATS = {
    plain.FORMAT: "Plain text: one hypothesis a line",
    tsv.FORMAT: "TSV with a header: source, reference, tag, document, and a system each",
    json_lines.FORMAT: "JSONL: one object a segment, or a segment and system",
    wmt_xml.FORMAT: "WMT's XML: dataset, doc, src, ref, hyp, seg",
    wmt_sgm.FORMAT: "WMT's SGM: srcset, refset or tstset, doc, seg",
}
_READERS: dict[str, Callable[[str, str], Upload]] = {
    plain.FORMAT: plain.read_plain,
    tsv.FORMAT: tsv.read_tsv,
    json_lines.FORMAT: json_lines.read_json_lines,
    wmt_xml.FORMAT: wmt_xml.read_wmt_xml,
    wmt_sgm.FORMAT: wmt_sgm.read_wmt_sgm,
}
_SUFFIXES = {
    **dict.fromkeys(tsv.SUFFIXES, tsv.FORMAT),
    **dict.fromkeys(json_lines.SUFFIXES, json_lines.FORMAT),
    ".xml": wmt_xml.FORMAT,
    ".sgm": wmt_sgm.FORMAT,
    ".sgml": wmt_sgm.FORMAT,
}
_FIRST_BYTES = 4000  # in which markup names itself
_SGM = re.compile(r"<(?:srcset|refset|tstset)[\s>]", re.IGNORECASE)
_XML = re.compile(r"\s*(?:<\?xml\s|<dataset[\s>])")


def read_upload(name: str, data: bytes, *, format: str = "") -> Upload:
    """Gives the texts of a file, all of them or none.

    Args:
        name: What its owner calls the file; its ending is a hint, it is never used as a path.
        data: The bytes, UTF-8.
        format: One of `FORMATS`; empty = as the content says.

    Raises:
        ConfigError: There is no such format.
        DataError: The file cannot be read; the sentence names file, place and cause.
    """
    if format and format not in FORMATS:
        raise ConfigError(
            f"There is no format {format!r}.", hint=f"There are {', '.join(FORMATS)}."
        )
    decoded = decode(name, data)
    upload = _READERS[format or _format_of(name, decoded.text)](name, decoded.text)
    if upload.num_segments > MAX_SEGMENTS or len(upload.systems) > MAX_SYSTEMS:
        raise DataError(
            f"{name!r} holds {len(upload.systems):,} systems with {upload.num_segments:,} "
            f"segments; at most {MAX_SYSTEMS:,} with {MAX_SEGMENTS:,} are read.",
            hint="Split the file.",
        )
    return replace(upload, notes=(*decoded.notes, *upload.notes, *notes_on(upload)))


def read_pasted(text: str, *, name: str = "pasted") -> Upload:
    """Gives pasted lines as the hypotheses of one system.

    Raises:
        DataError: There is no text, or it holds half a character.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise DataError(
            f"Line {line} of {name!r} holds half a character (a lone surrogate).",
            hint="Remove it.",
        ) from None
    upload = read_upload(name, data, format=plain.FORMAT)
    # Of a file's name only the last part counts; what somebody typed is a name as it is.
    return replace(upload, systems={checked_name(name, name, "system"): _only(upload)})


def _only(upload: Upload) -> Texts:
    return next(iter(upload.systems.values()))


def _format_of(name: str, text: str) -> str:
    """Gives the format that the content shows, else the one of the file's ending."""
    suffix = PurePath(name.replace("\\", "/")).suffix.lower()
    start = text[:_FIRST_BYTES]
    first_line = text.partition("\n")[0]
    if start.lstrip().startswith("<"):
        if _SGM.search(start):
            return wmt_sgm.FORMAT
        if _XML.match(start):
            return wmt_xml.FORMAT
    elif _is_object(first_line):
        return json_lines.FORMAT
    elif "\t" in first_line and tsv.has_header(first_line):
        return tsv.FORMAT
    if suffix == ".csv":
        raise DataError(
            f"{name!r} is CSV, in which commas and quotation marks of the texts get lost easily.",
            hint="Save it as TSV: columns separated by tabs, without quotation marks around texts.",
        )
    return _SUFFIXES.get(suffix, plain.FORMAT)


def _is_object(line: str) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
