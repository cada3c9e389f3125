"""The form of an import: files, or a public set; what they are is guessed and confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from app.access.visiting import visitor_name
from app.corpora.part_form import part_fields, reading_fields
from app.corpora.split_form import split_fields
from app.corpora.uploads import Seen, input_files, seen, seen_again, together
from app.forms import language_select
from app.problem_views import shown_in_place
from app.state import session
from app.text import plain
from core.corpora import works
from core.corpora.formats.choice import Choice
from core.corpora.formats.files import MAX_FILE_BYTES, InputFile
from core.corpora.formats.names import split_of_name
from core.corpora.importing import ImportSettings
from core.corpora.planning import Part, as_shown, guessed_languages, plan_parts
from core.corpora.public_sets import PUBLIC_SETS, PublicSet
from core.corpora.splitting import SplitSettings
from core.corpora.storing import MAX_NAME_CHARS, check_name
from core.corpora.versions import free_name
from core.errors import DataError
from core.languages import language_name
from core.storage.workspace import Workspace

FROM_FILES, PUBLIC = "Files", "A known public set"
FORMATS = "TMX, XLIFF, TSV, CSV, JSON, JSONL, Parquet, or two text files with a segment a line"


def import_form(workspace: Workspace) -> None:
    """Shows the form and starts the import as a job."""
    key = f"corpora.import.{session().corpora.version}"
    kind = st.segmented_control(
        "From",
        [FROM_FILES, PUBLIC],
        default=FROM_FILES,
        key=f"{key}.from",
        required=True,
        label_visibility="collapsed",
    )
    if kind == PUBLIC:
        _public_form(workspace, key=key)
    else:
        _files_form(workspace, key=key)


def _public_form(workspace: Workspace, *, key: str) -> None:
    chosen: PublicSet = st.selectbox(
        "Set", PUBLIC_SETS, format_func=lambda each: each.name, key=f"{key}.public"
    )
    counts = ", ".join(f"{count:,} {split}" for split, count in chosen.counts.items())
    st.markdown(
        f"{counts} segments · licence [{plain(chosen.licence)}]({chosen.licence_url}) · "
        f"[about it]({chosen.homepage})"
    )
    st.caption(plain(f"Cite: {chosen.citation}"))
    if chosen.note:
        st.caption(plain(chosen.note))
    name, missing = _name_field(workspace, chosen.name, key=f"{key}.{chosen.key}")
    if st.button(
        "Fetch and import",
        type="primary",
        icon=":material/cloud_download:",
        key=f"{key}.fetch",
        disabled=bool(missing),
        help=plain(missing) or "Downloads it from its public address; nothing is sent anywhere.",
    ):
        _start(workspace, ImportSettings(name=name, public_set=chosen.key), ())
    if missing:
        st.caption(plain(missing))


def _files_form(workspace: Workspace, *, key: str) -> None:
    uploads = st.file_uploader(
        "Files",
        accept_multiple_files=True,
        key=f"{key}.files",
        help=f"{FORMATS}; also zipped, several at once, or ready train, dev and test splits. "
        f"At most {MAX_FILE_BYTES / 1e6:.0f} MB a file. They stay on this machine.",
    )
    if not uploads:
        st.caption(f"{FORMATS}; also in a zip, several at once, or as ready splits.")
        return
    known = _known(uploads, key=key)
    guess = guessed_languages(known.looks.values())
    langs = _languages(guess, key=f"{key}.{'-'.join(guess)}")
    parts, unread = _parts(known, langs, uploads, key=f"{key}.{'-'.join(langs)}")
    split = _division(parts, key=key)
    name, problem = _name_field(workspace, _usual_name(known.looks, langs), key=key)
    missing = unread or _what_is_missing(known, langs, parts, split) or problem
    if st.button(
        "Import",
        type="primary",
        icon=":material/upload:",
        key=f"{key}.go",
        disabled=bool(missing),
        help=plain(missing) or "Stores the corpus as a job; the raw files are kept.",
    ):
        files = input_files(uploads)
        settings = ImportSettings(
            name=name,
            src_lang=langs[0],
            tgt_lang=langs[1],
            files=tuple(file.name for file in files),
            parts=as_shown(parts, known.looks),
            split=split or SplitSettings(),
        )
        _start(workspace, settings, files)
    if missing:
        st.caption(plain(missing))


def _known(uploads: Sequence[Any], *, key: str) -> Seen:
    """Looks at the files; of those that cannot be read it says why, and asks how they are to be."""
    found = []
    for upload in uploads:
        of_one = seen(upload, Choice())
        if of_one.problems:
            with st.container(border=True):
                st.text(upload.name)
                own = f"{key}.unread.{upload.file_id}"
                values = reading_fields(upload.name, "", Choice(), key=own)
                of_one = seen(upload, Choice(**values))
                for problem in of_one.problems:
                    st.error(plain(problem))
        found.append(of_one)
    known = together(found)
    num_told = sum(len(each.problems) for each in found)
    for problem in known.problems[num_told:]:
        st.error(plain(problem))
    return known


def _parts(
    known: Seen, langs: tuple[str, str], uploads: Sequence[Any], *, key: str
) -> tuple[tuple[Part, ...], str]:
    """Shows how the files would be read, and what is not clear about them."""
    plan = plan_parts(known.looks, *langs)
    names = (language_name(langs[0]), language_name(langs[1]))
    again = partial(seen_again, uploads)
    parts, unread = part_fields(plan, known.looks, names, again=again, key=key)
    for problem in plan.problems:
        if not _is_settled(problem, parts):  # of a file with columns it is, once they were chosen
            st.warning(plain(problem))
    return parts, unread


def _languages(guess: tuple[str, str], *, key: str) -> tuple[str, str]:
    left, right = st.columns(2)
    with left:
        source = language_select("Source language", guess[0] or "eng_Latn", key=f"{key}.src_lang")
    with right:
        other = "gle_Latn" if guess[0] != "gle_Latn" else "eng_Latn"
        target = language_select("Target language", guess[1] or other, key=f"{key}.tgt_lang")
    if all(guess):
        st.caption("Languages and columns are guessed from the files: look whether they are right.")
    else:
        st.warning("The files do not say which languages they hold: choose both.")
    return source, target


def _is_settled(problem: str, parts: Sequence[Part]) -> bool:
    return any(
        problem.startswith(repr(part.files[0])) and part.choice.source and part.choice.target
        for part in parts
    )


def _division(parts: Sequence[Part], *, key: str) -> SplitSettings | None:
    if not any(part.split == "" for part in parts):
        return SplitSettings()
    has_documents = any(part.choice.document for part in parts) or not all(
        part.is_aligned for part in parts
    )
    with st.expander("How it is divided into train, dev and test", icon=":material/call_split:"):
        return split_fields(key=f"{key}.split", has_documents=has_documents)


def _usual_name(looks: Mapping[str, object], langs: tuple[str, str]) -> str:
    first = next(iter(looks), "").partition("/")[0]
    stem = first.partition(".")[0]
    if stem and not split_of_name(first):
        return stem
    return f"{language_name(langs[0])}–{language_name(langs[1])}"


def _name_field(workspace: Workspace, usual: str, *, key: str) -> tuple[str, str]:
    """Gives the name, and what is wrong with it; what was typed stays while files come and go."""
    usual = free_name(workspace, usual)
    name = st.text_input("Name", usual, key=f"{key}.name.{usual}", max_chars=MAX_NAME_CHARS)
    try:
        check_name(workspace, name)
    except DataError as error:
        return name, str(error)
    return name, ""


def _what_is_missing(
    known: Seen,
    langs: tuple[str, str],
    parts: Sequence[Part],
    split: SplitSettings | None,
) -> str:
    if known.problems:
        return "Say how the file that cannot be read is to be read, or remove it."
    if langs[0] == langs[1]:
        return "Source and target are the same language."
    if not parts:
        return "Nothing would be imported: add the files with the translations."
    for part in parts:
        if not part.is_aligned and not (part.choice.source and part.choice.target):
            return f"Say which column of {part.files[0]!r} is source and which is target."
        if not part.is_aligned and part.choice.source == part.choice.target:
            return f"Source and target of {part.files[0]!r} are the same column."
    return "Correct how it is divided." if split is None else ""


def _start(workspace: Workspace, settings: ImportSettings, files: Sequence[InputFile]) -> None:
    draft, by = session().corpora, visitor_name()
    with shown_in_place("The import was not started"):
        works.start(workspace, "import", settings, files=files, work_id=draft.work_id, by=by)
        draft.renew()
        st.rerun()
