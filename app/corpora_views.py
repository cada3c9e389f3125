"""The parts of the Corpora page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from app.errors import shown_to_user
from app.navigation import page_path
from app.state import session
from app.text import ago, plain
from core.corpora.importing import DEFAULT_SEED, delete_corpus, split_again
from core.corpora.reading import NamedFile
from core.corpora.segments import read_segments
from core.languages import language_name
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.workspace import Workspace

PREVIEW_ROWS = 50


def file_inputs(*, key: str) -> dict[str, list[NamedFile]]:
    """Shows the uploads and gives the files of each split; two files are source and target."""
    form = st.segmented_control(
        "Form",
        ["Two line-aligned files", "One TSV or JSONL file"],
        default="Two line-aligned files",
        key=f"{key}.form",
        required=True,
    )
    is_aligned = form != "One TSV or JSONL file"
    own_splits = st.toggle(
        "I have dev and test files of my own",
        key=f"{key}.own_splits",
        help="Otherwise dev and test are cut out of the training files, without overlap.",
    )
    splits = SPLITS if own_splits else ("train",)
    files: dict[str, list[NamedFile]] = {split: [] for split in SPLITS}
    for split in splits:
        sides = ("source", "target") if is_aligned else ("file",)
        for column, side in zip(st.columns(len(sides)), sides, strict=True):
            with column:
                label = f"{split.capitalize()}, {side}" if own_splits else side.capitalize()
                upload = st.file_uploader(label, key=f"{key}.{split}.{side}.{form}")
            if upload is not None:
                files[split].append(NamedFile(upload.name, upload.getvalue()))
        if is_aligned and len(files[split]) == 1:
            files[split] = []  # half a pair of files is not a choice yet
    return files


def split_inputs(*, key: str, is_given: bool) -> tuple[int, int, int]:
    """Shows the sizes of dev and test and the seed, unless the splits are given as files."""
    if is_given:
        return 0, 0, DEFAULT_SEED
    columns = st.columns(3)
    with columns[0]:
        num_dev = st.number_input(
            "Dev segments", 0, 100_000, 0, key=f"{key}.num_dev", help="0 = 5 %, at most 500"
        )
    with columns[1]:
        num_test = st.number_input(
            "Test segments", 0, 100_000, 0, key=f"{key}.num_test", help="0 = 5 %, at most 500"
        )
    with columns[2]:
        seed = st.number_input(
            "Seed", 0, 2**31, DEFAULT_SEED, key=f"{key}.seed", help="Same seed, same split"
        )
    return int(num_dev), int(num_test), int(seed)


def what_is_missing(name: str, files: Mapping[str, Sequence[NamedFile]]) -> str:
    """Gives what the import still lacks, in words; empty when nothing."""
    if not files["train"]:
        return "Choose the file, or both files."
    if bool(files["dev"]) != bool(files["test"]):
        return "Choose dev and test files, both."
    return "" if name.strip() else "Type a name."


def corpus_table(corpora: Sequence[Corpus]) -> None:
    """Shows all corpora."""
    rows = [
        {
            "Name": corpus.name,
            "Languages": f"{language_name(corpus.src_lang)} – {language_name(corpus.tgt_lang)}",
            "Train": corpus.num_train,
            "Dev": corpus.num_dev,
            "Test": corpus.num_test,
            "Kind": "synthetic" if corpus.is_synthetic else "imported",
            "Made": ago(corpus.created_at),
        }
        for corpus in corpora
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", key="corpora.table")


def chosen_corpus(corpora: Sequence[Corpus]) -> Corpus:
    """Lets one corpus be chosen; a new one is chosen by itself."""
    tab = session()
    by_id = {corpus.id: corpus for corpus in corpora}
    ids = list(by_id)
    tab.corpus_id = st.selectbox(
        "Look at",
        ids,
        index=ids.index(tab.corpus_id) if tab.corpus_id in ids else 0,
        format_func=lambda corpus_id: by_id[corpus_id].name,
        key=f"corpora.chosen.{len(ids)}.{tab.import_version}",
    )
    return by_id[tab.corpus_id]


def overview(workspace: Workspace, corpus: Corpus) -> None:
    """Shows counts, origin and what is known of overlaps."""
    with st.container(horizontal=True):
        for split, count in corpus.counts.items():
            st.metric(split.capitalize(), f"{count:,}", border=True)
    if corpus.is_synthetic:
        st.badge("synthetic: for trying things out, not for conclusions", color="orange")
    st.caption(plain(corpus.origin))
    details = corpus.details
    left_out = details.get("num_empty", 0) + details.get("num_duplicates", 0)
    if left_out:
        st.caption(
            f"Left out: {details.get('num_empty', 0)} pairs with an empty side, "
            f"{details.get('num_duplicates', 0)} repeated pairs."
        )
    overlaps = details.get("dev_overlaps", 0) + details.get("test_overlaps", 0)
    if overlaps:
        st.warning(
            f"{details['dev_overlaps']} dev and {details['test_overlaps']} test segments also "
            "stand in train (case, spacing and punctuation ignored): scores will be too high.",
            icon=":material/water_drop:",
        )
    if st.button("Fine-tune on this corpus", icon=":material/tune:", key="corpora.finetune"):
        chosen = {"corpus": corpus.id, "src_lang": corpus.src_lang, "tgt_lang": corpus.tgt_lang}
        session().replace_draft({**session().draft, **chosen})
        st.switch_page(page_path("finetune"))


def preview(workspace: Workspace, corpus: Corpus) -> None:
    """Shows segments exactly as they are, page by page."""
    split = st.segmented_control(
        "Split", SPLITS, default="train", key=f"corpora.split.{corpus.id}", required=True
    )
    split = split or "train"
    num_pages = max(1, -(-corpus.counts[split] // PREVIEW_ROWS))
    number = 1
    if num_pages > 1:
        number = st.pagination(num_pages, key=f"corpora.page.{corpus.id}.{split}")
    offset = (number - 1) * PREVIEW_ROWS
    path = workspace.split_file(corpus.id, split)
    pairs = read_segments(path, limit=PREVIEW_ROWS, offset=offset)
    names = (language_name(corpus.src_lang), language_name(corpus.tgt_lang))
    frame = pd.DataFrame(pairs, columns=names)
    frame.index = pd.RangeIndex(offset + 1, offset + 1 + len(pairs))
    st.dataframe(frame, width="stretch", key=f"corpora.preview.{corpus.id}.{split}")


def split_anew(workspace: Workspace, corpus: Corpus) -> None:
    """Offers to make a new corpus with another split; the present one stays."""
    with st.expander("Split anew", icon=":material/call_split:"):
        key = f"corpora.again.{corpus.id}"
        num_dev, num_test, seed = split_inputs(key=key, is_given=False)
        name = st.text_input(
            "Name of the new corpus", f"{corpus.name} (seed {seed})", key=f"{key}.n"
        )
        if st.button("Split", key=f"{key}.go"):
            made = split_again(
                workspace,
                corpus.id,
                num_dev=num_dev,
                num_test=num_test,
                seed=seed,
                name=name,
            )
            session().notice = f"Made {made.name}."
            session().corpus_id = made.id
            st.rerun()


def deletion(workspace: Workspace, corpus: Corpus) -> None:
    """Offers to delete the corpus, after a question."""
    if st.button("Delete …", icon=":material/delete:", key="corpora.delete"):
        _confirm_deletion(workspace, corpus)


@st.dialog("Delete this corpus?")
def _confirm_deletion(workspace: Workspace, corpus: Corpus) -> None:
    with shown_to_user():
        st.text(corpus.name)
        st.write("Its segments and the uploaded files are deleted for good.")
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="corpora.delete.yes"):
                delete_corpus(workspace, corpus.id)
                session().notice = f"Deleted {corpus.name}."
                st.rerun()
            if st.button("Keep it", key="corpora.delete.no"):
                st.rerun()
