"""What the names of files tell: language and split, as in `train.en` and `test.en2ga.ga`."""

from __future__ import annotations

import re

from core.corpora.formats.files import shown_name
from core.language_tags import flores_code

_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("dev", "valid", "validation", "val", "tune", "tuning"), "dev"),
    **dict.fromkeys(("test", "tst", "eval", "evaluation", "devtest"), "test"),
}
_PLAIN_SUFFIXES = ("txt", "text", "utf8", "tok", "raw")
_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z]{2,4})?")
_PIECES = re.compile(r"[^A-Za-z]+")


def language_of_name(name: str) -> str:
    """Gives the FLORES-200 code that the name of a text file ends with, or "".

    `train.en`, `x.eng_Latn` and `train.ga.txt` say it, `en.txt` and `train_en.txt` as well.
    """
    parts = shown_name(name).split(".")
    if len(parts) > 1 and parts[-1].lower() in _PLAIN_SUFFIXES:
        parts = parts[:-1]
        if len(parts) == 1:
            last = parts[0]
            return _code(last) or _code(re.split(r"[-_ ](?=[^-_ ]+$)", last)[-1])
    return _code(parts[-1]) if len(parts) > 1 else ""


def stem_of_name(name: str) -> str:
    """Gives a name without its language: two line-aligned files have the same stem.

    The folders and the archive that it lies in are part of the stem.
    """
    folders, slash, last = name.replace("\\", "/").rpartition("/")
    return f"{folders}{slash}{_stem_of(last)}"


def _stem_of(name: str) -> str:
    parts = shown_name(name).split(".")
    if len(parts) > 1 and parts[-1].lower() in _PLAIN_SUFFIXES:
        parts = parts[:-1]
    if len(parts) > 1 and _code(parts[-1]):
        return ".".join(parts[:-1])
    if language_of_name(name):
        return "" if _code(parts[0]) else re.sub(r"[-_ ][^-_ ]+$", "", parts[0])
    return ".".join(parts)


def split_of_name(name: str) -> str:
    """Gives "train", "dev" or "test", or "" where the name of a file tells none.

    The last part of a name counts before the folders or the archive that it lies in.
    """
    for part in (shown_name(name), name):
        pieces = [_SPLITS.get(piece.lower(), "") for piece in _PIECES.split(part)]
        found = [piece for piece in pieces if piece]
        if found:
            return found[-1] if part is name else found[0]
    return ""


def _code(piece: str) -> str:
    return flores_code(piece) if _TAG.fullmatch(piece) else ""
