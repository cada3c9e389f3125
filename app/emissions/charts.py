"""The charts of the Emissions page, out of values that `core.emissions` gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from app.emissions.wording import DEVICE_NAMES, energy_unit, mass_unit
from app.text import counted, shortened
from core.emissions.amounts import co2_words, kg_words, kwh_words, two_digits
from core.emissions.carbon import Basis
from core.emissions.energy import DEVICES
from core.emissions.front import Point
from core.emissions.totals import Total
from core.emissions.what_if import WhatIf

SHOWN_NAME = 28
ROW_PX = 34
MOST_NAMES = 12  # that are readable beside their points
MARGIN = {"l": 10, "r": 20, "t": 30, "b": 30}


def totals_chart(found: Sequence[Total], basis: Basis | None, *, pue: float) -> Any:
    """Gives a bar for each group, made of the devices' shares; PUE is in all of them.

    Args:
        found: The groups, the first one on top.
        basis: What CO2eq is computed with; None leaves it out.
        pue: What the building takes for each kWh.
    """
    import plotly.graph_objects as go

    factor, unit = energy_unit(each.energy.total_kwh * pue for each in found)
    hovers = [_total_hover(each, basis, pue) for each in found]
    figure = go.Figure(
        [
            go.Bar(
                name=DEVICE_NAMES[device],
                x=[each.energy.of(device) * pue / factor for each in found],
                y=list(range(len(found))),
                orientation="h",
                customdata=[
                    [hover, kwh_words(each.energy.of(device) * pue)]
                    for each, hover in zip(found, hovers, strict=True)
                ],
                hovertemplate=(
                    "%{customdata[0]}<br>%{customdata[1]} by "
                    f"{DEVICE_NAMES[device]}<extra></extra>"
                ),
            )
            for device in DEVICES  # in the colours of a run's own charts
            if any(each.energy.of(device) for each in found)
        ]
    )
    _lay_out(figure, len(found), f"{unit}{f' with PUE {pue:g}' if pue != 1 else ''}")
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    figure.update_yaxes(**_named_ticks([each.label for each in found]))
    return figure


def front_chart(
    points: Sequence[Point],
    front: Sequence[Point],
    hovers: Sequence[str],
    *,
    quality: str,
    cost: str,
    is_lower_better: bool = False,
) -> Any:
    """Gives runs in the plane of cost and quality, and the line of those that none beats.

    Args:
        points: The runs, with the quality as it is shown.
        front: Those that none beats, the cheapest first.
        hovers: What is said of each run, parallel to `points`; user text in it is escaped here.
        quality: Name of the score.
        cost: Name of the cost with its unit.
        is_lower_better: Whether a small value is a good one; the axis is turned then.
    """
    import plotly.graph_objects as go

    line = go.Scatter(
        name="Pareto front",
        x=[each.cost for each in front],
        y=[each.quality for each in front],
        mode="lines",
        line={"dash": "dot", "width": 2},
        hoverinfo="skip",
    )
    figure = go.Figure([_run_markers(points, hovers), line])
    _lay_out(figure, 9, cost)
    most = max(each.cost for each in points)
    figure.update_xaxes(range=[-0.04 * most, 1.15 * most], zeroline=False)
    figure.update_yaxes(
        title=_literal(quality), **({"autorange": "reversed"} if is_lower_better else {})
    )
    return figure


def what_if_chart(answers: Sequence[WhatIf], base_key: str, *, has_choice: bool) -> Any:
    """Gives a bar for each grid, the lowest on top; the one that is compared with stands out.

    Args:
        answers: The work on each grid.
        base_key: Key of the grid that is compared with.
        has_choice: Whether that one was chosen; else it is the lowest.
    """
    import plotly.graph_objects as go

    factor, unit = mass_unit(each.co2_kg for each in answers)
    base_name = "The chosen grid" if has_choice else "The lowest"
    figure = go.Figure()
    for name, is_base in (("Other grids", False), (base_name, True)):
        rows = [
            (at, each) for at, each in enumerate(answers) if (each.grid.key == base_key) is is_base
        ]
        figure.add_trace(
            go.Bar(
                name=name,
                x=[each.co2_kg / factor for _, each in rows],
                y=[at for at, _ in rows],
                orientation="h",
                text=[f"{kg_words(each.co2_kg)} · {ratio_words(each.ratio)}" for _, each in rows],
                textposition="outside",
                cliponaxis=False,
                customdata=[_grid_hover(each) for _, each in rows],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    _lay_out(figure, len(answers), f"{unit} CO2eq")
    most = max(each.co2_kg for each in answers) / factor
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(range=[0, 1.35 * most])  # room for what stands beside the longest bar
    figure.update_yaxes(**_named_ticks([each.grid.label for each in answers]))
    return figure


def comparison_chart(names: Sequence[str], answers: Sequence[Sequence[WhatIf]]) -> Any:
    """Gives a group of bars for each grid, the lowest on top; each work has its colour.

    Args:
        names: Of the work, the least first.
        answers: Parallel to them; for each the grids, the lowest first.
    """
    import plotly.graph_objects as go

    factor, unit = mass_unit(each.co2_kg for found in answers for each in found)
    grids = [each.grid for each in answers[0]]
    figure = go.Figure(
        [
            go.Bar(
                name=_literal(shortened(name, SHOWN_NAME)),
                x=[each.co2_kg / factor for each in found],
                y=list(range(len(grids))),
                orientation="h",
                text=[kg_words(each.co2_kg) for each in found],
                textposition="outside",
                cliponaxis=False,
                customdata=[f"{_literal(name)}<br>{_grid_hover(each)}" for each in found],
                hovertemplate="%{customdata}<extra></extra>",
            )
            for name, found in zip(names, answers, strict=True)
        ]
    )
    _lay_out(figure, math.ceil(0.7 * len(names) * len(grids)), f"{unit} CO2eq")
    most = max(each.co2_kg for found in answers for each in found) / factor
    figure.update_layout(barmode="group", legend_traceorder="normal")
    figure.update_xaxes(range=[0, 1.2 * most])  # room for what stands beside the longest bar
    figure.update_yaxes(**_named_ticks([each.label for each in grids]))
    return figure


def ratio_words(ratio: float) -> str:
    """Gives a ratio as `× 2.3`."""
    return f"× {two_digits(ratio)}" if math.isfinite(ratio) else "× –"


def _total_hover(total: Total, basis: Basis | None, pue: float) -> str:
    kwh = total.energy.total_kwh
    parts = [kwh_words(kwh * pue), *([co2_words(basis.co2_kg(kwh))] if basis else [])]
    parts.append(counted(total.num_jobs, "job"))
    return f"{_literal(total.label)}<br>{' · '.join(parts)}"


def _run_markers(points: Sequence[Point], hovers: Sequence[str]) -> Any:
    """Gives a mark for each run; with many of them only the hover names them."""
    import plotly.graph_objects as go

    return go.Scatter(
        name="Runs",
        x=[each.cost for each in points],
        y=[each.quality for each in points],
        mode="markers+text" if len(points) <= MOST_NAMES else "markers",
        text=[_literal(shortened(each.label, SHOWN_NAME)) for each in points],
        textposition=_alternating([each.cost for each in points]),
        cliponaxis=False,
        marker={"size": 11},
        customdata=[_literal(hover).replace("\n", "<br>") for hover in hovers],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _alternating(costs: Sequence[float]) -> list[str]:
    """Gives places for names, above and below in turn, so that neighbours stay readable."""
    places = [""] * len(costs)
    for rank, at in enumerate(sorted(range(len(costs)), key=costs.__getitem__)):
        places[at] = "bottom center" if rank % 2 else "top center"
    return places


def _grid_hover(each: WhatIf) -> str:
    grid = each.grid
    said = [
        grid.label,
        f"{grid.g_per_kwh:.1f} g CO2eq/kWh",
        f"{co2_words(each.co2_kg)}, {ratio_words(each.ratio)}",
        grid.source,
    ]
    return "<br>".join(_literal(line) for line in said)


def _lay_out(figure: Any, num_rows: int, unit: str) -> None:
    figure.update_layout(
        height=100 + ROW_PX * max(2, num_rows),
        margin=MARGIN,
        xaxis_title=_literal(unit),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
    )


def _named_ticks(names: Sequence[str]) -> dict[str, Any]:
    """Gives the settings of an axis with a name at each of its places, from 0 on top."""
    return {
        "tickmode": "array",
        "tickvals": list(range(len(names))),  # two names may be alike
        "ticktext": [_literal(shortened(name, SHOWN_NAME)) for name in names],
        "range": [len(names) - 0.5, -0.5],
        "automargin": True,
    }


def _literal(text: str) -> str:
    """Gives a text that Plotly, which reads tags, shows as it is."""
    return escape(text, quote=False)
