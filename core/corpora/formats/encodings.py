r"""The character encoding of a text file: by its mark, by its bytes, by its language.

Nearly all files are UTF-8, and a text in another encoding is hardly ever valid UTF-8. Which of the
old one-byte encodings a text is in only its language tells: of the many in which `fianc\xe9` is a
word, Windows-1252 is meant in French and Windows-1250 in Czech.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from core.corpora.formats.files import InputFile, head_of
from core.errors import ConfigError, DataError

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 (little-endian)",
    "utf-16-be": "UTF-16 (big-endian)",
    "utf-32-le": "UTF-32 (little-endian)",
    "utf-32-be": "UTF-32 (big-endian)",
    "cp1252": "Windows-1252 (Western; holds all of Latin-1)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1257": "Windows-1257 (Baltic)",
    "cp1258": "Windows-1258 (Vietnamese)",
    "iso8859-1": "ISO-8859-1 (Latin-1)",
    "iso8859-2": "ISO-8859-2 (Central European)",
    "iso8859-3": "ISO-8859-3 (Maltese, Esperanto)",
    "iso8859-5": "ISO-8859-5 (Cyrillic)",
    "iso8859-6": "ISO-8859-6 (Arabic)",
    "iso8859-7": "ISO-8859-7 (Greek)",
    "iso8859-8": "ISO-8859-8 (Hebrew)",
    "iso8859-9": "ISO-8859-9 (Turkish)",
    "iso8859-11": "ISO-8859-11 (Thai)",
    "iso8859-13": "ISO-8859-13 (Baltic)",
    "iso8859-14": "ISO-8859-14 (Celtic)",
    "iso8859-15": "ISO-8859-15 (Western, with €)",
    "iso8859-16": "ISO-8859-16 (Romanian)",
}

_MARKS = (  # that of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# In order: where several fit as well, the first is meant.
_USUAL = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "iso8859-1",
    "iso8859-2", "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8", "iso8859-9", "iso8859-15",
)  # fmt: skip
_WESTERN = ("cp1252", "iso8859-1", "iso8859-15")
_OF_SCRIPT = {
    "Cyrl": ("cp1251", "iso8859-5"),
    "Grek": ("cp1253", "iso8859-7"),
    "Hebr": ("cp1255", "iso8859-8"),
    "Arab": ("cp1256", "iso8859-6"),
    "Thai": ("iso8859-11",),
    "Latn": _WESTERN,
}
_CENTRAL, _BALTIC = ("cp1250", "iso8859-2"), ("cp1257", "iso8859-13")
_TURKISH = ("cp1254", "iso8859-9")
_OF_LANGUAGE = {
    **dict.fromkeys(("als", "bos", "ces", "hrv", "hun", "pol", "slk", "slv"), _CENTRAL),
    "ron": ("cp1250", "iso8859-16", "iso8859-2"),
    **dict.fromkeys(("est", "lit", "ltg", "lvs"), _BALTIC),
    **dict.fromkeys(("azj", "crh", "kmr", "tur"), _TURKISH),
    **dict.fromkeys(("epo", "mlt"), ("iso8859-3",)),
    "cym": ("cp1252", "iso8859-14"),
    "vie": ("cp1258",),
}

HEAD_BYTES = 1 << 16
_SAMPLE_BYTES = 1 << 16
_PIECE_BYTES = 1 << 20
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_UNDECODED = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")


class Encoding(NamedTuple):
    """An encoding.

    Attributes:
        codec: Its name in `ENCODINGS`.
        has_mark: Whether the file begins with a byte-order mark.
    """

    codec: str
    has_mark: bool = False


def encoding_of(file: InputFile, languages: Sequence[str] = ()) -> Encoding:
    """Gives the encoding of a text file; a mistake deep in a file of UTF-8 is left to its reader.

    Args:
        file: The file, which holds no zero bytes unless in UTF-16 or UTF-32.
        languages: FLORES-200 codes of what is probably written there; may be none.

    Raises:
        DataError: It is in none that is known; the sentence names file, line and byte.
    """
    marked = unicode_of(head_of(file, HEAD_BYTES))
    if marked is not None:
        return marked
    sample = _sample(file)
    if not sample or _is_mostly_utf8(sample):
        return Encoding("utf-8")
    expected = _expected(languages)
    codec = _best(sample, expected, is_ordered=True) if expected else ""
    codec = codec or _best(sample, _USUAL, is_ordered=False)
    if not codec:
        raise _no_encoding(file)
    return Encoding(codec)


def unicode_of(head: bytes) -> Encoding | None:
    """Gives the encoding that a mark, or the zero bytes of UTF-16, tells; None where neither does.

    Args:
        head: The first bytes of a file.
    """
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, has_mark=True)
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if bool(even) == bool(odd):
        return None  # no zero bytes, or a binary file
    codec = "utf-16-be" if even else "utf-16-le"
    try:
        text = codecs.getincrementaldecoder(codec)().decode(head)
    except UnicodeDecodeError:
        return None
    is_text = not _CONTROLS.search(text) and ("\n" in text or b"\n" not in head)
    is_known = all(unicodedata.category(character) != "Cn" for character in set(text))
    return Encoding(codec) if is_text and is_known else None


def known_codec(encoding: str) -> str:
    """Gives the name in `ENCODINGS` of an encoding that was chosen.

    Raises:
        ConfigError: It is not one of them.
    """
    name = encoding.strip().lower()
    if name in ENCODINGS:
        return name
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = ""
    if found not in ENCODINGS:
        raise ConfigError(
            f"There is no encoding {encoding[:40]!r}.", hint=f"There are {', '.join(ENCODINGS)}."
        )
    return found


def _sample(file: InputFile) -> bytes:
    """Gives lines that hold bytes beyond ASCII, from the start of the file on."""
    sample: list[bytes] = []
    size = 0
    with file.open() as stream:
        while size < _SAMPLE_BYTES and (piece := stream.read(_PIECE_BYTES)):
            piece += stream.readline(_PIECE_BYTES)  # whole lines: no character is cut
            if piece.isascii():
                continue
            for line in piece.split(b"\n"):
                if not line.isascii():
                    sample.append(line[:_SAMPLE_BYTES])
                    size += len(sample[-1])
                    if size >= _SAMPLE_BYTES:
                        break
    return b"\n".join(sample)


def _is_mostly_utf8(sample: bytes) -> bool:
    """Whether as many characters are UTF-8 as bytes are not: then these are mistakes in it."""
    text = sample.decode("utf-8", "surrogateescape")
    num_broken = len(_UNDECODED.findall(text))
    return num_broken == 0 or len(_BEYOND_ASCII.findall(text)) >= num_broken


def _expected(languages: Sequence[str]) -> tuple[str, ...]:
    """Gives the encodings of languages, what is special to one of them first."""
    found: list[str] = []
    for code in languages:
        lang, _, script = code.partition("_")
        found += _OF_LANGUAGE.get(lang, _OF_SCRIPT.get(script, ()))
    return tuple(dict.fromkeys(sorted(found, key=lambda codec: codec in _WESTERN)))


def _best(sample: bytes, candidates: Sequence[str], *, is_ordered: bool) -> str:
    """Gives the candidate in which the sample looks most like text, or "".

    Args:
        sample: Lines.
        candidates: Of several in which it looks like text, the first is meant.
        is_ordered: Whether that order says more than how frequent the letters are.
    """
    from charset_normalizer import from_bytes

    ranks = {codec: rank for rank, codec in enumerate(candidates)}
    matches = from_bytes(sample, cp_isolation=[codec.replace("-", "_") for codec in candidates])
    found = []
    for match in matches:
        for name in match.could_be_from_charset:
            codec = codecs.lookup(name).name
            if codec in ranks and _is_clean(sample, codec):
                coherence = 0.0 if is_ordered else round(match.coherence, 1)
                found.append((round(match.chaos, 2), -coherence, ranks[codec]))
    return candidates[min(found)[2]] if found else ""


def _is_clean(sample: bytes, codec: str) -> bool:
    try:
        return not _CONTROLS.search(sample.decode(codec))
    except UnicodeDecodeError:
        return False


def _no_encoding(file: InputFile) -> DataError:
    """Gives the sentence on the first byte that is not UTF-8."""
    number = 0
    with file.open() as stream:
        for number, line in enumerate(stream, start=1):  # noqa: B007
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return undecodable(file.name, number, error.object[error.start], "utf-8")
    return undecodable(file.name, number, 0, "utf-8")


def undecodable(name: str, line: int, byte: int, codec: str) -> DataError:
    """Gives the sentence on a byte that means nothing in an encoding."""
    label = ENCODINGS[codec].partition(" (")[0]
    return DataError(
        f"{name!r} is not {label}: line {line:,} holds the byte 0x{byte:02x}.",
        hint="Choose the encoding it was saved in, or save it as UTF-8 and import it again.",
    )
