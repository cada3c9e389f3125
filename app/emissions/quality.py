"""Quality: what each run is worth, beside what it took."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.corpora.leak_badge import leak_note
from app.emissions.amount_columns import AmountColumns
from app.emissions.badges import badge_row
from app.emissions.charts import front_chart
from app.emissions.recent import measured_runs
from app.emissions.wording import energy_unit, mass_unit
from app.emissions.work import Work, name_of
from app.emissions.yardsticks import (
    TEST,
    Yardstick,
    human_labels,
    human_scorings,
    human_yardstick,
    metric_yardsticks,
    test_splits,
)
from app.navigation import page_path
from app.text import counted, plain
from core.emissions.amounts import co2_words, kwh_words
from core.emissions.energy import JobEnergy
from core.emissions.front import Point, pareto_front
from core.storage.run_records import Run
from core.storage.workspace import Workspace

KWH, KG = "Energy", "CO2eq"
SCORE = "Quality"


def quality(workspace: Workspace, work: Work) -> None:
    """Shows runs by quality and cost, and which of them no other one beats in both."""
    measured = {each.job_id: each for each in work.found if each.kind == "run"}
    runs = measured_runs(workspace)
    splits = test_splits(runs)
    scored: set[str] = set()
    if splits:
        same = _test_split(splits)
        yardstick, cost = _choices(workspace, same, has_grid=work.basis is not None)
        scored = set(yardstick.values)
        _front([run for run in same if run.id in scored], measured, yardstick, cost, work)
        leak_note(workspace, same[0].corpus_id, TEST)
    else:
        st.info(
            "No run that was measured has scores yet. A run gets them at its end, on the test "
            "split; here they stand beside what it took."
        )
        st.page_link(page_path("finetune"), label="Start a run", icon=":material/tune:")
    has_scores = {run.id for run in runs if run.scores}
    _without([each for each in measured.values() if each.job_id not in has_scores], work)


def _test_split(splits: dict[str, list[Run]]) -> list[Run]:
    chosen = st.selectbox(
        "Test split",
        list(splits),
        format_func=lambda key: f"{key.partition(chr(10))[0]} · {counted(len(splits[key]), 'run')}",
        key="emissions.split",
        persist_state="session",
        help="Only scores on the same test split can be compared.",
    )
    return splits[chosen or next(iter(splits))]


def _choices(workspace: Workspace, runs: Sequence[Run], *, has_grid: bool) -> tuple[Yardstick, str]:
    metrics = metric_yardsticks(runs)
    human = human_scorings(workspace, runs)
    labels = human_labels(human)
    with st.container(horizontal=True, vertical_alignment="top"):
        chosen = st.selectbox(
            "Quality",
            [*metrics, *human],
            format_func=lambda key: labels.get(key, key),
            key="emissions.quality",
            persist_state="session",
            width=260,
        )
        cost = st.segmented_control(
            "Cost",
            [KWH, KG] if has_grid else [KWH],
            default=KWH,
            required=True,
            key=f"emissions.cost.{KG if has_grid else KWH}",  # a new grid gives a new choice
            persist_state="session",
        )
    if chosen in human:
        yardstick = human_yardstick(workspace, runs, human[chosen], labels[chosen])
        return yardstick, cost or KWH
    return metrics[chosen or next(iter(metrics))], cost or KWH


def _front(
    runs: Sequence[Run],
    measured: dict[str, JobEnergy],
    yardstick: Yardstick,
    cost: str,
    work: Work,
) -> None:
    if not runs:
        st.info("None of these runs has this score.")
        return
    points, unit = _points(runs, measured, yardstick, cost, work)
    sign = -1 if yardstick.is_lower_better else 1
    best = pareto_front(Point(each.label, each.cost, sign * each.quality) for each in points)
    front = [Point(each.label, each.cost, sign * each.quality) for each in best]
    hovers = [_hover(run, measured[run.id], yardstick, work) for run in runs]
    st.plotly_chart(
        front_chart(
            points,
            front,
            hovers,
            quality=yardstick.name,
            cost=f"{unit} of the run, with PUE {work.pue:g}",
            is_lower_better=yardstick.is_lower_better,
        ),
        width="stretch",
        key="emissions.front",
        alt=_alt(points, front, yardstick, unit),
    )
    badge_row([measured[run.id] for run in runs], cost)
    _say(front, yardstick, num_runs=len(runs))
    with st.expander("In figures"):
        ends = {(each.cost, each.quality) for each in front}
        unbeaten = [(each.cost, each.quality) in ends for each in points]
        _figures(runs, measured, yardstick, work, unbeaten)


def _points(
    runs: Sequence[Run],
    measured: dict[str, JobEnergy],
    yardstick: Yardstick,
    cost: str,
    work: Work,
) -> tuple[list[Point], str]:
    """Gives a point for each run, and the unit of their costs."""
    devices_kwh = [measured[run.id].total.energy.total_kwh for run in runs]
    if cost == KG and work.basis:
        costs = [work.basis.co2_kg(each) for each in devices_kwh]
        factor, unit = mass_unit(costs)
        unit = f"{unit} CO2eq"
    else:
        costs = [work.kwh(each) for each in devices_kwh]
        factor, unit = energy_unit(costs)
    return [
        Point(run.name, value / factor, yardstick.values[run.id])
        for run, value in zip(runs, costs, strict=True)
    ], unit


def _alt(points: Sequence[Point], front: Sequence[Point], yardstick: Yardstick, unit: str) -> str:
    said = f"{counted(len(points), 'run')} by {yardstick.name} and cost"
    if not front:  # no score is a number
        return said
    cheapest, best = (
        f"{each.label} ({each.quality:.2f} at {each.cost:.3g} {unit})"
        for each in (front[0], front[-1])
    )
    return f"{said}: cheapest {cheapest}, best {best}; {len(front):,} that none beats in both"


def _figures(
    runs: Sequence[Run],
    measured: dict[str, JobEnergy],
    yardstick: Yardstick,
    work: Work,
    unbeaten: Sequence[bool],
) -> None:
    """Shows what the chart has, run by run."""
    devices_kwh = [measured[run.id].total.energy.total_kwh for run in runs]
    columns = AmountColumns(work, devices_kwh)
    rows = []
    for run, kwh, is_unbeaten in zip(runs, devices_kwh, unbeaten, strict=True):
        row: dict[str, object] = {"Run": run.name, SCORE: yardstick.values[run.id]}
        if yardstick.bases:
            row["Base model"] = yardstick.bases.get(run.id)
        if yardstick.num_rated:
            row["Rated segments"] = yardstick.num_rated[run.id]
        rows.append({**row, **columns.energy("Energy", kwh), **columns.co2(kwh)})
        rows[-1]["None beats it"] = is_unbeaten
    score = st.column_config.NumberColumn(format="%.2f")
    named = st.column_config.NumberColumn(yardstick.name, format="%.2f")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        placeholder="–",
        key="emissions.front.figures",
        column_config={**columns.config(rows[0]), SCORE: named, "Base model": score},
    )


def _say(front: Sequence[Point], yardstick: Yardstick, *, num_runs: int) -> None:
    names = ", ".join(each.label for each in front)
    if num_runs == 1:
        said = "One run only: a second one on the same test split gives something to compare."
    else:
        said = f"No other run is both cheaper and better than: {names}."
    st.caption(plain(said))
    if yardstick.num_rated:
        least, most = min(yardstick.num_rated.values()), max(yardstick.num_rated.values())
        told = (
            f"{least:,} to {counted(most, 'segment')}"
            if least != most
            else counted(most, "segment")
        )
        st.caption(f"People rated {told} of each run.")
    if len(yardstick.signatures) > 1:
        st.caption(
            plain("The scores were computed in different ways: " + "; ".join(yardstick.signatures))
        )


def _hover(run: Run, energy: JobEnergy, yardstick: Yardstick, work: Work) -> str:
    devices_kwh = energy.total.energy.total_kwh
    co2_kg = work.co2_kg(devices_kwh)
    base = yardstick.bases.get(run.id)
    score = f"{yardstick.name} {yardstick.values[run.id]:.2f}"
    num_rated = yardstick.num_rated.get(run.id)
    score += "" if num_rated is None else f", {counted(num_rated, 'segment')} rated"
    lines = [
        run.name,
        score if base is None else f"{score}, base model {base:.2f}",
        kwh_words(work.kwh(devices_kwh)) + ("" if co2_kg is None else f", {co2_words(co2_kg)}"),
        run.base_model,
    ]
    return "\n".join(lines)


def _without(found: Sequence[JobEnergy], work: Work) -> None:
    """Lists the runs that took energy and have no score: failed, stopped, deleted, at work."""
    if not found:
        return
    st.subheader("No score", anchor=False)
    columns = AmountColumns(work, (each.total.energy.total_kwh for each in found))
    rows = [
        {
            "Run": name_of(each),
            "State": work.state(each.job_id),
            **columns.energy("Energy", each.total.energy.total_kwh),
            **columns.co2(each.total.energy.total_kwh),
        }
        for each in found
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        placeholder="–",
        key="emissions.no_score",
        column_config=columns.config(rows[0]),
    )
    whole_kwh = sum(each.total.energy.total_kwh for each in found)
    st.caption(f"Together {kwh_words(work.kwh(whole_kwh))}: part of what the good ones cost.")
