"""How files are going to be read: a guess that people confirm or correct."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import pandas as pd
import streamlit as st

from app.text import plain
from core.corpora.formats.choice import Choice
from core.corpora.formats.encodings import ENCODINGS
from core.corpora.formats.looking import XML_FORMATS, Look, texts_of, with_header
from core.corpora.planning import Part, Plan
from core.errors import DataError

SPLIT_LABELS = {
    "": "is divided",
    "train": "train",
    "dev": "dev",
    "test": "test",
    "-": "is left out",
}
QUOTING = {
    "auto": "as detected",
    "quoted": "quoted: around cells, no part of them",
    "plain": "plain: part of the text",
}
Header = Literal["auto", "yes", "no"]
HEADERS: dict[Header, str] = {
    "auto": "as detected",
    "yes": "names of the columns",
    "no": "the first segment",
}
SHOWN_ROWS = 4
NO_DOCUMENT = "none"
DETECTED = "as detected"


Again = Callable[[str, Choice], Look]


def part_fields(
    plan: Plan, looks: Mapping[str, Look], names: tuple[str, str], *, again: Again, key: str
) -> tuple[tuple[Part, ...], str]:
    """Shows each part with what can be corrected.

    Gives them as they stand now, and what is wrong with one that cannot be read like that.

    Args:
        plan: The guess.
        looks: What each file is.
        names: Names of source and target language.
        again: Looks at a file by another encoding or other quotation marks.
        key: Prefix of the widget keys.
    """
    found, problem = [], ""
    for number, part in enumerate(plan.parts):
        with st.container(border=True):
            own = f"{key}.{number}.{'|'.join(part.files)}"
            try:
                chosen = _part(part, looks, names, again=again, key=own)
            except DataError as error:  # of an encoding that the file does not have
                st.error(plain(str(error)))
                problem = problem or f"Correct how {part.files[0]!r} is read, or leave it out."
                continue
        if chosen is not None:
            found.append(chosen)
    return tuple(found), problem


def reading_fields(name: str, format: str, chosen: Choice, *, key: str) -> dict[str, Any]:
    """Shows what can be said of encoding, quotation marks and header.

    Args:
        name: The file's.
        format: What it is; empty where that is not known.
        chosen: What is shown first.
        key: Prefix of the widget keys.
    """
    values: dict[str, Any] = {}
    with st.popover("Encoding, quotes, header", icon=":material/translate:"):
        values["encoding"] = _encoding(name, chosen.encoding, key=f"{key}.encoding")
        if format in ("tsv", ""):
            values["quoting"] = _quoting(chosen.quoting, key=f"{key}.quoting")
        if format in ("tsv", "csv", ""):
            values["header"] = _header(chosen.header, key=f"{key}.header")
    return values


def _part(
    part: Part, looks: Mapping[str, Look], names: tuple[str, str], *, again: Again, key: str
) -> Part | None:
    head, right = st.columns([3, 1], vertical_alignment="center")
    with head:
        st.text(" + ".join(part.files))
        st.caption(plain(_described(part, looks)))
    with right:
        options = list(SPLIT_LABELS)
        split = st.selectbox(
            "Split",
            options,
            index=options.index(part.split),
            format_func=SPLIT_LABELS.__getitem__,
            key=f"{key}.split",
            label_visibility="collapsed",
            help="What is divided gives train, dev and test.",
        )
    if split == "-":
        return None
    part = part.changed(split=split)
    if part.is_aligned:
        part = _files_fields(part, looks, key=key)
        codes = (part.choice.encoding, part.target_encoding)
        changed = {
            name: again(name, Choice(encoding=code))
            for name, code in zip(part.files, codes, strict=True)
            if code
        }
    else:
        part, table = _column_fields(part, looks[part.files[0]], again=again, key=key)
        changed = {part.files[0]: table}
    _sample(part, {**looks, **changed}, names, key=key)
    return part


def _described(part: Part, looks: Mapping[str, Look]) -> str:
    kinds = {"text": "one segment a line", "jsonl": "JSON lines"}
    formats = {looks[name].format for name in part.files}
    encodings = {looks[name].encoding_label for name in part.files} - {""}
    words = [kinds.get(each, each.upper()) for each in sorted(formats)]
    return " · ".join([*words, *sorted(encodings)])


def _files_fields(part: Part, looks: Mapping[str, Look], *, key: str) -> Part:
    with st.container(horizontal=True, vertical_alignment="center"):
        swaps = st.toggle(
            "Swap source and target", key=f"{key}.swap", help="If the first file is the target."
        )
        files = part.files[::-1] if swaps else part.files
        with st.popover("Encoding", icon=":material/translate:"):
            source, target = (
                _encoding(name, looks[name].read_as.encoding, key=f"{key}.encoding.{number}")
                for number, name in enumerate(files)
            )
    choice = part.choice.changed(encoding=source)
    return part.changed(files=files, choice=choice.model_dump(), target_encoding=target)


def _encoding(name: str, chosen: str, *, key: str) -> str:
    options = ["", *ENCODINGS]
    return st.selectbox(
        f"Encoding of {plain(name)}",
        options,
        index=options.index(chosen),
        format_func=lambda each: ENCODINGS.get(each, DETECTED),
        key=key,
        help="Change it if the sample below looks garbled.",
    )


def _column_fields(part: Part, seen: Look, *, again: Again, key: str) -> tuple[Part, Look]:
    """Gives the part as it stands now, and what its file is when it is read like that."""
    left, middle, right = st.columns(3)
    values: dict[str, Any] = {}
    if seen.encoding:
        values = reading_fields(part.files[0], seen.format, seen.read_as, key=key)
    header: Header = values.get("header", "auto")
    # What it is by its own header is needed to follow the columns to their other names.
    own = {"header": header if header == "auto" else seen.read_as.header}
    wanted = seen.read_as.changed(**{**values, **own})
    if wanted != seen.read_as:
        seen = again(part.files[0], wanted)
    table = with_header(seen, header)
    choice = _moved(part.choice, seen, table)
    labels = _labels(table, choice)
    key = f"{key}.{header}"
    with left:
        values["source"] = _column("Source is", labels, choice.source, key=key)
    with middle:
        values["target"] = _column("Target is", labels, choice.target, key=key)
    if seen.format not in XML_FORMATS:
        options = ["", *table.columns]
        with right:
            values["document"] = st.selectbox(
                "Document is",
                options,
                index=options.index(choice.document) if choice.document in options else 0,
                format_func=lambda each: each or NO_DOCUMENT,
                key=f"{key}.document",
                help="Segments of one document can be kept in one split.",
            )
    return part.changed(choice=choice.changed(**values).model_dump()), table


def _moved(choice: Choice, seen: Look, table: Look) -> Choice:
    """Gives the choice with the names that its columns have under another header."""
    if table is seen:
        return choice
    names = {"": "", **dict(zip(seen.columns, table.columns, strict=True))}
    return choice.changed(
        source=names.get(choice.source, ""),
        target=names.get(choice.target, ""),
        document=names.get(choice.document, ""),
    )


def _column(label: str, labels: Mapping[str, str], value: str, *, key: str) -> str:
    options = ["", *labels]
    return st.selectbox(
        label,
        options,
        index=options.index(value) if value in options else 0,
        format_func=lambda each: labels.get(each, "choose …"),
        key=f"{key}.{label}",
        help="Column or language.",
    )


def _labels(seen: Look, choice: Choice) -> dict[str, str]:
    """Gives what can be chosen: columns, or languages with all their regional variants."""
    if seen.format not in XML_FORMATS:
        return {
            column: _with_code(column, seen.languages.get(column, "")) for column in seen.columns
        }
    tags: dict[str, list[str]] = {}
    for column in seen.columns:
        tags.setdefault(seen.languages.get(column, column), []).append(column)
    late = {each: each for each in (choice.source, choice.target) if each and each not in tags}
    return {
        **{code: _with_code(", ".join(each), code) for code, each in tags.items()},
        **{code: f"{code} (not at the start of the file)" for code in late},
    }


def _with_code(column: str, code: str) -> str:
    return f"{column} ({code})" if code and code != column else column


def _header(chosen: Header, *, key: str) -> Header:
    options = list(HEADERS)
    return st.selectbox(
        "The first row is",
        options,
        index=options.index(chosen),
        format_func=HEADERS.__getitem__,
        key=key,
    )


def _quoting(chosen: str, *, key: str) -> str:
    options = list(QUOTING)
    return st.selectbox(
        "Quotation marks are",
        options,
        index=options.index(chosen),
        format_func=QUOTING.__getitem__,
        key=key,
    )


def _sample(part: Part, looks: Mapping[str, Look], names: tuple[str, str], *, key: str) -> None:
    """Shows the first rows as they would be imported."""
    sources, targets = _texts(part, looks)
    rows = list(zip(sources, targets, strict=False))[:SHOWN_ROWS]
    if rows:
        titles = [f"Source: {names[0]}", f"Target: {names[1]}"]
        st.dataframe(
            pd.DataFrame(rows, columns=titles),
            hide_index=True,
            width="stretch",
            key=f"{key}.sample",
            column_config={each: st.column_config.TextColumn(width="large") for each in titles},
        )


def _texts(part: Part, looks: Mapping[str, Look]) -> tuple[list[str], list[str]]:
    if part.is_aligned:
        first, second = (
            [next(iter(row.values()), "") for row in looks[name].sample] for name in part.files
        )
        return first, second
    seen = looks[part.files[0]]
    return texts_of(seen, part.choice.source), texts_of(seen, part.choice.target)
