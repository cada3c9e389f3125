from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.serving.documents.document import Document
from core.serving.documents.reading import read_document

PAGE = """---
title: Kept
---
# A *big* title #

Use `code` and [a link](http://x.y/a_b "T")
over two  
lines with ![an image](a.png).

> quote one
> quote two

- item one
  goes on
  1. inner 1. item

| Name | Note |
|------|:----:|
| tea | a `b\\|c` cup\\|mug |

Set
===

    code block

[ref]: http://z "Title"

See [ref] and [the page][ref], \\*not\\* &amp; that.

<div>raw</div>
"""


def read(text: str) -> Document:
    return read_document("a.md", text.encode(), "eng_Latn", "gle_Latn")


def block_types(text: str) -> list[str]:
    return [token.type for token in MarkdownIt("commonmark").enable("table").parse(text)]


def test_every_kind_of_block_is_offered() -> None:
    assert read(PAGE).texts == [
        "A \ue000big\ue001 title",
        "Use \ue000 and \ue001a link\ue002 over two\ue003lines with \ue004an image\ue005.",
        "quote one quote two",
        "item one goes on",
        "inner 1. item",
        "Name",
        "Note",
        "tea",
        "a \ue000 cup|mug",
        "Set",
        "See \ue000 and \ue001the page\ue002, *not* & that.",
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_unchanged_page_keeps_its_bytes_and_line_ends(line_end: str) -> None:
    text = PAGE.replace("\n", line_end)
    document = read(text)
    assert len(document.texts) == 11
    assert document.write(document.texts) == text.encode()


def test_upper_case_page_keeps_all_markup() -> None:
    document = read(PAGE)
    written = document.write([text.upper() for text in document.texts]).decode()
    assert (
        '# A *BIG* TITLE #\n\nUSE `code` AND [A LINK](http://x.y/a_b "T") OVER TWO  \n' in written
    )
    assert "> QUOTE ONE QUOTE TWO\n\n- ITEM ONE GOES ON\n  1. INNER 1. ITEM\n" in written
    assert "| TEA | A `b\\|c` CUP\\|MUG |" in written
    assert "SEE [ref] AND [THE PAGE][ref], \\*NOT\\* & THAT." in written


@given(
    st.text(st.sampled_from("a1 #>-+*=_~`[]()<!|.&;:\\\n\t"), max_size=12),
    st.sampled_from(["A word.\n", "> A word.\n", "- A word.\n", "# A word\n", "A\n===\n", PAGE]),
)
def test_no_translation_changes_the_blocks(translation: str, page: str) -> None:
    document = read(page)
    start = "Aon " if page is PAGE else ""
    translations = [start + translation for _ in document.texts]
    assert block_types(document.write(translations).decode()) == block_types(page)


@pytest.mark.parametrize(
    "text",
    [
        "> " * 5_000 + "x",
        "`a" * 50_000,
        "[a" * 50_000,
        "](a" * 30_000,
        "*a " * 50_000,
        "x <!--" * 30_000,
        "![x](" * 20_000,
        "- " * 3_000 + "x",
        "a" + " " * 100_000 + "b",
    ],
)
def test_hostile_markup_comes_back_as_it_is(text: str) -> None:
    document = read(text)
    assert document.write(document.texts) == text.encode()
