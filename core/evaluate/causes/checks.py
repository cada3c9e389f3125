"""Checks: how often, and where, each system makes mistakes that a program can see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.evaluate.causes.defects import (
    Given,
    Hypothesis,
    examined,
    given,
    invents_numbers,
    is_copy,
    is_empty,
    is_in_wrong_script,
    is_repetitive,
    is_too_long,
    is_too_short,
    is_unbalanced,
    loses_numbers,
    loses_spans,
    misses_terms,
)
from core.evaluate.causes.parallel import check_parallel
from core.text.glossary import Glossary, Term

_Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Check:
    """Something that can be wrong with a hypothesis.

    Attributes:
        key: Unique, for filters.
        name: For the head of a table.
        description: What counts, and of which segments the rate is, in sentences for the reader.
        is_defect: False for what is only worth knowing.
    """

    key: str
    name: str
    description: str
    is_defect: bool = True


@dataclass(frozen=True, eq=False)
class Finding:
    """What a check found in the hypotheses of one system.

    Attributes:
        check: The check.
        flags: Whether the hypothesis has it, (segments,).
        is_applicable: Whether the segment counts for the rate, (segments,); all flagged ones do.
    """

    check: Check
    flags: _Bools
    is_applicable: _Bools

    @property
    def positions(self) -> npt.NDArray[np.intp]:
        """Where it was found, counted from 0, ascending."""
        return np.flatnonzero(self.flags)

    @property
    def num_found(self) -> int:
        """Segments in which it was found."""
        return int(np.count_nonzero(self.flags))

    @property
    def num_applicable(self) -> int:
        """Segments that the rate is of."""
        return int(np.count_nonzero(self.is_applicable))

    @property
    def percent(self) -> float | None:
        """The rate, 0 to 100; None if there is no segment that it could be of."""
        return 100 * self.num_found / self.num_applicable if self.num_applicable else None


EMPTY = Check("empty", "Empty", "There is nothing but blank characters.")
COPY = Check(
    "copy",
    "Copy of the source",
    "The source was not translated; case, spacing and punctuation do not count. Of the segments "
    "with letters whose reference is not the source as well.",
)
WRONG_SCRIPT = Check(
    "wrong_script",
    "Wrong script",
    "More than a quarter of the letters, and a greater share than in the reference, are not in the "
    "script of the target language. Digits, links, tags and placeholders do not count. Of the "
    "segments whose hypothesis has letters.",
)
REPETITION = Check(
    "repetition",
    "Repetition",
    "The same words stand four times or more in a row, or the text is more than four times as long "
    "as the source and 60 characters more, and the reference does not do so too.",
)
TOO_LONG = Check(
    "too_long",
    "Too long",
    "More than twice as many characters, and ten more, as the reference has and as sources of this "
    "length have on average.",
)
TOO_SHORT = Check(
    "too_short",
    "Too short",
    "Less than half as many characters, and ten more, as the reference has and as sources of this "
    "length have on average. Empty ones count as empty only.",
)
LOST_NUMBER = Check(
    "lost_number",
    "Number lost",
    "A number is missing that source and reference have; digits of any script and separators of "
    "any country are the same. Of the segments with such numbers.",
)
INVENTED_NUMBER = Check(
    "invented_number",
    "Number invented",
    "There is a number that neither the source nor the reference has. Of the segments with numbers "
    "in the hypothesis, or in source and reference.",
)
LOST_PLACEHOLDER = Check(
    "lost_placeholder",
    "Placeholder lost",
    "A placeholder, tag, link or address is missing that source and reference have. Of the "
    "segments with such parts.",
)
UNBALANCED = Check(
    "unbalanced",
    "Unbalanced brackets",
    "Brackets or straight quotation marks do not match, though they do in source and reference. Of "
    "the segments with brackets or such marks in any of the three.",
)
MISSED_TERM = Check(
    "missed_term",
    "Glossary term missed",
    "The source has a term of the glossary, the hypothesis does not have its target. Of the "
    "segments with terms.",
)
IDENTICAL = Check(
    "identical",
    "Same as another system",
    "At least one other system has the same hypothesis, character for character.",
    is_defect=False,
)

_SEARCHES: dict[Check, Callable[[Given, Hypothesis], bool | None]] = {
    EMPTY: is_empty,
    COPY: is_copy,
    WRONG_SCRIPT: is_in_wrong_script,
    REPETITION: is_repetitive,
    TOO_LONG: is_too_long,
    TOO_SHORT: is_too_short,
    LOST_NUMBER: loses_numbers,
    INVENTED_NUMBER: invents_numbers,
    LOST_PLACEHOLDER: loses_spans,
    UNBALANCED: is_unbalanced,
    MISSED_TERM: misses_terms,
}

CHECKS = (*_SEARCHES, IDENTICAL)


def run_checks(
    sources: Sequence[str],
    references: Sequence[str],
    hypotheses: Mapping[str, Sequence[str]],
    *,
    tgt_lang: str,
    terms: Sequence[Term] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, dict[str, Finding]]:
    """Gives what each check found, by the name of the system, then by the key of every check.

    Args:
        sources: One a segment.
        references: One a segment.
        hypotheses: For each system one a segment, by the system's name.
        tgt_lang: FLORES-200 code.
        terms: The glossary.
        on_progress: Called after each segment with the number of those done and of all.

    Raises:
        ConfigError: `tgt_lang` is no FLORES-200 code.
        DataError: Sources, references and hypotheses are not equally many.
    """
    check_parallel({"references": references, "sources": sources}, hypotheses)
    # For each system, check and segment: whether it was found, and whether it could be.
    found = np.zeros((2, len(hypotheses), len(_SEARCHES), len(references)), bool)
    ratio = sum(map(len, references)) / max(sum(map(len, sources)), 1)
    glossary = Glossary(terms)
    for position, (source, reference) in enumerate(zip(sources, references, strict=True)):
        segment = given(source, reference, lang=tgt_lang, length_ratio=ratio, terms=glossary)
        for number, texts in enumerate(hypotheses.values()):
            found[:, number, :, position] = _verdicts(segment, texts[position])
        if on_progress:
            on_progress(position + 1, len(references))
    result = {}
    for number, system in enumerate(hypotheses):
        findings = [Finding(check, *found[:, number, n]) for n, check in enumerate(_SEARCHES)]
        findings.append(_identical(system, hypotheses))
        result[system] = {finding.check.key: finding for finding in findings}
    return result


def _verdicts(segment: Given, text: str) -> tuple[list[bool], list[bool]]:
    """Gives for each search whether it found something, and whether it could."""
    hypothesis = examined(text)
    verdicts = [search(segment, hypothesis) for search in _SEARCHES.values()]
    return [bool(verdict) for verdict in verdicts], [verdict is not None for verdict in verdicts]


def _identical(system: str, hypotheses: Mapping[str, Sequence[str]]) -> Finding:
    others = [texts for name, texts in hypotheses.items() if name != system]
    flags = np.array(
        [
            any(texts[position] == text for texts in others)
            for position, text in enumerate(hypotheses[system])
        ],
        bool,
    )
    return Finding(IDENTICAL, flags, np.full(flags.shape, bool(others)))
