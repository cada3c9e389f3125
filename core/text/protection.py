"""A conversation with a model that brings placeholders, tags, links, numbers and terms through."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, replace

from core.text.glossary import Term, TermUse, folded, terms_in
from core.text.masking import Kept, Masked, kept_parts, masked
from core.text.numbers import missing_numbers, number_warning
from core.text.spans import Span, body_of, has_letters, is_mark, spans_in

Request = list[str]
Reply = list[list[str]]

_UNTRANSLATED = "A part could not be translated and was left as it is."


@dataclass(frozen=True)
class Protected:
    """A translation in which everything protected has come through.

    Attributes:
        text: The translation.
        warnings: Short sentences for the reader of the translation.
        alternatives: Other translations in which all came through too, the better ones first.
    """

    text: str
    warnings: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()


def protected(sentence: str, terms: Sequence[Term] = ()) -> Generator[Request, Reply, Protected]:
    """Translates a sentence by requests to a model that the caller answers.

    Each `yield` gives texts to translate, none of them empty. The answer is parallel to them: for
    each text the n best hypotheses, best first. Three requests are made at most: the sentence as it
    is; if something was lost, with markers in place of it; if a marker was lost too, the text
    between the protected parts. Nothing that is answered makes it fail.

    Args:
        sentence: One sentence; blank characters and tags at its ends stay outside the model.
        terms: Words that must be translated in a certain way; a `Glossary` where there are many.
    """
    spans = spans_in(sentence)
    start, end = _inside_of_markup(sentence, spans)
    texts = frozenset(span.text for span in spans)
    inner = [span for span in spans if start <= span.start and span.end <= end]
    spans = [replace(span, start=span.start - start, end=span.end - start) for span in inner]
    body = sentence[start:end]
    if not has_letters(_without(body, spans)):
        return Protected(sentence)
    uses = [
        use
        for use in terms_in(body, terms)
        if not any(use.start < span.end and span.start < use.end for span in spans)
    ]
    found = yield from _translated(_Demand(body, tuple(spans), tuple(uses), texts))
    before, after = sentence[:start], sentence[end:]
    return Protected(
        f"{before}{found.text}{after}",
        found.warnings,
        tuple(f"{before}{text}{after}" for text in found.alternatives),
    )


@dataclass(frozen=True)
class _Demand:
    """What a translation of `body` must have.

    Attributes:
        body: The text to translate.
        spans: Its protected parts, in order, without overlap.
        uses: The terms in it, in order, apart from the spans.
        texts: What is protected in the whole sentence, also at its ends outside the body.
    """

    body: str
    spans: tuple[Span, ...]
    uses: tuple[TermUse, ...]
    texts: frozenset[str]

    def keeps_spans(self, text: str) -> bool:
        """Tells whether each span is there as often as in the body, and all in the same order."""
        if any(text.count(part) != self.body.count(part) for part in self.texts):
            return False
        if list(filter(is_mark, text)) != list(filter(is_mark, self.body)):
            return False
        position = 0
        for span in self.spans:
            found = text.find(span.text, position)
            if found < 0:
                return False
            position = found + len(span.text)
        return True

    def missing_uses(self, text: str) -> tuple[TermUse, ...]:
        """Gives the terms whose target is not in a text; its inflected form may hold it."""
        if not self.uses:
            return ()
        text = folded(text)
        return tuple(use for use in self.uses if folded(use.term.target) not in text)

    def best(self, texts: Sequence[str], inserted: Sequence[TermUse] = ()) -> Protected:
        """Gives the first text with all numbers, else the first one and a warning.

        Args:
            texts: Translations that keep all spans, at least one.
            inserted: Terms that were put in without the model's grammar.
        """
        parts: list[Span | TermUse] = [*self.spans, *self.uses]
        parts.sort(key=lambda part: part.start)
        source = _without(self.body, parts)
        missing = [missing_numbers(source, self._without_spans(text)) for text in texts]
        chosen = next((index for index, numbers in enumerate(missing) if not numbers), 0)
        warnings = [number_warning(missing[chosen])] if missing[chosen] else []
        warnings += [
            f"“{target}” was inserted as the glossary has it; check its inflection."
            for target in dict.fromkeys(use.term.target for use in inserted)
        ]
        others = dict.fromkeys(text for text in texts if text != texts[chosen])
        return Protected(texts[chosen], tuple(warnings), tuple(others))

    def _without_spans(self, text: str) -> str:
        for part in sorted({span.text for span in self.spans}, key=len, reverse=True):
            text = text.replace(part, " ")
        return text


def _translated(demand: _Demand) -> Generator[Request, Reply, Protected]:
    reply = yield [demand.body]
    hypotheses = _usable(reply, 0, has_marks=any(map(is_mark, demand.body)))
    whole = [text for text in hypotheses if demand.keeps_spans(text)]
    good = [text for text in whole if not demand.missing_uses(text)]
    if good:
        return demand.best(good)
    if not demand.spans and not demand.uses:
        return Protected(demand.body, (_UNTRANSLATED,))
    missing = demand.missing_uses((whole or hypotheses or [""])[0])
    form = masked(demand.body, kept_parts(demand.body, demand.spans, missing))
    if has_letters(form.text):
        reply = yield [form.text]
        good = _restored(demand, form, reply)
        if good:
            return demand.best(good, missing)
    return (yield from _by_parts(demand))


def _restored(demand: _Demand, form: Masked, reply: Reply) -> list[str]:
    """Gives the hypotheses of a masked text that have everything, with markers replaced."""
    found = map(form.restored, _usable(reply, 0))
    return [
        text
        for text in found
        if text is not None and demand.keeps_spans(text) and not demand.missing_uses(text)
    ]


def _by_parts(demand: _Demand) -> Generator[Request, Reply, Protected]:
    """Translates what stands between the protected parts, which therefore cannot be lost."""
    kept = kept_parts(demand.body, demand.spans, demand.uses)
    bounds = [0, *(edge for part in kept for edge in (part.start, part.end)), len(demand.body)]
    gaps = [demand.body[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True)]
    places = {index: body_of(gap) for index, gap in enumerate(gaps) if has_letters(gap)}
    bodies = [gaps[index][start:end] for index, (start, end) in places.items()]
    reply = (yield bodies) if bodies else []
    translated = list(gaps)
    warnings: tuple[str, ...] = ()
    for number, (index, (start, end)) in enumerate(places.items()):
        answer = _best_part(bodies[number], _usable(reply, number), demand.texts)
        if answer:
            translated[index] = gaps[index][:start] + answer + gaps[index][end:]
        else:
            warnings = (_UNTRANSLATED,)
    text = _joined(translated, kept)
    if demand.keeps_spans(text):
        found = demand.best([text], demand.uses)
        return replace(found, warnings=found.warnings + warnings)
    # What the model or a term says looks, beside a protected part, like another protected part.
    text = _joined(gaps, kept)
    safe = text if demand.keeps_spans(text) else demand.body
    return Protected(safe, (_UNTRANSLATED,))


def _best_part(source: str, hypotheses: Sequence[str], texts: Collection[str]) -> str:
    """Gives the best translation of a part, empty if there is none without a protected text."""
    sound = [
        text.strip()
        for text in hypotheses
        if not any(text.count(part) != source.count(part) for part in texts)
    ]
    whole = (text for text in sound if not missing_numbers(source, text))
    return next(whole, sound[0] if sound else "")


def _joined(gaps: Sequence[str], kept: Sequence[Kept]) -> str:
    parts = [gaps[0]]
    for part, gap in zip(kept, gaps[1:], strict=True):
        parts += (part.text, gap)
    return "".join(parts)


def _usable(reply: Reply, index: int, *, has_marks: bool = False) -> list[str]:
    """Gives the hypotheses of one text that say something, without marks nobody asked for."""
    found = reply[index] if index < len(reply) else []
    if not has_marks:
        found = ["".join(char for char in text if not is_mark(char)) for text in found]
    return [text for text in found if text.strip()]


def _inside_of_markup(sentence: str, spans: Sequence[Span]) -> tuple[int, int]:
    """Gives start and end of the sentence without the tags and blanks at both ends."""
    start, end = body_of(sentence)
    left, right = 0, len(spans)
    while left < right and spans[left].is_markup and spans[left].start == start:
        start = spans[left].end
        start += body_of(sentence[start:end])[0]
        left += 1
    while left < right and spans[right - 1].is_markup and spans[right - 1].end == end:
        end = spans[right - 1].start
        end = start + body_of(sentence[start:end])[1]
        right -= 1
    return start, max(start, end)


def _without(text: str, parts: Sequence[Span | TermUse]) -> str:
    """Gives a text with a space in place of each part."""
    gaps = []
    position = 0
    for part in parts:
        gaps.append(text[position : part.start])
        position = part.end
    return " ".join([*gaps, text[position:]])
