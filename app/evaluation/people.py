"""People: import ratings, see how metrics agree with them, and how they agree with each other."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.errors import shown_to_user
from app.evaluation.agreeing import compared_with_people, ratings_of
from app.evaluation.campaign_ratings import campaign_ratings
from app.evaluation.choice import Choice
from app.evaluation.positions import segments_button
from app.navigation import page_path
from app.problem_views import shown_in_place
from app.state import session
from app.text import counted, moment, plain
from core.annotate.mqm_weights import PRESETS
from core.evaluate.evaluating import Evaluated
from core.evaluate.people.ratings import (
    HUMAN,
    PeopleResult,
    Ratings,
    add_ratings,
    disagreements,
)
from core.metrics.agreement.disagreement import Disagreement
from core.metrics.agreement.meta_evaluation import Agreement
from core.metrics.agreement.rater_agreement import RaterAgreement
from core.storage.scoring_records import Scoring
from core.storage.workspace import Workspace

OWN_TIME = "those of the file's time"
FEW_SYSTEMS = 4


def people(workspace: Workspace, choice: Choice, found: Evaluated) -> None:
    """Shows the ratings of this test set beside its metrics."""
    scorings = [
        each
        for each in workspace.scorings.of_test_set(choice.settings.test_set)
        if each.kind == HUMAN
    ]
    has_offers = campaign_ratings(workspace, choice.settings.test_set, scorings)
    is_open = not scorings and not has_offers
    with st.expander("Add ratings", icon=":material/add_circle:", expanded=is_open):
        _add_form(workspace, found)
    if not scorings:
        if not has_offers:
            _no_ratings()
        return
    scoring = _scoring_select(workspace, scorings)
    ratings = ratings_of(workspace, found, scoring)
    if not ratings.set_ids:
        st.info("None of the systems that are compared was rated here. Choose others above.")
        return
    result = compared_with_people(workspace, found, scoring)
    _agreement_view(result, ratings)
    _disagreement_view(choice, found, ratings)


def _no_ratings() -> None:
    st.info(
        "No human ratings of this test set yet. Let people judge its translations in a campaign; "
        "or add a TSV of WMT (MQM, SQM), or one of your own with the columns `system`, `segment`, "
        "`rater`, `score`."
    )
    st.page_link(page_path("campaigns"), label="Set up a campaign", icon=":material/rate_review:")


def _add_form(workspace: Workspace, found: Evaluated) -> None:
    key = f"people.{session().evaluate.add_id}"
    file = st.file_uploader(
        "Ratings",
        type=["tsv", "txt"],
        key=f"{key}.file",
        help="WMT's MQM TSV (2020 to 2023 on), SQM with system, seg_id, rater and score, published "
        "means, or a TSV of your own. System names are those of this page.",
    )
    preset, name = _naming_fields(key)
    is_asked = st.button(
        "Add ratings",
        type="primary",
        icon=":material/add:",
        key="people.add",
        disabled=file is None,
        help=None if file else "Choose a file.",
    )
    if is_asked and file is not None:
        with shown_in_place("No ratings were added"):
            added = add_ratings(
                workspace,
                file.getvalue(),
                file.name,
                found.texts,
                name=name,
                preset=preset,
                scoring_id=session().evaluate.add_id,
            )
            said = f"Added {counted(added.joined.num_ratings, 'rating')}."
            session().evaluate.renew_add_id()
            session().notice = " ".join([said, *added.joined.notes])
            st.rerun()


def _naming_fields(key: str) -> tuple[str, str]:
    """Shows the fields beside the file; gives the preset, empty for the file's own, and a name."""
    left, right = st.columns(2)
    with left:
        preset = st.selectbox(
            "Weights of MQM errors",
            [OWN_TIME, *PRESETS],
            key=f"{key}.preset",
            help=" ".join(f"{name}: {each.description}" for name, each in PRESETS.items()),
        )
    with right:
        name = st.text_input("Name", key=f"{key}.name", placeholder="such as MQM", max_chars=80)
    return "" if preset == OWN_TIME else preset, name.strip()


def _scoring_select(workspace: Workspace, scorings: list[Scoring]) -> Scoring:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # A label that grows older would be another one when the click arrives.
        names = {each.id: f"{each.name} · {moment(each.created_at)}" for each in scorings}
        chosen = st.selectbox(
            "Ratings",
            list(names),
            index=len(names) - 1,
            format_func=lambda each: names[each],
            key=f"people.scoring.{len(names)}",
        )
        if st.button("Delete", icon=":material/delete:", key="people.delete"):
            _confirm_deletion(workspace, chosen, names[chosen])
    scoring = next(each for each in scorings if each.id == chosen)
    for note in scoring.settings.get("notes", ()):
        st.caption(plain(note))
    return scoring


