"""Markdown (CommonMark and tables): a unit a block; code, targets and raw HTML stay."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.serving.documents.decoding import decoded
from core.serving.documents.document import Document, Upload
from core.serving.documents.markdown_inline import add_block
from core.serving.documents.splicing import SplicedText

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_FRONT_MATTER = re.compile(r"---[ \t]*[\r\n](?:.*?[\r\n])??(?:---|\.\.\.)[ \t]*(?=[\r\n]|\Z)", re.S)
_HEADING = "heading_open"
_CELLS = ("th_open", "td_open")


def read_markdown(file: Upload) -> Document:
    """Reads headings, paragraphs, list items, quotes and table cells.

    Front matter, code, link targets, images' addresses and HTML stay by bytes. A paragraph whose
    translation differs from it becomes one line, but for its hard line breaks.

    Raises:
        DataError: The file is no text in UTF-8 or UTF-16, or has too many blocks.
    """
    text = decoded(file)
    document = SplicedText(file.name, text)
    front = _FRONT_MATTER.match(text.text)
    body = text.text[front.end() :] if front else text.text
    document.keep(front[0] if front else "")
    parser = MarkdownIt("commonmark").enable("table")
    # Only where blocks lie is asked; what is within them is cut up here, with positions.
    parser.core.ruler.enableOnly(["normalize", "block"])
    env: dict[str, dict[str, object]] = {}
    blocks = parser.parse(body, env)
    references = frozenset(env.get("references", {}))
    lines = _Lines(body)
    done = 0
    for before, block in zip(blocks, blocks[1:], strict=False):
        if block.type != "inline" or not any(char.isalpha() for char in block.content):
            continue
        spans = lines.spans_of(block, is_cell=before.type in _CELLS, after=done)
        if spans:
            document.keep(body[done : spans[0][0]])
            gaps = [body[end:start] for (_, end), (start, _) in pairwise(spans)]
            source = "\n".join(body[start:end] for start, end in spans)
            add_block(document, source, gaps, references, is_heading=before.type == _HEADING)
            done = spans[-1][1]
    document.keep(body[done:])
    return document


class _Lines:
    """The lines of a text, and where in it they start."""

    def __init__(self, text: str) -> None:
        self._lines = [match[0] for match in _LINE.finditer(text)]
        self._starts = [0, *accumulate(map(len, self._lines))]

    def spans_of(self, block: Token, *, is_cell: bool, after: int) -> list[tuple[int, int]]:
        """Gives where the lines of a block's content start and end in the text.

        The list is empty if one is not to be found there, which happens where a tab is half
        indentation and half content: such a block stays as it is.
        """
        first = block.map[0] if block.map else 0
        spans = []
        for number, content in enumerate(block.content.split("\n"), first):
            if number >= len(self._lines):
                return []
            line, start = self._lines[number], self._starts[number]
            if is_cell:
                content = content.replace("|", r"\|")
                column = line.find(content, max(0, after - start))
            else:
                # What comes before it, such as "1. ", may look the same; what comes after cannot.
                column = line.rfind(content)
            if column < 0 or start + column < after:
                return []
            spans.append((start + column, start + column + len(content)))
        return spans
