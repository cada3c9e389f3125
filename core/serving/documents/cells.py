"""Tables as TSV and CSV: a unit a cell; the dialect stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from core.serving.documents.decoding import decoded
from core.serving.documents.document import Document, Upload
from core.serving.documents.splicing import Slot, SplicedText, one_line

_DELIMITERS = ",;\t|"
# A spreadsheet takes a cell that starts so for a formula; the wide forms count in Japanese ones.
_FORMULA_STARTS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


def read_tsv(file: Upload) -> Document:
    """Reads a table with tabs; see `read_csv`.

    Raises:
        DataError: The file is no text in UTF-8 or UTF-16, or has too many cells.
    """
    return _read(file, lambda _: "\t")


def read_csv(file: Upload) -> Document:
    """Reads a table with commas, semicolons, tabs or bars, whichever its first line has most of.

    The first row is a header and stays, unless there is no other. A quoted cell stays quoted; one
    that was not is quoted only where its translation needs it.

    Raises:
        DataError: The file is no text in UTF-8 or UTF-16, or has too many cells.
    """
    return _read(file, _delimiter_of)


def _read(file: Upload, delimiter_of: Callable[[str], str]) -> Document:
    text = decoded(file)
    document = SplicedText(file.name, text)
    delimiter = delimiter_of(text.text)
    header: list[Slot] = []
    is_header, has_rows = True, False
    for cell, end in _cells(text.text, delimiter):
        slot = document.slot(cell, _unquoted(cell), _escape(cell, delimiter))
        document.keep(end)
        if is_header:
            header.append(slot)
            # Blank lines before the header are no header.
            is_header = end == delimiter or not any(item.text for item in header)
        else:
            document.unit([slot])
            has_rows = has_rows or bool(slot.text)
    for slot in header if not has_rows else []:
        document.unit([slot])
    return document


def _cells(text: str, delimiter: str) -> Iterator[tuple[str, str]]:
    """Gives every cell as it stands in the file, with the delimiter or line end after it."""
    end = rf"{re.escape(delimiter)}|\r\n|\r|\n|\Z"
    # A quote that is not closed before the next delimiter is an ordinary character, as in the many
    # tables that quote nothing. Possessive: no input makes the search go back.
    cell = re.compile(
        rf'("(?:[^"]|"")*+"(?={end})|[^{re.escape(delimiter)}\r\n]*+)({end})', re.DOTALL
    )
    for match in cell.finditer(text):
        yield match[1], match[2]
        if match.end() == len(text) and match[2] != delimiter:
            break


def _delimiter_of(text: str) -> str:
    first_line = re.sub(r'"[^"]*"', "", text[:100_000]).strip().partition("\n")[0]
    return max(_DELIMITERS, key=first_line.count)


def _is_quoted(cell: str) -> bool:
    return len(cell) > 1 and re.fullmatch(r'"(?:[^"]|"")*+"', cell) is not None


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if _is_quoted(cell) else cell


def _escape(old_cell: str, delimiter: str) -> Callable[[str], str]:
    was_formula = _unquoted(old_cell).lstrip().startswith(_FORMULA_STARTS)

    def escape(text: str) -> str:
        if text.lstrip().startswith(_FORMULA_STARTS) and not was_formula:
            text = "'" + text
        if not _is_quoted(old_cell) and delimiter == "\t":
            text = one_line(text).replace("\t", " ")
        has_special = _is_quoted(text)
        if delimiter != "\t":
            has_special = any(char in text for char in f'"\r\n{delimiter}')
        if _is_quoted(old_cell) or has_special:
            return '"' + text.replace('"', '""') + '"'
        return text

    return escape
