"""From text to text: sentences, protection, batches, guard, and all put together again."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from core.serving.batching.batcher import Batcher, Priority
from core.serving.codec import Codec
from core.serving.engines.engine import DecodeOptions
from core.serving.servable import Servable
from core.text.glossary import Glossary, Term
from core.text.protection import Protected, Reply, Request, protected
from core.text.repetition import is_degenerate, shortened
from core.text.splitting import split_long, split_text

T = TypeVar("T")

# Sentences handed to the queue at once: one long text must not fill it.
SENTENCES_AT_ONCE = 256
# Characters that are handled without going into a thread: well below a millisecond.
SMALL_WORK = 1000
# A loop is searched again without repeated n-grams of this many tokens.
GUARD_NGRAM = 3


@dataclass(frozen=True)
class Translation:
    """The translation of one text.

    Attributes:
        text: With the white space and paragraphs of the source.
        alternatives: Other translations of the whole text, the better ones first.
        warnings: Short sentences for the reader, such as a number that was lost.
    """

    text: str
    alternatives: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Direction:
    """What is asked for, the same for all texts of a request.

    Attributes:
        src_lang, tgt_lang: FLORES-200 codes.
        num_alternatives: Other translations wanted of each text.
        num_beams: Beam size.
        length_penalty: As in `DecodeOptions`.
        deadline: Time of `time.monotonic()` after which nobody waits any more.
        priority: As in the batcher.
    """

    src_lang: str
    tgt_lang: str
    num_alternatives: int = 0
    num_beams: int = 1
    length_penalty: float | None = None
    deadline: float = float("inf")
    priority: Priority = "interactive"


@dataclass
class _Sentence:
    """One sentence on its way: a generator that asks, and the last answer it got."""

    work: Generator[Request, Reply, Protected]
    request: Request = field(default_factory=list)
    reply: Reply = field(default_factory=list)
    result: Protected | None = None

    def advance(self, reply: Reply | None) -> None:
        """Hands an answer over and takes the next question, or the result."""
        try:
            if reply is None:
                self.request = next(self.work)
            else:
                self.reply = reply
                self.request = self.work.send(reply)
        except StopIteration as end:
            self.result = end.value
            self.request = []

    def variant(self, number: int) -> str:
        """Gives the n-th best translation, or the best where there are not so many."""
        assert self.result is not None
        best = self.result.text
        others = [text for text in self.result.alternatives if text != best]
        return others[number - 1] if 0 < number <= len(others) else best


class Translator:
    """Translates texts of any length through one batcher.

    Attributes:
        servable: What the model is and can do.
        num_guarded: Sentences whose first translation ran in a loop.
        num_cached: Sentences that were answered from memory.
    """

    def __init__(
        self,
        servable: Servable,
        codec: Codec,
        batcher: Batcher,
        *,
        max_source_length: int = 256,
        cache_limit: int = 0,
        terms: Sequence[Term] = (),
    ) -> None:
        self.servable = servable
        self.num_guarded = 0
        self.num_cached = 0
        self._codec = codec
        self._batcher = batcher
        positions = servable.max_positions
        self._max_positions = positions or sys.maxsize
        self._max_source_length = min(max_source_length, self._max_positions)
        self._terms = Glossary(terms)
        self._cache: OrderedDict[tuple[object, ...], list[str]] = OrderedDict()
        self._cache_limit = cache_limit

    async def translate(self, texts: Sequence[str], direction: Direction) -> list[Translation]:
        """Translates texts; white space, paragraphs and protected parts come through unchanged.

        Raises:
            ConfigError: The direction is not offered.
            BusyError: The service cannot answer in time.
        """
        self.servable.require(direction.src_lang, direction.tgt_lang)
        size = sum(map(len, texts))
        plans = await _apart(size, lambda: [self._plan(text, direction) for text in texts])
        sentences = [part for plan in plans for part in plan if not isinstance(part, str)]
        with self._batcher.room(min(len(sentences), SENTENCES_AT_ONCE), direction.priority):
            await self._run(sentences, direction)
        return [self._joined(plan, direction.num_alternatives) for plan in plans]

    def _plan(self, text: str, direction: Direction) -> list[str | _Sentence]:
        """Gives a text as parts that stay and sentences to translate, in order."""
        parts: list[str | _Sentence] = []
        for piece in split_text(text, direction.src_lang):
            if not piece.is_translatable:
                parts.append(piece.text)
                continue
            for part in self._short_enough(piece.text, direction):
                kept = len(part) - len(part.lstrip())
                core = part.strip()
                # A cut may leave white space at either end; the model would not give it back.
                parts.append(part[:kept])
                if core:
                    parts.append(_Sentence(protected(core, self._terms)))
                parts.append(part[kept + len(core) :])
        return parts

    def _short_enough(self, sentence: str, direction: Direction) -> list[str]:
        languages = (direction.src_lang, direction.tgt_lang)
        if len(sentence) < self._max_source_length - 8:  # a token is a character at least
            return [sentence]
        return split_long(
            sentence, lambda text: self._codec.num_tokens(text, *languages), self._max_source_length
        )

    async def _run(self, sentences: list[_Sentence], direction: Direction) -> None:
        """Drives all sentences to their results; in each round their questions go together."""
        size = 100 * len(sentences)
        await _apart(size, lambda: _advance(sentences, None))
        while live := [sentence for sentence in sentences if sentence.result is None]:
            texts = [text for sentence in live for text in sentence.request]
            found = await self._hypotheses(texts, direction)
            await _apart(size, partial(_advance, live, found))

    async def _hypotheses(self, texts: list[str], direction: Direction) -> list[list[str]]:
        """Gives the n-best translations of sentences, the one that everybody gets first.

        More alternatives than beams are searched for apart: whoever asks for them must not get
        another best translation than whoever does not.
        """
        wanted = direction.num_alternatives + 1
        options = DecodeOptions(
            num_beams=direction.num_beams,
            num_hypotheses=min(wanted, direction.num_beams),
            max_length=self.servable.max_target_length,
            length_penalty=direction.length_penalty,
        )
        if wanted <= direction.num_beams:
            return await self._searched(texts, options, direction)
        options = replace(options, num_hypotheses=1)
        wide = replace(options, num_beams=wanted, num_hypotheses=wanted)
        beside = asyncio.create_task(self._searched(texts, wide, direction))
        try:
            best = await self._searched(texts, options, direction)
            others = await beside
        finally:
            beside.cancel()
        return [
            list(dict.fromkeys([*first, *more])) for first, more in zip(best, others, strict=True)
        ]

    async def _searched(
        self, texts: list[str], options: DecodeOptions, direction: Direction
    ) -> list[list[str]]:
        """Gives the translations by one way of searching; each text is asked for only once."""
        if options.num_beams == 1:  # no effect there: equal searches share batches and answers
            options = replace(options, length_penalty=None)
        keys = {text: (text, direction.src_lang, direction.tgt_lang, options) for text in texts}
        found = {text: self._cache[key] for text, key in keys.items() if key in self._cache}
        self.num_cached += len(found)
        missing = [text for text in keys if text not in found]
        for first in range(0, len(missing), SENTENCES_AT_ONCE):
            part = missing[first : first + SENTENCES_AT_ONCE]
            answers = await self._generated(part, options, direction)
            guarded = await self._guarded(part, answers, options, direction)
            for text, hypotheses in zip(part, guarded, strict=True):
                found[text] = hypotheses
                self._remember(keys[text], hypotheses)
        return [found[text] for text in texts]

    async def _generated(
        self, texts: list[str], options: DecodeOptions, direction: Direction
    ) -> list[list[str]]:
        languages = (direction.src_lang, direction.tgt_lang)
        size = sum(map(len, texts))
        encoded = await _apart(size, lambda: self._codec.encode(texts, *languages))
        # Markers may have made a sentence longer than the model can read: that form of it has no
        # translation, and its plan goes on with shorter parts.
        fitting = [row for row in encoded if len(row.ids) <= self._max_positions]
        rows = await self._batcher.submit(
            fitting, options, deadline=direction.deadline, priority=direction.priority
        )
        flat = [ids for hypotheses in rows for ids in hypotheses]
        decoded = iter(await _apart(size, lambda: self._codec.decode(flat, *languages)))
        found = iter([[next(decoded) for _ in hypotheses] for hypotheses in rows])
        return [next(found) if len(row.ids) <= self._max_positions else [""] for row in encoded]

    async def _guarded(
        self,
        texts: list[str],
        answers: list[list[str]],
        options: DecodeOptions,
        direction: Direction,
    ) -> list[list[str]]:
        """Searches again for sentences whose best translation runs in a loop."""
        looping = await _apart(
            sum(len(text) + len(found[0]) for text, found in zip(texts, answers, strict=True)),
            lambda: [i for i, text in enumerate(texts) if is_degenerate(text, answers[i][0])],
        )
        if not looping:
            return answers
        self.num_guarded += len(looping)
        strict = replace(options, no_repeat_ngram_size=GUARD_NGRAM)
        again = await self._generated([texts[index] for index in looping], strict, direction)
        for index, hypotheses in zip(looping, again, strict=True):
            sound = [text for text in hypotheses if not is_degenerate(texts[index], text)]
            answers[index] = sound or [shortened(text) for text in hypotheses]
        return answers

    def _remember(self, key: tuple[object, ...], hypotheses: list[str]) -> None:
        self._cache[key] = hypotheses
        self._cache.move_to_end(key)
        while len(self._cache) > self._cache_limit:
            self._cache.popitem(last=False)

    @staticmethod
    def _joined(plan: list[str | _Sentence], num_alternatives: int) -> Translation:
        variants = [
            "".join(part if isinstance(part, str) else part.variant(number) for part in plan)
            for number in range(num_alternatives + 1)
        ]
        warnings = [
            warning
            for part in plan
            if not isinstance(part, str) and part.result is not None
            for warning in part.result.warnings
        ]
        best = variants[0]
        others = dict.fromkeys(text for text in variants[1:] if text != best)
        return Translation(best, tuple(others), tuple(dict.fromkeys(warnings)))


async def _apart(num_characters: int, work: Callable[[], T]) -> T:
    """Does `work` at once where there is little of it, else in a thread.

    Much of it would keep everybody's requests waiting; for little, the way into a thread and back
    costs more than the work.
    """
    return work() if num_characters <= SMALL_WORK else await asyncio.to_thread(work)


def _advance(sentences: list[_Sentence], found: list[list[str]] | None) -> None:
    """Hands every sentence its answers, or lets it ask for the first time."""
    answers = iter(found or [])
    for sentence in sentences:
        asked = len(sentence.request)
        sentence.advance(None if found is None else [next(answers) for _ in range(asked)])


def deadline_in(seconds: float) -> float:
    """Gives the `time.monotonic()` value `seconds` from now."""
    return time.monotonic() + seconds
