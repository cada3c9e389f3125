"""Checks that compare the two sides of one pair: the same text, other tags, links or numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

import regex  # type: ignore[import-untyped]

from core.corpora.doctor.batch import SIDES, Batch, Mark
from core.text.numbers import missing_numbers
from core.text.spans import UNSPACED, Span, has_letters

_MAX_NAMED = 3
_MAX_SHOWN_CHARS = 40

_DIGITS = re.compile(r"\d+")
# Numbers that belong to a name, as in COVID-19 or B12: translations say it otherwise at times.
_NAMED = re.compile(r"(?<![A-Za-z])[A-Za-z]+[-\u2010\u2011]?\d+")
_UNSPACED = regex.compile(UNSPACED)
_LINK = re.compile(r"(?:(?:https?|ftps?|file)://|mailto:)?(?:www\.)?", re.IGNORECASE)
_IS_LINK = re.compile(r"(?:https?|ftps?|file)://|www\.|mailto:|[^{$%\[@#][^@]*@")
_TAG_NAME = re.compile(r"</?([\w:.-]+)")


def identical(batch: Batch) -> Iterator[Mark]:
    """Finds pairs that say the same on both sides, in enough words."""
    for row, (source, target) in enumerate(zip(*batch.normal, strict=True)):
        if source == target and has_letters(source):
            # Where words are not separated, two characters are about a word.
            num_words = max(len(source.split()), len(_UNSPACED.findall(source)) // 2)
            if num_words >= batch.settings.identical_min_words:
                yield row, ""


def too_long(batch: Batch) -> Iterator[Mark]:
    """Finds pairs of which a side has too many characters."""
    limit = batch.settings.max_chars
    for row, texts in enumerate(batch.pairs()):
        for side, text in zip(SIDES, texts, strict=True):
            if len(text) > limit:
                yield row, f"{side} has {len(text):,} characters"


def markup(batch: Batch) -> Iterator[Mark]:
    """Finds pairs that do not hold the same tags, in whatever order."""
    written = str if batch.settings.markup_attributes else _tag_name
    yield from _differing(batch, lambda span: written(span.text) if span.is_markup else "")


def placeholders(batch: Batch) -> Iterator[Mark]:
    """Finds pairs that do not hold the same placeholders, in whatever order.

    Hashtags and names such as @who do not count: they are translated, or not, as one likes.
    """
    yield from _differing(
        batch,
        lambda span: "" if span.is_markup or _is_link(span) or span.text[0] in "@#" else span.text,
    )


def urls(batch: Batch) -> Iterator[Mark]:
    """Finds pairs that do not hold the same links and e-mail addresses, in whatever order."""
    written = {"count": lambda _: "link", "host": _host, "address": _address}
    by = written[batch.settings.urls_by]
    yield from _differing(batch, lambda span: by(span.text) if _is_link(span) else "")


def numbers(batch: Batch) -> Iterator[Mark]:
    """Finds pairs of which a side lacks numbers of the other; those in links and names aside."""
    for row, (source, target) in enumerate(zip(*batch.plain, strict=True)):
        in_source, in_target = _DIGITS.findall(source), _DIGITS.findall(target)
        if in_source == in_target or sorted(in_source) == sorted(in_target):
            continue
        source, target = _NAMED.sub(" ", source), _NAMED.sub(" ", target)
        lost = (
            _lost(source, target, batch.settings.least_number),
            _lost(target, source, batch.settings.least_number),
        )
        if max(map(len, lost)) > batch.settings.max_lost_numbers:
            yield row, _only_in(*lost)


def _lost(text: str, other: str, least: int) -> list[str]:
    """Gives the numbers of a text that the other lacks, small ones aside."""
    return [
        number.text
        for number in missing_numbers(text, other)
        # Long ones are never small, and `int` takes only so many digits.
        if len(number.digits) > 4 or int(number.digits) >= least
    ]


def _differing(batch: Batch, written: Callable[[Span], str]) -> Iterator[Mark]:
    """Finds pairs whose spans are not the same, as `written` writes them; "" leaves one out."""
    for row, spans in batch.spans.items():
        source, target = (Counter(filter(None, map(written, side))) for side in spans)
        if source != target:
            yield row, _only_in([*(source - target).elements()], [*(target - source).elements()])


def _only_in(source: list[str], target: list[str]) -> str:
    parts = []
    for side, found in zip(SIDES, (source, target), strict=True):
        if found:
            named = ", ".join(text[:_MAX_SHOWN_CHARS] for text in found[:_MAX_NAMED])
            more = f" and {len(found) - _MAX_NAMED} more" if len(found) > _MAX_NAMED else ""
            parts.append(f"only in the {side}: {named}{more}")
    return "; ".join(parts)


def _is_link(span: Span) -> bool:
    return not span.is_markup and _IS_LINK.match(span.text) is not None


def _address(link: str) -> str:
    return _LINK.sub("", link, count=1).rstrip("/")


def _host(link: str) -> str:
    return re.split(r"[/?#]", _address(link), maxsplit=1)[0].rpartition("@")[2].casefold()


def _tag_name(tag: str) -> str:
    """Gives `b` for `<b class="x">` and `/b` for `</b>`; a mark or a comment as it stands."""
    match = _TAG_NAME.match(tag)
    if not match:
        return tag
    return ("/" if tag[1] == "/" else "") + match[1].casefold()
