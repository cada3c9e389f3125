"""Which columns of a file are source, target and document, as chosen or as their names say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

from pydantic import Field

from core.errors import DataError
from core.language_tags import flores_code
from core.languages import language_name, selectable_languages
from core.settings import Settings

SOURCE_NAMES = ("source", "src")
TARGET_NAMES = ("target", "tgt", "trg")
DOCUMENT_NAMES = ("document", "doc", "document_id", "doc_id", "docid", "filename")

_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_MAX_SHOWN = 12


class Choice(Settings):
    """How one file is read; what is left empty is found out."""

    source: str = Field(default="", description="Column of the sources; empty = as its name says.")
    target: str = Field(default="", description="Column of the targets; empty = as its name says.")
    document: str = Field(default="", description="Column of document names; empty = none.")
    encoding: str = Field(
        default="", description="Character encoding of the file; empty = found out."
    )
    quoting: Literal["auto", "quoted", "plain"] = Field(
        default="auto", description="Whether cells of TSV stand in quotation marks."
    )
    header: Literal["auto", "yes", "no"] = Field(
        default="auto",
        description="Whether the first row names the columns; auto = in CSV it does, in TSV if it "
        "holds names such as source and target, or languages.",
    )


class Columns(NamedTuple):
    """Names of columns; no document is ""."""

    source: str
    target: str
    document: str = ""


def columns_of(
    name: str, columns: Sequence[str], choice: Choice, src_lang: str, tgt_lang: str
) -> Columns:
    """Gives the columns to read, as chosen, else as their names say.

    Args:
        name: The file's, for messages.
        columns: Those it has.
        choice: What was chosen.
        src_lang: FLORES-200 code of the sources.
        tgt_lang: FLORES-200 code of the targets.

    Raises:
        DataError: A chosen column is not there, is chosen twice, or none was chosen and the names
            do not say which it is.
    """
    for wanted in (choice.source, choice.target, choice.document):
        if wanted and wanted not in columns:
            raise DataError(
                f"{name!r} has no column {wanted!r}; it has {listed(columns)}.",
                hint="Choose one of these.",
            )
    source = choice.source or _named(columns, SOURCE_NAMES, src_lang)
    target = choice.target or _named(columns, TARGET_NAMES, tgt_lang)
    if not (source or target) and tuple(columns) == ("1", "2"):
        source, target = "1", "2"  # a table without a header
    for found, lang, role in ((source, src_lang, "source"), (target, tgt_lang, "target")):
        if not found:
            raise DataError(
                f"{name!r} does not say which column is the {role}, {language_name(lang)} "
                f"({lang}); it has {listed(columns)}.",
                hint=f"Choose the column, or name it {role!r} or {lang!r}.",
            )
    if source == target:
        raise DataError(
            f"Source and target of {name!r} are both the column {source!r}.",
            hint="Choose two columns.",
        )
    return Columns(source, target, choice.document)


def is_header(cells: Sequence[str]) -> bool:
    """Whether cells are names of columns: at least two are known, of different meaning."""
    meanings = {_meaning(cell.strip()) for cell in cells} - {""}
    return len(meanings) > 1


def check_unique(name: str, columns: Sequence[str]) -> None:
    """Refuses columns of one name.

    Raises:
        DataError: The sentence names the column.
    """
    for column, count in Counter(columns).items():
        if count > 1:
            raise DataError(
                f"{name!r} has {count} columns named {column[:60]!r}.",
                hint="Give each column a name of its own, or say that there is no header.",
            )


def language_of_column(column: str) -> str:
    """Gives the FLORES-200 code that a column's name stands for, or "".

    It is a tag such as `ga` or `ga-IE`, a FLORES-200 code or the English name of a language.
    """
    tag = column.strip()
    code = flores_code(tag) if _TAG.fullmatch(tag) else ""
    return code or _codes_by_name().get(tag.casefold(), "")


def is_meant(tag: str, chosen: str, lang: str, other: str = "") -> bool:
    """Whether a language tag of a file is the one to read: regional variants are one language.

    Args:
        tag: As the file writes it.
        chosen: A tag, code or name of a language; "" = none was chosen.
        lang: FLORES-200 code that is read if none was chosen.
        other: What was chosen for the other side; two variants of one language are told apart.
    """
    if not chosen:
        return language_of_column(tag) == lang
    if tag.lower() == chosen.lower():
        return True
    code = language_of_column(chosen)
    return bool(code) and code == language_of_column(tag) and code != language_of_column(other)


def named_language(chosen: str, lang: str) -> str:
    """Gives a chosen language, or the one that is read if none was chosen, as a sentence has it."""
    code = language_of_column(chosen) if chosen else lang
    return f"{language_name(code)} ({code})" if code else repr(chosen)


def listed(names: Sequence[str]) -> str:
    """Gives names as a sentence has them, the first of very many."""
    shown = ", ".join(repr(name[:60]) for name in names[:_MAX_SHOWN]) or "none"
    return f"{shown} and {len(names) - _MAX_SHOWN} more" if len(names) > _MAX_SHOWN else shown


def _meaning(cell: str) -> str:
    name = cell.lower()
    for meaning, names in (
        ("source", SOURCE_NAMES), ("target", TARGET_NAMES), ("document", DOCUMENT_NAMES)
    ):  # fmt: skip
        if name in names:
            return meaning
    return language_of_column(cell)


@cache
def _codes_by_name() -> dict[str, str]:
    """Maps the names of languages in lower case; without the script if there is only one."""
    found: dict[str, set[str]] = {}
    for each in selectable_languages():
        for name in (each.name, each.name.partition(" (")[0]):
            found.setdefault(name.casefold(), set()).add(each.code)
    return {name: code for name, codes in found.items() if len(codes) == 1 for code in codes}


def _named(columns: Sequence[str], names: Sequence[str], lang: str) -> str:
    by_name = [column for column in columns if column.strip().lower() in names]
    by_lang = [column for column in columns if language_of_column(column) == lang]
    return next(iter(by_name or by_lang), "")
