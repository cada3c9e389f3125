"""Which files of an upload belong together, which split they are, and where the texts stand."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal

from pydantic import Field

from core.corpora.formats.archives import by_name, unpacked
from core.corpora.formats.choice import Choice, listed, named_language
from core.corpora.formats.files import InputFile
from core.corpora.formats.looking import XML_FORMATS, Look, look, roles_of, xml_roles_of
from core.corpora.formats.names import stem_of_name
from core.errors import HostError
from core.languages import language_name
from core.settings import Settings

SplitName = Literal["", "train", "dev", "test"]


class Part(Settings):
    """One file, or two line-aligned ones, that rows are read from."""

    split: SplitName = Field(
        default="", description="Which split it is; empty: its rows are divided."
    )
    files: tuple[str, ...] = Field(
        description="Its name, or the names of source and target.", min_length=1, max_length=2
    )
    choice: Choice = Field(
        default=Choice(), description="How it is read; of two files, the source's."
    )
    target_encoding: str = Field(default="", description="Encoding of the second of two files.")

    @property
    def is_aligned(self) -> bool:
        """Whether it is two files with one segment a line."""
        return len(self.files) == 2


@dataclass(frozen=True)
class Plan:
    """How files are going to be read.

    Attributes:
        parts: What is read.
        problems: What is not clear, one sentence each.
    """

    parts: tuple[Part, ...]
    problems: tuple[str, ...] = ()


def looks_of(
    files: Sequence[InputFile], languages: Sequence[str] = (), choice: Choice | None = None
) -> dict[str, Look]:
    """Gives what each file is, by its name; archives are unpacked for it and forgotten again.

    Args:
        files: As they were given.
        languages: FLORES-200 codes of what is probably written there.
        choice: What is known of how they are to be read; it stays in the looks.

    Raises:
        DataError: A file cannot be read, or two have one name.
        HostError: There is no space to unpack them.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            given = by_name(unpacked(files, Path(folder)))
            return {name: look(file, choice, languages) for name, file in given.items()}
    except OSError as error:
        raise HostError(
            f"The files could not be unpacked: {error.strerror or error}.",
            hint="Free some space for temporary files and try again.",
        ) from error


def plan_parts(looks: Mapping[str, Look], src_lang: str, tgt_lang: str) -> Plan:
    """Guesses how files are to be read; people confirm it.

    Args:
        looks: What each file is, by its name, in the order in which they were given.
        src_lang: FLORES-200 code of the source.
        tgt_lang: FLORES-200 code of the target.
    """
    texts = {name: look for name, look in looks.items() if look.format == "text"}
    pairs, problems = _paired(texts, src_lang, tgt_lang)
    parts = {}
    for source, target in pairs:
        split = looks[source].split or looks[target].split
        parts[source] = Part.parse({"split": split, "files": (source, target)})
    for name, seen in looks.items():
        if seen.format != "text":
            parts[name], problem = _table_part(name, seen, src_lang, tgt_lang)
            problems += [problem] if problem else []
    ordered = [parts[name] for name in looks if name in parts]
    return Plan(_with_splits(ordered), tuple(problems))


def guessed_languages(looks: Iterable[Look]) -> tuple[str, str]:
    """Gives the languages that files seem to hold, empty where they do not say.

    English comes first: it is what corpora of low-resource languages mostly begin with.
    """
    found = list(dict.fromkeys(code for look in looks for code in look.languages.values()))
    first, second, *_ = [*sorted(found[:2], key=lambda code: code != "eng_Latn"), "", ""]
    return first, second


def as_shown(parts: Sequence[Part], looks: Mapping[str, Look]) -> tuple[Part, ...]:
    """Gives parts that are read by the encodings that were shown for them.

    Whoever saw a sample and imports means that one: what is found out anew with the languages at
    hand may be another. XML keeps to what it says itself.
    """
    return tuple(_as_shown(part, looks) for part in parts)


def _as_shown(part: Part, looks: Mapping[str, Look]) -> Part:
    shown = [
        "" if looks[name].format in XML_FORMATS else looks[name].encoding for name in part.files
    ]
    choice = part.choice.changed(encoding=part.choice.encoding or shown[0])
    target = part.target_encoding or (shown[1] if part.is_aligned else "")
    return part.changed(choice=choice.model_dump(), target_encoding=target)