@st.dialog("Delete these ratings?")
def _confirm_deletion(workspace: Workspace, scoring_id: str, name: str) -> None:
    with shown_to_user():
        st.text(name)
        st.write("They are deleted for good; the file that they came from can be added again.")
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="people.delete.yes"):
                workspace.scorings.delete(scoring_id)
                session().notice = "Deleted ratings."
                st.rerun()
            if st.button("Keep them", key="people.delete.no"):
                st.rerun()


def _agreement_view(result: PeopleResult, ratings: Ratings) -> None:
    st.subheader("How metrics agree with people", anchor=False)
    num_systems = len(ratings.set_ids)
    segments, systems = st.tabs(["Single segments", "Whole systems"])
    with segments:
        rows = [_row(each.found.name, each.found.segments) for each in result.metrics]
        for name, found in (
            ("Raters with each other", result.raters),
            ("Raters with the mean of the others", result.raters_and_others),
        ):
            if found is not None:
                rows.append(_rater_row(name, found))
        _agreement_table(rows, "segments")
        st.caption(_ceiling(result))
    with systems:
        rows = [_row(each.found.name, each.found.systems) for each in result.metrics]
        _agreement_table(rows, "systems")
        if num_systems < FEW_SYSTEMS:
            st.caption(
                f"{counted(num_systems, 'system')} only: such correlations say next to nothing; "
                "with two they can only be 1 or −1."
            )
    _unrelated(result)
    negated = [each.found.name for each in result.metrics if each.found.is_negated]
    st.caption(
        f"{counted(result.num_rated, 'segment')} rated. Positive means agreement"
        + (
            f"; {plain(', '.join(negated))}: lower is better, so its sign was turned."
            if negated
            else "."
        )
        + " Intervals (95 %) draw segments with all their systems."
    )


def _unrelated(result: PeopleResult) -> None:
    if result.unrelated:
        names = plain(", ".join(result.unrelated))
        st.caption(f"No segment was both rated and scored by {names}.")


def _ceiling(result: PeopleResult) -> str:
    if result.raters is None:
        return (
            "No two people rated the same hypotheses, so that nobody knows how well people agree: "
            "a metric cannot be asked for more than that."
        )
    return (
        f"{counted(result.raters.num_raters, 'rater')}; {result.raters.num_points:,} hypotheses "
        "were rated by two or more. How well people agree is the ceiling for metrics."
    )


def _row(name: str, found: tuple[Agreement, ...]) -> dict[str, Any]:
    row: dict[str, Any] = {"": name}
    for each in found:
        row[each.name[:1].upper() + each.name[1:]] = _value(each)
    return row


def _value(each: Agreement) -> str:
    if each.value is None:
        return "undefined"
    if each.low is None or each.high is None:
        return f"{each.value:.3f}"
    return f"{each.value:.3f} [{each.low:.3f}, {each.high:.3f}]"


def _rater_row(name: str, found: RaterAgreement) -> dict[str, Any]:
    values = (found.pearson, found.spearman, found.kendall_tau_b, found.accuracy)
    heads = (
        "Pearson's r",
        "Spearman's rho",
        "Kendall's tau-b",
        "Tie-calibrated pairwise accuracy",
    )
    shown = ("undefined" if value is None else f"{value:.3f}" for value in values)
    return {"": name, **dict(zip(heads, shown, strict=True))}


def _agreement_table(rows: list[dict[str, Any]], key: str) -> None:
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        placeholder="–",
        column_config={"": st.column_config.TextColumn(width=200, pinned=True)},
        key=f"people.{key}.{len(rows)}",
    )


def _disagreement_view(choice: Choice, found: Evaluated, ratings: Ratings) -> None:
    metrics = {each.key: each for each in found.metrics if each.kind != HUMAN}
    if not metrics:
        st.caption("Choose a metric above to see where it and people disagree.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader("Where they disagree most", anchor=False)
        key = st.selectbox(
            "Metric",
            list(metrics),
            format_func=lambda each: metrics[each].measure.name,
            key=f"people.metric.{len(metrics)}",
            label_visibility="collapsed",
            width=220,
        )
    places = disagreements(found, metrics[key], ratings)
    if not places:
        st.caption("There is no segment that both judged differently.")
        return
    rows = [_disagreement_row(each, ratings.set_ids[each.system], choice, found) for each in places]
    numbers = ("Metric's percentile", "People's percentile")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        height=320,
        column_config={
            name: st.column_config.NumberColumn(format="%.0f", width=110) for name in numbers
        },
        key=f"people.places.{key}",
    )
    positions = sorted({each.segment for each in places})
    segments_button(
        f"{metrics[key].measure.name} and people disagree", positions, key="people.show"
    )


def _disagreement_row(
    place: Disagreement, set_id: str, choice: Choice, found: Evaluated
) -> dict[str, Any]:
    return {
        "Segment": place.segment + 1,
        "System": choice.names[set_id],
        "Metric's percentile": place.metric_percentile,
        "People's percentile": place.human_percentile,
        "Hypothesis": found.texts.hypotheses[set_id][place.segment],
        "Source": found.texts.sources[place.segment],
    }
