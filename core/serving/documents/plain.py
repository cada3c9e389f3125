"""Plain text: a unit a line."""

from __future__ import annotations

import re

from core.serving.documents.decoding import decoded
from core.serving.documents.document import Document, Upload
from core.serving.documents.splicing import SplicedText, one_line

_LINE_END = re.compile("(\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029])")


def read_plain(file: Upload) -> Document:
    """Reads plain text; blank lines, indentation and line ends stay.

    Raises:
        DataError: The file is no text in UTF-8 or UTF-16, or has too many lines.
    """
    text = decoded(file)
    document = SplicedText(file.name, text)
    for position, piece in enumerate(_LINE_END.split(text.text)):
        if position % 2:
            document.keep(piece)
        else:
            document.unit([document.slot(piece, piece, one_line)])
    return document
