"""The ranking of a campaign's systems, with intervals, tests, hints, and files to take away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import streamlit as st

from app.judging.computed_results import ScoringChoice, errors_of, ranking_of
from app.judging.results_charts import ranking_chart
from app.problem_views import shown_in_place
from app.text import counted, plain
from core.annotate.campaign_data import CampaignData
from core.annotate.results.intervals import Bounds
from core.annotate.results.pairs import RankedPair
from core.annotate.results.power import power_words
from core.annotate.results.ranking import RankedSystem, SystemRanking
from core.annotate.results.scoring import segment_scores
from core.annotate.results.standardising import CAUTION
from core.annotate.results.table import (
    Row,
    pair_rows,
    ranking_json,
    segment_rows,
    system_rows,
)
from core.evaluate.report.csv_table import csv_lines

MOST_HINTS = 6
HELP = {
    "Cluster": "Every system of a cluster is better than each of the next one: one-sided "
    "rank-sum test, p < 0.05, as at WMT.",
    "Ranks": "The ranks that these tests leave open.",
    "95 % by segment": "Where the mean would lie with other segments of the same kind.",
    "95 % by document": "The same with other documents: the more honest one, as segments of a "
    "document are alike.",
    "z": "Mean of the scores in standard deviations of their raters.",
    "By spans": "What the marked spans alone would cost; a diagnosis, not the score.",
    "p (perm.)": "Paired permutation test, two-sided, on the segments judged for both.",
    "p (Holm)": "The permutation test's p, corrected for comparing several pairs.",
    "p (signed)": "Wilcoxon's signed-rank test, two-sided, corrected by Holm.",
    "p (rank sum)": "WMT's test: one-sided, on all segments of either, not corrected.",
}


def results_view(data: CampaignData, choice: ScoringChoice) -> None:
    """Shows who is better, and by how much that could be chance."""
    with shown_in_place("Not scored"):
        ranking = ranking_of(data, choice)
        if not ranking.num_segments:
            st.info("Nothing to rank yet: no segment is finished.")
            return
        _system_table(data, ranking)
        st.plotly_chart(ranking_chart(ranking), width="stretch", key="agreement.ranking")
        _pair_table(ranking)
        _hints(ranking)
        _downloads(data, choice, ranking)


def _system_table(data: CampaignData, ranking: SystemRanking) -> None:
    rows = [_system_row(each, is_esa=data.protocol == "esa") for each in ranking.systems]
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns: dict[str, Any] = {
        "System": text(width=160, pinned=True),
        "Cluster": number(width=60, help=HELP["Cluster"]),
        "Ranks": text(width=55, help=HELP["Ranks"]),
        "Mean": number(format="%.3f", width=70),
        "Segments": number(width=75),
        "Ratings": number(width=65),
        "z": number(format="%.2f", width=55, help=HELP["z"]),
        "By spans": number(format="%.2f", width=80, help=HELP["By spans"]),
    }
    for name in ("95 % by segment", "95 % by document"):
        columns[name] = text(width=130, help=HELP[name])
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        column_config=columns,
        placeholder="–",
        key=f"agreement.systems.{len(rows)}",
        alt="The systems with their means and intervals",
    )
    parts = [ranking.scale, counted(ranking.num_segments, "segment")]
    if ranking.num_documents:
        parts.append(counted(ranking.num_documents, "document"))
    parts.append(counted(ranking.num_raters, "rater"))
    if ranking.num_adjudicated:
        parts.append(f"{counted(ranking.num_adjudicated, 'output')} from gold")
    draws = f"{ranking.num_samples:,} resamples, seed {ranking.seed}"
    st.caption(plain(f"{' · '.join(parts)} · {draws}. {ranking.averaging}"))
    st.caption(CAUTION)


def _system_row(each: RankedSystem, *, is_esa: bool) -> dict[str, Any]:
    ranks = None
    if each.ranks:
        low, high = each.ranks
        ranks = str(low) if low == high else f"{low}–{high}"
    row = {
        "System": each.score.system,
        "Cluster": each.cluster,
        "Ranks": ranks,
        "Mean": each.score.mean,
        "95 % by segment": _interval(each.by_segment),
        "95 % by document": _interval(each.by_document),
        "Segments": each.score.num_segments,
        "Ratings": each.score.num_ratings,
        "z": each.z_score,
    }
    return {**row, "By spans": each.span_mean} if is_esa else row


def _interval(bounds: Bounds | None) -> str | None:
    return None if bounds is None else f"[{bounds.low:.3f}, {bounds.high:.3f}]"


def _pair_table(ranking: SystemRanking) -> None:
    if not ranking.pairs:
        return
    st.subheader("Pairs", anchor=False)
    columns: dict[str, Any] = {
        "Better": st.column_config.TextColumn(width=125, pinned=True),
        "Worse": st.column_config.TextColumn(width=125),
        "Δ": st.column_config.NumberColumn(format="%+.3f", width=70),
        "Verdict": st.column_config.TextColumn(width=130),
        "Shared": st.column_config.NumberColumn(width=65, help="Segments judged for both."),
    }
    for name in ("p (perm.)", "p (Holm)", "p (signed)", "p (rank sum)"):
        columns[name] = st.column_config.TextColumn(width=75, help=HELP[name])
    st.dataframe(
        pd.DataFrame([_pair_row(pair) for pair in ranking.pairs]),
        hide_index=True,
        width="stretch",
        column_config=columns,
        placeholder="–",
        key=f"agreement.pairs.{len(ranking.pairs)}",
        alt="Each two systems with the tests of their difference",
    )
    st.caption(
        f"Permutation: all assignments of signs where these are few, else {ranking.num_trials:,} "
        f"draws, seed {ranking.seed}. A verdict needs p (Holm) < 0.05 and six shared segments."
    )


def _pair_row(pair: RankedPair) -> dict[str, Any]:
    return {
        "Better": pair.system,
        "Worse": pair.other,
        "Δ": pair.delta,
        "Verdict": "▲ better" if pair.is_separated else "no clear difference",
        "Shared": pair.num_shared,
        "p (perm.)": _p_value(pair.p_permutation),
        "p (Holm)": _p_value(pair.p_permutation_corrected),
        "p (signed)": _p_value(pair.p_signed_rank_corrected),
        "p (rank sum)": _p_value(pair.p_rank_sum),
    }


def _p_value(p: float | None) -> str | None:
    """Gives p with four decimals; what is smaller is never shown as 0."""
    if p is None:
        return None
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _hints(ranking: SystemRanking) -> None:
    """Tells what it would take to separate neighbours in the ranking."""
    order = [each.score.system for each in ranking.systems]
    neighbours = set(zip(order, order[1:], strict=False))
    open_pairs = [
        pair
        for pair in ranking.pairs
        if not pair.is_separated and (pair.system, pair.other) in neighbours
    ]
    if not open_pairs:
        return
    st.subheader("What would it take?", anchor=False)
    for pair in open_pairs[:MOST_HINTS]:
        st.text(power_words(pair.system, pair.other, pair.hint))
    if len(open_pairs) > MOST_HINTS:
        st.caption(f"{len(open_pairs) - MOST_HINTS} more pairs are not told apart.")
    st.caption(
        "A difference of this size then shows in four of five campaigns, by a one-sided paired "
        "test at 5 %; several raters a segment, or more careful ones, help as well."
    )


def _downloads(data: CampaignData, choice: ScoringChoice, ranking: SystemRanking) -> None:
    def segments() -> Iterable[Row]:
        scores = segment_scores(data, choice.preset, uses_gold=choice.uses_gold)
        return segment_rows(data, scores)

    def everything() -> bytes:
        profile = errors_of(data, choice) if data.protocol in ("mqm", "esa") else None
        value = ranking_json(data, choice.preset, ranking, profile)
        return json.dumps(value, ensure_ascii=False, indent=1).encode()

    files: dict[str, tuple[Callable[[], bytes], str, str]] = {
        "CSV of systems": (lambda: _csv(system_rows(ranking)), "systems.csv", "text/csv"),
        "CSV of pairs": (lambda: _csv(pair_rows(ranking)), "pairs.csv", "text/csv"),
        "CSV of segments": (lambda: _csv(segments()), "segments.csv", "text/csv"),
        "JSON": (everything, "ranking.json", "application/json"),
    }
    with st.container(horizontal=True):
        for label, (made, name, media_type) in files.items():
            st.download_button(
                label,
                made,
                file_name=name,
                mime=media_type,
                icon=":material/download:",
                key=f"agreement.{name}",
                on_click="ignore",
            )
    st.caption("Every row carries its scale or preset, the averaging order and its n.")


def _csv(rows: Iterable[Row]) -> bytes:
    found = list(rows)
    header = list(found[0]) if found else []
    return "".join(csv_lines([header, *(list(row.values()) for row in found)])).encode()
