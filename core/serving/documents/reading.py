"""Files read for translation by the suffix of their name."""

from __future__ import annotations

import re
from collections.abc import Callable

from core.errors import DataError
from core.serving.documents.cells import read_csv, read_tsv
from core.serving.documents.document import Document, Upload
from core.serving.documents.docx import read_docx
from core.serving.documents.html import read_html, read_html_fragment
from core.serving.documents.json_lines import read_json_lines
from core.serving.documents.markdown import read_markdown
from core.serving.documents.plain import read_plain
from core.serving.documents.subtitles import read_subtitles
from core.serving.documents.xliff import read_xliff

__all__ = ["FORMATS", "read_document", "read_html_fragment", "suffix_of", "translated_name"]

# Suffix without dot -> media type, in the order they are shown in.
FORMATS: dict[str, str] = {
    "txt": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "htm": "text/html",
    "tsv": "text/tab-separated-values",
    "csv": "text/csv",
    "jsonl": "application/jsonl",
    "srt": "application/x-subrip",
    "xliff": "application/xliff+xml",
    "xlf": "application/xliff+xml",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}

_READERS: dict[str, Callable[[Upload], Document]] = {
    "txt": read_plain,
    "md": read_markdown,
    "html": read_html,
    "htm": read_html,
    "tsv": read_tsv,
    "csv": read_csv,
    "jsonl": read_json_lines,
    "srt": read_subtitles,
    "xliff": read_xliff,
    "xlf": read_xliff,
    "docx": read_docx,
}

_MAX_NAME_CHARS = 150
# Control characters, lone surrogates, line separators, and the marks that turn the direction of
# what follows, with which "txt.exe" reads "exe.txt"; then what Windows allows in no name.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_RESERVED = re.compile('[<>:"|?*]')


def suffix_of(name: str) -> str:
    """Gives the suffix of a file name, in lower case and without dot.

    Raises:
        DataError: It is none of `FORMATS`.
    """
    cleaned = _base_name(name)
    suffix = cleaned.rpartition(".")[2].lower() if "." in cleaned else ""
    if suffix not in FORMATS:
        raise DataError(
            f"'{_shortened(cleaned, _MAX_NAME_CHARS)}' is not of a kind that can be translated.",
            hint=f"Allowed are {', '.join(FORMATS)}.",
        )
    return suffix


def read_document(name: str, data: bytes, src_lang: str, tgt_lang: str) -> Document:
    """Reads a file for translation.

    Args:
        name: File name; its suffix tells the format.
        data: The whole file.
        src_lang: FLORES-200 code.
        tgt_lang: FLORES-200 code.

    Raises:
        DataError: The format is unknown, or the file cannot be read.
        ConfigError: A code is no FLORES-200 code, where the format names the language.
    """
    suffix = suffix_of(name)
    upload = Upload(_shortened(_base_name(name), _MAX_NAME_CHARS), data, src_lang, tgt_lang)
    if not data:
        raise DataError(f"'{upload.name}' is empty.")
    return _READERS[suffix](upload)


def translated_name(name: str, tgt_lang: str) -> str:
    """Gives the name of the translated file, such as `letter.gle_Latn.docx`.

    It has no folder, no control character and at most 150 characters.

    Raises:
        DataError: The suffix is none of `FORMATS`.
    """
    suffix = suffix_of(name)
    stem = _base_name(name)[: -len(suffix) - 1].strip(". ") or "document"
    ending = f".{tgt_lang}.{suffix}"
    return _shortened(stem, _MAX_NAME_CHARS - len(ending)) + ending


def _base_name(name: str) -> str:
    base = re.split(r"[/\\]", name)[-1]
    return _RESERVED.sub("_", _UNSAFE.sub("", base)).strip()


def _shortened(text: str, max_chars: int) -> str:
    return text[:max_chars].rstrip()
