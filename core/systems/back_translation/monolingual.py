"""Text of one language: lines of a file, or one side of a corpus; each different text once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from core.corpora.formats.encodings import encoding_of
from core.corpora.formats.files import InputFile, check_size
from core.corpora.formats.lines import lines
from core.corpora.segments import read_rows
from core.errors import ConfigError, DataError
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Monolingual:
    """Segments of one language.

    Attributes:
        texts: Each different text once, in their order.
        num_repeated: Segments that were left out because they stand further up.
    """

    texts: list[str]
    num_repeated: int


def read_file(file: InputFile, lang: str, *, limit: int = 0) -> Monolingual:
    """Reads a text file with a segment a line; blank lines are left out.

    Args:
        file: The file.
        lang: FLORES-200 code of its language, which tells old encodings apart.
        limit: Only so many different segments; 0 = all.

    Raises:
        DataError: It cannot be read, or holds no segment.
    """
    check_size(file)
    found = _different(lines(file, encoding_of(file, [lang]).codec), limit)
    if not found.texts:
        raise DataError(f"{file.name!r} holds no text.", hint="Give a file with a segment a line.")
    return found


def read_side(workspace: Workspace, corpus: Corpus, lang: str, *, limit: int = 0) -> Monolingual:
    """Reads one side of a corpus's training segments; dev and test are measured on, and stay out.

    Raises:
        ConfigError: The corpus does not hold this language.
        DataError: It has no training segments.
    """
    side = side_of(corpus, lang)
    rows = read_rows(workspace.split_file(corpus.id, "train"))
    found = _different((row[side] for row in rows), limit)
    if not found.texts:
        raise DataError(
            f"The train split of {corpus.name!r} is empty.", hint="Choose another corpus."
        )
    return found


def side_of(corpus: Corpus, lang: str) -> int:
    """Gives which side of a corpus holds a language: 0 or 1.

    Raises:
        ConfigError: Neither does.
    """
    langs = (corpus.src_lang, corpus.tgt_lang)
    if lang not in langs:
        raise ConfigError(
            f"The corpus {corpus.name!r} holds {langs[0]} and {langs[1]}, not {lang}.",
            hint="Choose one of its languages, or another corpus.",
        )
    return langs.index(lang)


def _different(texts: Iterable[str], limit: int) -> Monolingual:
    seen: dict[str, None] = {}
    num_repeated = 0
    stripped = filter(None, (text.strip() for text in texts))
    for text in stripped:
        if text in seen:
            num_repeated += 1
            continue
        if limit and len(seen) == limit:
            break
        seen[text] = None
    return Monolingual(list(islice(seen, limit or None)), num_repeated)
