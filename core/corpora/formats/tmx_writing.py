"""Units of TMX 1.4 as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from core.corpora.segments import Row
from core.errors import DataError

FOOTER = "</body>\n</tmx>\n"

# What XML 1.0 cannot hold, not even as a reference (section 2.2).
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# A parser would give a line feed for a carriage return (section 2.11).
_KEPT = {"\r": "&#13;"}


def header_of(src_tag: str) -> str:
    """Gives what stands before the units.

    Args:
        src_tag: BCP 47 tag of the sources.
    """
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<tmx version="1.4">\n'
        '<header creationtool="adaptMLLM" creationtoolversion="1" segtype="sentence" '
        f'o-tmf="adaptMLLM" adminlang="en" srclang={quoteattr(src_tag)} datatype="plaintext"/>\n'
        "<body>\n"
    )


def unit_of(
    row: Row, src_tag: str, tgt_tag: str, number: int, props: Sequence[tuple[str, str]] = ()
) -> str:
    """Gives a unit, its document as the property `x-document`.

    Args:
        row: Source, target and document.
        src_tag: BCP 47 tag of the source.
        tgt_tag: BCP 47 tag of the target.
        number: Of the row, for messages.
        props: More properties, as type and text.

    Raises:
        DataError: XML cannot hold a character; the sentence names it.
    """
    wrong = UNWRITABLE.search(f"{row.source}{row.target}{row.document}")
    if wrong:
        raise DataError(
            f"Row {number:,} holds the character U+{ord(wrong[0]):04X}, which TMX cannot hold.",
            hint="Export it as JSONL, or remove control characters by the checks.",
        )
    if row.document:
        props = [("x-document", row.document), *props]
    written = "".join(
        f"<prop type={quoteattr(kind)}>{escape(text, _KEPT)}</prop>\n" for kind, text in props
    )
    return (
        f"<tu>\n{written}"
        f'<tuv xml:lang="{src_tag}"><seg>{escape(row.source, _KEPT)}</seg></tuv>\n'
        f'<tuv xml:lang="{tgt_tag}"><seg>{escape(row.target, _KEPT)}</seg></tuv>\n</tu>\n'
    )
