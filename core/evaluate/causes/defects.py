"""Defects of a hypothesis that can be seen without understanding it.

Each function tells whether the hypothesis has the defect, or None where the segment gives no
occasion for it. What the reference does too is no defect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]

from core.text.glossary import Term, folded, terms_in
from core.text.normalising import normalised
from core.text.numbers import missing_numbers, numbers_in
from core.text.repetition import is_degenerate
from core.text.scripts import foreign_share
from core.text.spans import body_of, has_letters, spans_in, without_spans

# Letters of another script may be up to this share: names and loan words, as "WhatsApp" in Marathi.
MAX_FOREIGN_SHARE = 0.25

# A length is suspicious beyond this ratio, and so many characters; short texts vary more.
MAX_LENGTH_RATIO = 2.0
EXTRA_CHARS = 10

# A loop has a unit four times in a row: words, or up to twelve characters. These see in a tenth of
# the time that there is none.
_WORD = regex.compile(r"\w+")
_LOOP_OF_CHARS = regex.compile(r"(.{1,12}?)\1{3}", regex.DOTALL)
_MIN_TIMES = 4

_BRACKETS = ("()", "[]", "{}", "«»", "「」", "『』", "【】", "《》", "〈〉")
_BRACKET = regex.compile(r"[(){}\[\]«»「」『』【】《》〈〉（）［］｛｝\"]")
_NARROW = str.maketrans("（）［］｛｝", "()[]{}")


@dataclass(frozen=True)
class Given:
    """What a hypothesis is held against; found once for all systems.

    Attributes:
        source: The source.
        reference: The reference.
        lang: FLORES-200 code of the target language.
        length_ratio: Characters of all references per character of all sources.
        own: What a copy of the source looks like; empty if the source is to stay as it is.
        allowed_foreign_share: Of letters in other scripts.
        plain_source: The source without placeholders, tags, links and addresses.
        plain_reference: The reference without them.
        numbers: The digits of the numbers in the source that the reference has too.
        spans: For the placeholders, tags, links and addresses in the source that the reference has
            too: how often both have them.
        known_numbers: The digits, whole and between separators, of all numbers of both.
        targets: The targets of the terms in the source, as they are compared.
        unbalanced: Brackets and quotation marks that are not balanced in source or reference.
    """

    source: str
    reference: str
    lang: str
    length_ratio: float
    own: str
    allowed_foreign_share: float
    plain_source: str
    plain_reference: str
    numbers: frozenset[str]
    spans: dict[str, int]
    known_numbers: frozenset[str]
    targets: tuple[str, ...]
    unbalanced: frozenset[str]


@dataclass(frozen=True)
class Hypothesis:
    """A hypothesis, looked at once for all defects.

    Attributes:
        text: As it is.
        plain: Without placeholders, tags, links and addresses.
    """

    text: str
    plain: str


def given(
    source: str,
    reference: str,
    *,
    lang: str,
    length_ratio: float = 1.0,
    terms: Sequence[Term] = (),
) -> Given:
    """Looks at source and reference.

    Args:
        source: The source.
        reference: The reference.
        lang: FLORES-200 code of the target language.
        length_ratio: Characters of all references per character of all sources.
        terms: The glossary; a `Glossary` is quick.

    Raises:
        ConfigError: `lang` is no FLORES-200 code.
    """
    plain_source, plain_reference = without_spans(source), without_spans(reference)
    own = normalised(source)
    is_kept = own == normalised(reference) or not has_letters(plain_source)
    return Given(
        source=source,
        reference=reference,
        lang=lang,
        length_ratio=length_ratio,
        own="" if is_kept else own,
        allowed_foreign_share=max(MAX_FOREIGN_SHARE, foreign_share(plain_reference, lang) or 0.0),
        plain_source=plain_source,
        plain_reference=plain_reference,
        numbers=_common_numbers(plain_source, plain_reference),
        spans=_common_spans(source, reference),
        known_numbers=_digits(plain_source) | _digits(plain_reference),
        targets=tuple(folded(use.term.target) for use in terms_in(source, terms)),
        unbalanced=_unbalanced(source) | _unbalanced(reference),
    )


def examined(text: str) -> Hypothesis:
    """Looks at a hypothesis."""
    return Hypothesis(text, without_spans(text))


def is_empty(segment: Given, hypothesis: Hypothesis) -> bool | None:
    """Tells whether there is nothing but blank characters."""
    start, end = body_of(hypothesis.text)
    return start == end


def is_copy(segment: Given, hypothesis: Hypothesis) -> bool | None:
    """Tells whether the source was left as it is, apart from case, spacing and punctuation."""
    return normalised(hypothesis.text) == segment.own if segment.own else None


def is_in_wrong_script(segment: Given, hypothesis: Hypothesis) -> bool | None:
    """Tells whether more letters are foreign than loan words or the reference explain."""
    share = foreign_share(hypothesis.plain, segment.lang)
    return None if share is None else share > segment.allowed_foreign_share


def is_repetitive(segment: Given, hypothesis: Hypothesis) -> bool | None:
    """Tells whether the hypothesis runs in a loop, as the translation service sees it."""
    if not _may_repeat(segment.source, hypothesis.text):
        return False
    return is_degenerate(segment.source, hypothesis.text) and not is_degenerate(
        segment.source, segment.reference
    )


def is_too_long(segment: Given, hypothesis: Hypothesis) -> bool | None:
    """Tells whether it is more than twice as long as the reference and as the source lets expect.

    Lengths are in characters, and ten more are allowed.
    """
    expected = max(len(segment.reference), segment.length_ratio * len(segment.source))
    return len(hypothesis.text) > MAX_LENGTH_RATIO * expected + EXTRA_CHARS


def is_too_short(segment: Given, hypothesis: Hypothesis) -> bool | None:
    """Tells whether twice of it, and ten characters, are shorter than both; not if it is empty."""
    expected = min(len(segment.reference), segment.length_ratio * len(segment.source))
    is_short = MAX_LENGTH_RATIO * len(hypothesis.text) + EXTRA_CHARS < expected
    return is_short and not is_empty(segment, hypothesis)


def loses_numbers(segment: Given, hypothesis: Hypothesis) -> bool | None:
    """Tells whether a number is missing that source and reference have, in whatever digits."""
    if not segment.numbers:
        return None
    missing = missing_numbers(segment.plain_source, hypothesis.plain)
    return any(number.digits in segment.numbers for number in missing)


def invents_numbers(segment: Given, hypothesis: Hypothesis) -> bool | None:
    """Tells whether there is a number that neither source nor reference has."""
    text = hypothesis.plain
    if not numbers_in(text):
        return False if segment.numbers else None
    new = {number.digits for number in missing_numbers(text, segment.plain_source)}
    new &= {number.digits for number in missing_numbers(text, segment.plain_reference)}
    return not new <= segment.known_numbers  # one that is there once too often is not invented


def loses_spans(segment: Given, hypothesis: Hypothesis) -> bool | None:
    """Tells whether a placeholder, tag, link or address is missing that the reference has too."""
    if not segment.spans:
        return None
    return any(hypothesis.text.count(text) < times for text, times in segment.spans.items())


def is_unbalanced(segment: Given, hypothesis: Hypothesis) -> bool | None:
    """Tells whether brackets or quotation marks do not match though those of the others do."""
    if not any(map(_has_brackets, (segment.source, segment.reference, hypothesis.text))):
        return None
    return bool(_unbalanced(hypothesis.text) - segment.unbalanced)


def misses_terms(segment: Given, hypothesis: Hypothesis) -> bool | None:
    """Tells whether the target of a term is missing; its inflected form may hold it."""
    if not segment.targets:
        return None
    text = folded(hypothesis.text)
    return any(target not in text for target in segment.targets)


def _common_numbers(source: str, reference: str) -> frozenset[str]:
    numbers = frozenset(number.digits for number in numbers_in(source))
    return numbers - {number.digits for number in missing_numbers(source, reference)}


def _digits(text: str) -> frozenset[str]:
    return frozenset(
        digits for number in numbers_in(text) for digits in (number.digits, *number.groups)
    )


def _common_spans(source: str, reference: str) -> dict[str, int]:
    texts = {span.text for span in spans_in(source)}
    times = {text: min(source.count(text), reference.count(text)) for text in texts}
    return {text: num for text, num in times.items() if num}


def _may_repeat(source: str, hypothesis: str) -> bool:
    """Tells whether the search for loops can find any; cheap."""
    if len(hypothesis) > 4 * len(source):
        return True
    folded_text = hypothesis.casefold()
    text = folded_text if len(folded_text) == len(hypothesis) else hypothesis
    if _LOOP_OF_CHARS.search(text):
        return True
    return max(Counter(_WORD.findall(text)).values(), default=0) >= _MIN_TIMES


def _has_brackets(text: str) -> bool:
    return bool(_BRACKET.search(text))


def _unbalanced(text: str) -> frozenset[str]:
    """Gives the pairs of brackets, and the quotation mark, that do not match in number."""
    if not _has_brackets(text):
        return frozenset()
    text = text.translate(_NARROW)
    found = {pair for pair in _BRACKETS if text.count(pair[0]) != text.count(pair[1])}
    return frozenset(found | {'"'} if text.count('"') % 2 else found)
