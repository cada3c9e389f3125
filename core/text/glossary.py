"""The glossary: which words must be translated how, and where they are in a sentence."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import regex  # type: ignore[import-untyped]

from core.errors import DataError
from core.text.spans import UNSPACED

MAX_TERMS = 10_000
MAX_TERM_CHARS = 200

# In writing without spaces each character is a word; elsewhere letters with their vowel signs are.
_WORD = regex.compile(rf"{UNSPACED}\p{{M}}*+|(?:(?!{UNSPACED})\w)++|[^\s\w]")


@dataclass(frozen=True)
class Term:
    """One line of a glossary.

    Attributes:
        source: Words in the source language.
        target: What they are to be in the translation.
    """

    source: str
    target: str


@dataclass(frozen=True)
class TermUse:
    """A term in a sentence.

    Attributes:
        start: First character in the sentence.
        end: One behind the last character.
        term: The term found there.
    """

    start: int
    end: int
    term: Term


class Glossary(Sequence[Term]):
    """Terms with an index by their words: make it once, ask it for each sentence."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = tuple(terms)
        self._by_words: dict[tuple[str, ...], Term] = {}
        lengths: dict[str, set[int]] = {}
        for term in self._terms:
            words = tuple(word for word, _, _ in _words(term.source))
            if words:
                self._by_words.setdefault(words, term)
                lengths.setdefault(words[0], set()).add(len(words))
        self._lengths = {word: sorted(found, reverse=True) for word, found in lengths.items()}

    @overload
    def __getitem__(self, index: int) -> Term: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Term, ...]: ...

    def __getitem__(self, index: int | slice) -> Term | tuple[Term, ...]:
        """Gives the term or the terms at a place."""
        return self._terms[index]

    def __len__(self) -> int:
        """Gives the number of terms."""
        return len(self._terms)

    def uses_in(self, sentence: str) -> list[TermUse]:
        """Gives the terms in a sentence, in order and without overlap, as `terms_in`."""
        words = list(_words(sentence))
        forms = tuple(word for word, _, _ in words)
        uses: list[TermUse] = []
        first = 0
        while first < len(words):
            for length in self._lengths.get(forms[first], ()):
                found = forms[first : first + length]  # fewer words at the end of the sentence
                term = self._by_words.get(found)
                if term:
                    last = first + len(found) - 1
                    uses.append(TermUse(words[first][1], words[last][2], term))
                    first = last
                    break
            first += 1
        return uses


def terms_in(sentence: str, terms: Sequence[Term]) -> list[TermUse]:
    """Gives the terms in a sentence, in order and without overlap, at each place the longest.

    Whole words are compared, without case and without regard to the white space between them; of
    two terms with the same words the first one counts.

    Args:
        sentence: Any text.
        terms: The terms; a `Glossary` is quick, other sequences are indexed in each call.
    """
    if not terms:
        return []
    glossary = terms if isinstance(terms, Glossary) else Glossary(terms)
    return glossary.uses_in(sentence)


def read_glossary(data: bytes) -> list[Term]:
    """Reads a glossary: UTF-8, a term a line, source and target separated by a tab.

    Empty lines and lines that start with `#` are passed over.

    Raises:
        DataError: The bytes are no such table; the message names the line.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        raise DataError(
            f"Line {number} of the glossary is not UTF-8.", hint="Save the file as UTF-8."
        ) from None
    terms: list[Term] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if len(terms) == MAX_TERMS:
            raise DataError(
                f"Line {number} of the glossary is behind the {MAX_TERMS:,} terms allowed.",
                hint="Leave out terms that the model translates well by itself.",
            )
        terms.append(_term(line, number))
    return terms


def _term(line: str, number: int) -> Term:
    sides = [side.strip() for side in line.rstrip("\r\n").split("\t")]
    if len(sides) != 2 or not all(sides):
        filled = sum(map(bool, sides))
        raise DataError(
            f"Line {number} of the glossary has {filled} filled columns of {len(sides)}, not 2.",
            hint="Write source and target with one tab between them; comments start with '#'.",
        )
    longest = max(map(len, sides))
    if longest > MAX_TERM_CHARS:
        raise DataError(
            f"Line {number} of the glossary has a side of {longest:,} characters, "
            f"more than {MAX_TERM_CHARS}.",
            hint="A glossary is for words and short phrases.",
        )
    return Term(*sides)


def folded(text: str) -> str:
    """Gives a text as it is compared: composed, without case, with one kind of apostrophe."""
    return unicodedata.normalize("NFC", text.replace("’", "'")).casefold()


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _WORD.finditer(text):
        yield folded(match.group()), match.start(), match.end()
