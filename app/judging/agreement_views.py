"""How far the raters of a campaign agree, each two of them and together."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.judging import agreement_wording as wording
from app.judging.agreement_computed import agreement_of
from app.judging.agreement_raters import raters_view
from app.judging.computed_results import ScoringChoice
from app.problem_views import shown_in_place
from app.text import counted, plain
from core.annotate.agreement.agreeing import AgreementResult
from core.annotate.agreement.rater_pairs import RaterPair
from core.annotate.agreement.remarks import remarks
from core.annotate.campaign_data import CampaignData

TABLE_HEIGHT_PX = 420
_ROWS_WITHOUT_SCROLLING = 10


def agreement_view(data: CampaignData, choice: ScoringChoice) -> None:
    """Shows agreement of all raters and of each two, and how each rater works.

    Gold plays no part: what counts is what raters said themselves.
    """
    with shown_in_place("Not compared"):
        found = agreement_of(data, choice.preset)
        if not found.raters:
            st.info("Nothing to compare yet: no rater has finished a segment.")
            return
        _heads_up(found.result)
        if found.result.pairs:
            _overall(found.result)
            _pair_table(found.result)
            _confusion(found.result)
        raters_view(found.raters, found.result.scale)


def _heads_up(result: AgreementResult) -> None:
    said = remarks(result)
    if not said:
        return
    with st.container(border=True):
        st.badge("Read with care", icon=":material/info:", color="orange")
        for sentence in said:
            st.text(sentence)


def _overall(result: AgreementResult) -> None:
    weighted = ", weighted" if result.is_weighted else ""
    figures = [
        (f"Mean kappa{weighted}", result.mean_kappa, wording.KAPPA),
        ("Fleiss' kappa", result.fleiss, f"{wording.FLEISS} {plain(result.fleiss_note)}"),
        ("Alpha, answers", result.alpha_nominal, wording.ALPHA_NOMINAL),
        ("Alpha, order", result.alpha_ordinal, wording.ALPHA_ORDINAL),
        ("Alpha, scores", result.alpha_interval, wording.ALPHA_INTERVAL),
    ]
    if not result.is_weighted:
        figures = [each for each in figures if each[0] != "Alpha, order"]
    if result.alpha_interval is None:
        figures = [each for each in figures if each[0] != "Alpha, scores"]
    if result.spans is not None:
        figures.append(("Same characters", result.spans.position, wording.SPANS))
        figures.append(("… and severity", result.spans.severity, wording.SPANS))
        if result.spans.category is not None:
            figures.append(("… and category", result.spans.category, wording.SPANS))
    with st.container(horizontal=True):
        for label, value, told in figures:
            st.metric(label, "–" if value is None else f"{value:.2f}", help=told, width=135)
    _captions(result)


def _captions(result: AgreementResult) -> None:
    word = wording.kappa_words(result.mean_kappa)
    parts = [
        f"Question: {result.question}",
        counted(len(result.raters), "rater"),
        f"{counted(result.num_shared, result.unit)} by two or more",
        f"mean over {counted(result.num_kappas, 'pair')} of raters",
    ]
    st.caption(
        plain(" · ".join(parts) + (f". A kappa like this is called {word}." if word else "."))
    )
    shares = [
        f"{label} {share:.0%}"
        for label, share in zip(result.labels, result.shares, strict=True)
        if share
    ]
    scale = "" if result.alpha_interval is None else f" Scores by: {result.scale}."
    st.caption(plain(f"How often each answer was given: {', '.join(shares)}.{scale}"))
    if result.fleiss_note:
        st.caption(plain(f"No Fleiss' kappa: {result.fleiss_note}"))
    if result.yardstick:
        st.caption(f"**Yardstick.** {result.yardstick}")


def _pair_table(result: AgreementResult) -> None:
    st.subheader("Each two raters", anchor=False)
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns: dict[str, Any] = {
        "First": text(width=100, pinned=True),
        "Second": text(width=100),
        "Kappa": number(format="%.2f", width=75, help=wording.PAIR_KAPPA),
        "Agree, %": number(format="%.0f", width=80, help=wording.AGREEMENT),
        "Major errors, %": number(format="%.0f", width=120, help=wording.PREVALENCE),
        "Score difference": number(format="%+.2f", width=125, help=wording.DIFFERENCE),
        "Alpha of scores": number(format="%.2f", width=120, help=wording.PAIR_ALPHA),
    }
    for name in ("Same characters", "… and severity", "… and category"):
        columns[name] = number(format="%.2f", width=125, help=wording.SPANS)
    many = len(result.pairs) > _ROWS_WITHOUT_SCROLLING
    st.dataframe(
        pd.DataFrame([_pair_row(pair, result) for pair in result.pairs]),
        hide_index=True,
        width="stretch",
        height=TABLE_HEIGHT_PX if many else "auto",
        column_config=columns,
        placeholder="–",
        key=f"agreement.raters.pairs.{len(result.pairs)}",
        alt="Agreement of each two raters",
    )


def _pair_row(pair: RaterPair, result: AgreementResult) -> dict[str, Any]:
    row: dict[str, Any] = {
        "First": pair.first,
        "Second": pair.second,
        "Shared": pair.num_shared,
        "Kappa": pair.kappa,
        "Agree, %": 100 * pair.agreement,
    }
    if pair.spans is not None:
        row["Major errors, %"] = 100 * pair.shares[1]
    if pair.score_difference is not None:
        row |= {"Score difference": pair.score_difference, "Alpha of scores": pair.score_alpha}
    if pair.spans is not None:
        row["Same characters"] = pair.spans.position
        row["… and severity"] = pair.spans.severity
        if result.spans is not None and result.spans.category is not None:
            row["… and category"] = pair.spans.category
    return row


def _confusion(result: AgreementResult) -> None:
    """Shows who answered what, of a pair that is chosen; the one that agrees least comes first."""
    numbers = sorted(
        range(len(result.pairs)),
        key=lambda at: (result.pairs[at].kappa is None, _kappa(result, at)),
    )
    names = {at: f"{result.pairs[at].first} – {result.pairs[at].second}" for at in numbers}
    chosen: int = st.selectbox(
        "Who answered what",
        numbers,
        format_func=lambda at: names[at],
        key=f"agreement.confusion.{len(numbers)}",
        help="Of each two raters; the pair that agrees least comes first.",
        width=360,
    )
    pair = result.pairs[chosen]
    frame = pd.DataFrame(
        [
            {"": f"{pair.first}: {label}", **dict(zip(result.labels, row, strict=True))}
            for label, row in zip(result.labels, pair.table, strict=True)
        ]
    )
    st.dataframe(
        frame,
        hide_index=True,
        width="content",
        column_config={"": st.column_config.TextColumn(width=220, pinned=True)},
        key=f"agreement.confusion.table.{chosen}",
        alt="Answers of one rater against those of another",
    )
    st.text(f"Columns: what {pair.second} answered. {pair.note}".strip())


def _kappa(result: AgreementResult, at: int) -> float:
    return result.pairs[at].kappa or 0.0