def _with_splits(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Lets the rows of train be divided where dev or test is not named: it comes out of them."""
    named = {part.split for part in parts}
    rest = "train" if {"dev", "test"} <= named else ""
    return tuple(
        part.changed(split=rest) if part.split in ("", "train") else part for part in parts
    )


def _paired(
    texts: Mapping[str, Look], src_lang: str, tgt_lang: str
) -> tuple[list[tuple[str, str]], list[str]]:
    """Gives the pairs of line-aligned files, and what is said of those without a partner."""
    pairs: list[tuple[str, str]] = []
    left = list(texts)
    for stem_of in (stem_of_name, _last_of_stem):  # at first in one folder, then wherever it is
        found, left = _paired_by(stem_of, left, texts, (src_lang, tgt_lang))
        pairs += found
    last = _last_pair(left, texts, (src_lang, tgt_lang))
    if last:
        return [*pairs, last], []
    languages = f"{language_name(src_lang)} and {language_name(tgt_lang)}"
    return pairs, [
        f"{name!r} has one segment a line, but no other file is its other half in {languages}."
        for name in left
    ]


def _last_of_stem(name: str) -> str:
    return PurePath(stem_of_name(name)).name if "/" in name else stem_of_name(name)


def _paired_by(
    stem_of: Callable[[str], str],
    names: Sequence[str],
    texts: Mapping[str, Look],
    langs: tuple[str, str],
) -> tuple[list[tuple[str, str]], list[str]]:
    """Gives the pairs of one stem, one file a language, and what is left."""
    by_stem: dict[str, list[str]] = {}
    for name in names:
        if _language(texts[name]) in langs:
            by_stem.setdefault(stem_of(name), []).append(name)
    pairs = []
    for both in by_stem.values():
        ordered = sorted(both, key=lambda name: langs.index(_language(texts[name])))
        if tuple(_language(texts[name]) for name in ordered) == langs:
            pairs.append((ordered[0], ordered[1]))
    paired = {name for pair in pairs for name in pair}
    return pairs, [name for name in names if name not in paired]


def _last_pair(
    left: Sequence[str], texts: Mapping[str, Look], langs: tuple[str, str]
) -> tuple[str, str] | None:
    """Gives the only two that are left, unless their names say that they are no pair.

    Where nothing says which of them is the source, the order in which they were given does.
    """
    if len(left) != 2:
        return None
    first, second = left
    splits = {texts[name].split for name in left} - {""}
    codes = _language(texts[first]), _language(texts[second])
    if len(splits) > 1 or (codes[0] and codes[0] == codes[1]):
        return None
    if all(codes) and set(codes) != set(langs):  # they are of other languages than are asked for
        return None
    is_turned = codes[0] == langs[1] or codes[1] == langs[0]
    return (second, first) if is_turned else (first, second)


def _language(look: Look) -> str:
    return next(iter(look.languages.values()), "")


def _table_part(name: str, look: Look, src_lang: str, tgt_lang: str) -> tuple[Part, str]:
    """Gives the part of a file with columns or languages of its own, and what is not clear."""
    is_xml = look.format in XML_FORMATS
    source, target = (xml_roles_of if is_xml else roles_of)(look, src_lang, tgt_lang)
    rest = [column for column in look.columns if column != look.document_column]
    if not (source and target) and not is_xml and not look.languages and len(rest) == 2:
        source, target = rest
    columns = {"source": source, "target": target, "document": look.document_column}
    choice = look.read_as.changed(**columns)
    part = Part.parse({"split": look.split, "files": (name,), "choice": choice})
    if source and target:
        return part, ""
    if not look.columns:
        return part, f"{name!r} holds no segment."
    if is_xml:
        asked = f"{named_language('', src_lang)} and {named_language('', tgt_lang)}"
        languages = listed(look.columns)
        return part, f"{name!r} does not hold both {asked}; its languages are {languages}."
    return part, f"{name!r} has {listed(look.columns)}: say which is source and which is target."
