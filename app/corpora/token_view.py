"""A corpus in tokens of a base model: what would be cut, and what the model does not know."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.corpora.corpus_charts import chart, length_chart
from app.corpora.sides import shown_split
from app.corpora.starting import start_work, work_key
from app.corpora.token_form import token_fields
from app.corpora.token_rows import longest_rows, unknown_characters
from app.corpora.token_wording import cut_sentences, percent, unknown_sentences
from app.text import ago, counted, plain
from core.finetune.token_lengths import SplitTokens, TokenLengths
from core.finetune.token_task import TokenSettings, tokens_of
from core.languages import language_name
from core.storage.corpus_job_records import CorpusJob
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

Counted = tuple[TokenSettings, TokenLengths, CorpusJob]


def token_view(workspace: Workspace, corpus: Corpus) -> None:
    """Shows what is counted, the button that counts it, and what was counted before."""
    st.subheader("Tokens of a base model", anchor=False)
    st.caption(
        "A model reads tokens, pieces of words. The trainer cuts what has more of them than the "
        "maximum, and characters that the model does not know are lost."
    )
    known = tokens_of(workspace, corpus.id)
    with st.container(border=True, key="corpus.tokens.form"):
        values = token_fields(corpus, key=f"corpus.tokens.{corpus.id}")
        _count_button(workspace, corpus, values)
    if known:
        _counted(workspace, corpus, _chosen(known, corpus))


def _count_button(workspace: Workspace, corpus: Corpus, values: dict[str, object]) -> None:
    waiting = workspace.corpus_jobs.of_corpus(corpus.id, "tokens")
    missing = "" if values["base_model"] else "Type a hub id or a folder."
    if any(not each.job.has_ended for each in waiting):
        missing = "Tokens of this corpus are being counted."
    if st.button(
        "Count tokens",
        icon=":material/calculate:",
        key=work_key("tokens.count"),
        disabled=bool(missing),
        help=missing or "Counts with the model's own tokenizer, as the trainer does, in a job.",
    ):
        settings = TokenSettings.parse(values)
        start_work(workspace, "tokens", settings, refusal="Counting was not started")
    if missing:
        st.caption(missing)


def _chosen(known: list[Counted], corpus: Corpus) -> Counted:
    if len(known) == 1:
        return known[0]
    by_id = {work.id: (settings, found, work) for settings, found, work in known}
    chosen = st.selectbox(
        "Counted in tokens of",
        list(by_id),
        format_func=lambda each: _label(*by_id[each][:2]),
        key=f"corpus.tokens.of.{known[0][2].id}",
    )
    return by_id[chosen]


def _label(settings: TokenSettings, found: TokenLengths) -> str:
    first = next(iter(found.splits.values()))
    langs = f"{language_name(first.source.lang)} → {language_name(first.target.lang)}"
    return f"{settings.base_model} · {langs}"


def _counted(workspace: Workspace, corpus: Corpus, given: Counted) -> None:
    settings, found, work = given
    st.text(_label(settings, found))
    st.caption(
        plain(
            f"{found.family} · sources cut at {settings.max_source_length:,} tokens, targets at "
            f"{settings.max_target_length:,} · counted {ago(work.created_at)}"
        )
    )
    too_long, unknown = cut_sentences(found), unknown_sentences(found)
    if too_long:
        st.error("  \n".join(map(plain, too_long)), icon=":material/content_cut:")
    if unknown:
        st.warning("  \n".join(map(plain, unknown)), icon=":material/question_mark:")
    _token_table(found)
    key = f"corpus.tokens.{work.id}"
    split = shown_split(corpus, key=f"{key}.split")
    if split:
        _split_tokens(workspace, corpus, settings, split, found.splits[split], key=f"{key}.{split}")


def _token_table(found: TokenLengths) -> None:
    """Shows the figures of each split and side."""
    rows = []
    for split, given in found.splits.items():
        for side in (given.source, given.target):
            rows.append(
                {
                    "Split": split,
                    "Side": language_name(side.lang),
                    "Measured": given.num_measured,
                    "Tokens": side.num_tokens,
                    "Median": None if side.length_spread is None else int(side.length_spread.p50),
                    "Longest": None if side.length_spread is None else int(side.length_spread.max),
                    "Maximum": side.max_length,
                    "Cut": side.num_longer,
                    "Cut, share": percent(side.share_longer) if given.num_measured else None,
                    "Unknown tokens": percent(side.unknown_share) if side.num_tokens else None,
                    "Tokens per word": side.tokens_per_word,
                }
            )
    numbers = ("Measured", "Tokens", "Median", "Longest", "Maximum", "Cut")
    formats = {name: st.column_config.NumberColumn(format="localized") for name in numbers}
    formats["Tokens per word"] = st.column_config.NumberColumn(
        format="%.2f",
        help="Near 1 the model knows the language's words; far above it only pieces of them.",
    )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        key="corpus.tokens.table",
        column_config=formats,
        alt="Tokens of each split and side",
    )
    drawn = [
        split for split, given in found.splits.items() if given.num_measured < given.num_segments
    ]
    if drawn:
        st.caption(f"Of {' and '.join(drawn)} segments were drawn with seed {found.seed}.")


def _split_tokens(
    workspace: Workspace,
    corpus: Corpus,
    settings: TokenSettings,
    split: str,
    given: SplitTokens,
    *,
    key: str,
) -> None:
    """Shows charts, unknown characters and the longest rows of one split."""
    st.caption(
        f"{counted(given.num_cut, 'pair')} of {given.num_measured:,} in {split} would be cut on "
        "at least one side."
    )
    for column, side in zip(st.columns(2), (given.source, given.target), strict=True):
        is_first = side.lang == corpus.src_lang
        name = language_name(side.lang)
        with column:
            figure = length_chart(side.lengths, title=name, unit="tokens", limit=side.max_length)
            alt = f"Histogram of tokens of {name} segments of the {split} split"
            chart(figure, key=f"{key}.{side.lang}", name=f"{split}-{side.lang}-tokens", alt=alt)
            beyond = side.lengths.num_above
            if beyond:
                st.caption(f"{counted(beyond, 'longer segment')} not drawn.")
            unknown_characters(side, key=f"{key}.unknown.{side.lang}")
            st.caption("Longest rows")
            longest_rows(workspace, corpus, split, side, is_first=is_first, key=f"{key}.{is_first}")
