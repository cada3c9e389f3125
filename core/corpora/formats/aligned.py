"""Two line-aligned text files: line 7 of one is translated in line 7 of the other."""

from __future__ import annotations

from collections.abc import Iterator

from core.corpora.formats.encodings import known_codec
from core.corpora.formats.files import InputFile
from core.corpora.formats.lines import lines
from core.corpora.formats.located import Located
from core.corpora.formats.sniffing import sniff
from core.errors import DataError


def aligned_rows(
    source: InputFile,
    target: InputFile,
    src_lang: str,
    tgt_lang: str,
    *,
    source_encoding: str = "",
    target_encoding: str = "",
) -> Iterator[Located]:
    """Gives a row a line.

    Args:
        source: One segment a line.
        target: Its translations, in the same order.
        src_lang: FLORES-200 code of the sources; helps to find their encoding.
        tgt_lang: FLORES-200 code of the targets.
        source_encoding: Encoding of the first file; "" = it is found out.
        target_encoding: The same for the second.

    Raises:
        DataError: A file cannot be read, or they have different numbers of lines.
    """
    sources = lines(source, _codec(source, source_encoding, src_lang))
    targets = lines(target, _codec(target, target_encoding, tgt_lang))
    number = 0
    for number, text in enumerate(sources, start=1):
        translation = next(targets, None)
        if translation is None:
            raise _unequal(source, number + sum(1 for _ in sources), target, number - 1)
        yield Located(text, translation, "", number)
    num_more = sum(1 for _ in targets)
    if num_more:
        raise _unequal(source, number, target, number + num_more)


def _codec(file: InputFile, chosen: str, lang: str) -> str:
    found = sniff(file, chosen, (lang,))
    if found.format in ("tmx", "xliff", "parquet"):
        raise DataError(
            f"{file.name!r} is {found.format.upper()}, not a text with one segment a line.",
            hint="Such a file holds both languages: give it alone.",
        )
    return known_codec(chosen) if chosen else found.encoding.codec


def _unequal(source: InputFile, num_sources: int, target: InputFile, num_targets: int) -> DataError:
    longer = source if num_sources > num_targets else target
    return DataError(
        f"{source.name!r} has {num_sources} lines and {target.name!r} has {num_targets}; "
        f"{longer.name!r} is longer by {abs(num_sources - num_targets)}.",
        hint="Line-aligned files need one translation a line, in the same order.",
    )
