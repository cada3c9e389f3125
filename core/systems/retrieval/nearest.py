"""The pairs of a training split whose sources are like a segment, as examples for a prompt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from core.corpora.segments import Pair, read_segments
from core.errors import ConfigError, DataError
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace
from core.systems.retrieval.bm25 import Bm25Index
from core.text.normalising import normalised

# So many sources that share words with the query are compared with it character by character.
_NUM_COMPARED = 50

# Comparing takes the product of two lengths; what is longer is no segment.
_MAX_CHARS = 10_000

# Of two sources that have this much in common, the second one tells a model nothing new.
_NEAR_DUPLICATE = 90.0


@dataclass(frozen=True)
class Example:
    """A pair of the training split.

    Attributes:
        source, target: The pair, in the asked direction.
        similarity: 0 to 100: how much of its source and of the query is the same, in the same order
            (`rapidfuzz.fuzz.ratio`); case, spacing and punctuation do not count.
        line: Its line in the training split, counted from 1.
    """

    source: str
    target: str
    similarity: float
    line: int


class ExampleIndex:
    """The pairs of a training split by their sources; nothing changes, so threads may share it.

    A leak is a pair that gives away what is asked for: its source is the query, or one of its sides
    is held out. Texts are compared as in splitting: case, spacing and punctuation do not count.
    """

    def __init__(self, pairs: Sequence[Pair], *, held_out: Collection[str] = ()) -> None:
        """Indexes the pairs; one with a blank side is no example.

        Args:
            pairs: Source and target, in the order of the training split.
            held_out: Sources and references of the splits that are measured on.
        """
        import numpy as np

        self._pairs = tuple(pairs)
        held = {normalised(text) for text in held_out}
        # The index knows each source once, else fifty pairs of "Yes." would fill the first places.
        self._lines: dict[str, int] = {}
        self._clean_lines: dict[str, int] = {}
        for line, (source, target) in enumerate(pairs, 1):
            if source.strip() and target.strip():
                self._lines.setdefault(source, line)
                if not (held and (normalised(source) in held or normalised(target) in held)):
                    self._clean_lines.setdefault(source, line)
        self._sources = list(self._lines)
        self._compared = [normalised(source) for source in self._sources]
        self._numbers: dict[str, list[int]] = {}
        for number, text in enumerate(self._compared):
            self._numbers.setdefault(text, []).append(number)
        leaks = [n for n, source in enumerate(self._sources) if source not in self._clean_lines]
        self._leaks = np.array(leaks, np.intp)
        self._words = Bm25Index(self._sources)

    def examples(
        self,
        source: str,
        *,
        count: int,
        min_similarity: float = 0.0,
        excludes_leaks: bool = True,
    ) -> list[Example]:
        """Gives the pairs whose sources are most like a segment, the most similar first.

        They share at least a word with it, and none is nearly the same as one before. There may be
        fewer than `count`, or none.

        Args:
            source: The segment to be translated.
            count: The most examples to give.
            min_similarity: What is less similar is not given; 0 to 100.
            excludes_leaks: Whether leaks are left out. With them figures say little.
        """
        lines = self._clean_lines if excludes_leaks else self._lines
        chosen: list[Example] = []
        texts: list[str] = []
        for similarity, number in self._ranked(source, count, excludes_leaks):
            if len(chosen) >= count or similarity < min_similarity:
                break
            text = self._compared[number][:_MAX_CHARS]
            # With a cut-off the ratio of what is less alike is 0, and found sooner.
            if not any(fuzz.ratio(text, other, score_cutoff=_NEAR_DUPLICATE) for other in texts):
                line = lines[self._sources[number]]
                chosen.append(Example(*self._pairs[line - 1], similarity, line))
                texts.append(text)
        return chosen

    def spread(self, source: str, *, count: int, excludes_leaks: bool = True) -> list[Example]:
        """Gives pairs spread over the whole split: the same ones for every source but a leak.

        Args:
            source: The segment to be translated; it is never among them with `excludes_leaks`.
            count: The most examples to give.
            excludes_leaks: As in `examples`.
        """
        lines = list((self._clean_lines if excludes_leaks else self._lines).items())
        own = normalised(source)
        step = max(1, len(lines) // (count + 1))
        chosen: list[Example] = []
        for text, line in lines[step - 1 :: step]:
            if len(chosen) < count and not (excludes_leaks and normalised(text) == own):
                similarity = fuzz.ratio(normalised(text)[:_MAX_CHARS], own[:_MAX_CHARS])
                chosen.append(Example(*self._pairs[line - 1], similarity, line))
        return chosen

    def _ranked(self, source: str, count: int, excludes_leaks: bool) -> list[tuple[float, int]]:
        """Gives similarity and number of sources that share words, the most similar first."""
        import numpy as np

        text = normalised(source)
        same = self._numbers.get(text, [])
        excluded = None
        if excludes_leaks:
            excluded = np.concatenate((self._leaks, np.array(same, np.intp)))
        numbers = [
            number
            for number, _ in self._words.top(source, max(count, _NUM_COMPARED), excluded=excluded)
        ]
        if not excludes_leaks:  # BM25 may prefer texts that repeat the words of the query
            numbers = list(dict.fromkeys([*same[:_NUM_COMPARED], *numbers]))
        text = text[:_MAX_CHARS]
        ranked = [(fuzz.ratio(text, self._compared[n][:_MAX_CHARS]), n) for n in numbers]
        # Of equal ones the very query comes first, then the one with the better BM25 score.
        return sorted(ranked, key=lambda pair: (-pair[0], self._sources[pair[1]] != source))


def open_index(workspace: Workspace, corpus: Corpus, src_lang: str, tgt_lang: str) -> ExampleIndex:
    """Indexes the training split of a corpus in one direction; dev and test are held out.

    Raises:
        ConfigError: The corpus does not have these two languages.
        DataError: The train split is empty.
    """
    if {src_lang, tgt_lang} != {corpus.src_lang, corpus.tgt_lang}:
        raise ConfigError(
            f"The corpus {corpus.name!r} holds {corpus.src_lang} and {corpus.tgt_lang}, "
            f"examples are asked for {src_lang} to {tgt_lang}.",
            hint="Choose a corpus of the two languages, or no examples.",
        )
    train, dev, test = (
        read_segments(workspace.split_file(corpus.id, split)) for split in ("train", "dev", "test")
    )
    if not train:
        raise DataError(
            f"The train split of {corpus.name!r} is empty.",
            hint="Split the corpus again so that train, dev and test all have segments.",
        )
    if src_lang == corpus.tgt_lang:
        train = [(target, source) for source, target in train]
    return ExampleIndex(train, held_out=[text for pair in dev + test for text in pair])
