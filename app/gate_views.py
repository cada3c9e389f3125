"""The gate's figures: what the prepared model loses and gains against the original."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.corpora.leak_badge import show_note
from app.text import plain, rows_of, size
from core.emissions.amounts import co2_words, kwh_words
from core.emissions.carbon import chosen_pue
from core.emissions.inference import (
    Inference,
    known_basis,
    measured_model,
    newest,
    origin_words,
    rate_words,
)
from core.emissions.inference_badges import found_by_words
from core.languages import language_name
from core.serving.gate import gate_note
from core.storage.version_records import Version
from core.storage.workspace import Workspace

_MEASURE = "under Inference on the Emissions page, or by `python -m core emissions measure`"


def recommendation(version: Version) -> None:
    """Says whether the loss of quality is within what was asked for."""
    gate = version.gate
    limit = version.settings["max_chrf_drop"]
    change = (
        f"chrF changes by {gate['chrf_difference']:+.2f}; a loss of up to {limit:g} was allowed"
    )
    if gate["is_recommended"]:
        st.success(f"Recommended: {change}.", icon=":material/thumb_up:")
    else:
        st.warning(
            f"Not recommended: {change}. A finer quantization, such as float32, loses less.",
            icon=":material/thumb_down:",
        )


def figures(workspace: Workspace, gate: dict[str, Any]) -> None:
    """Shows quality, speed, memory and size beside those of the original."""
    before, after = gate["original"], gate["prepared"]
    ratio = after["segments_per_s"] / max(before["segments_per_s"], 1e-9)
    memory = after["peak_memory_bytes"] - before["peak_memory_bytes"]
    disk = after["size_bytes"] - before["size_bytes"]
    change = gate["chrf_difference"]
    metrics: tuple[tuple[str, str, str | None, Any], ...] = (
        ("Identical lines", f"{gate['identical_share']:.1%}", None, "off"),
        ("chrF, original", f"{gate['chrf_original']:.2f}", None, "off"),
        (
            "chrF, prepared",
            f"{gate['chrf_prepared']:.2f}",
            f"{change:+.2f}",
            "normal" if change else "off",
        ),
        (
            "Segments/s",
            f"{after['segments_per_s']:,.0f}",
            f"{ratio - 1:+.0%} from {before['segments_per_s']:,.0f}",
            "normal",
        ),
        (
            "Peak memory",
            size(after["peak_memory_bytes"]),
            _less(memory, before, "peak_memory_bytes"),
            "inverse",
        ),
        ("On disk", size(after["size_bytes"]), _less(disk, before, "size_bytes"), "inverse"),
    )
    for row in rows_of(metrics, 3):
        for column, (label, value, delta, colour) in zip(st.columns(3), row, strict=True):
            column.metric(
                label,
                value,
                delta=delta,
                delta_color=colour,
                delta_arrow="off" if colour == "off" else "auto",
                border=True,
                height="stretch",
            )
    direction = f"{language_name(gate['src_lang'])} → {language_name(gate['tgt_lang'])}"
    st.caption(
        f"{gate['num_segments']:,} dev lines of {plain(gate['corpus'])} · {direction} · beam size "
        f"{gate['num_beams']} · each model in a process of its own"
    )
    show_note(gate_note(workspace, gate))
    st.code(gate["signature"], language=None, wrap_lines=True)


def energy(workspace: Workspace, version: Version) -> None:
    """Shows what translating with a version was measured to take, or how to measure it."""
    found = _measured(workspace, version.model, version.id)
    if found is None:
        st.caption(f"What translating takes is not measured yet: measure it {_MEASURE}.")
        return
    basis, pue = known_basis(workspace), chosen_pue(workspace)
    amounts = {
        "1,000 segments": found.kwh_per_1000_segments,
        "Million characters": found.kwh_per_million_characters,
    }
    with st.container(horizontal=True):
        for label, kwh in amounts.items():
            co2 = co2_words(basis.co2_kg(kwh)) if basis else None
            st.metric(
                label,
                kwh_words(basis.facility_kwh(kwh) if basis else kwh * pue),
                delta=co2,
                delta_color="off",
                delta_arrow="off",
                border=True,
                help="Energy that translating so much took, with PUE.",
            )
    on = basis.label if basis else f"PUE {pue:g}; CO2eq needs a grid, chosen on the Emissions page"
    st.caption(plain(f"{origin_words(found)} · {found_by_words(found)} · {on}"))


def energy_caption(workspace: Workspace, model: str, version_id: str) -> None:
    """Says the same in one line; nothing where it was not measured.

    Args:
        workspace: Where it is stored.
        model: The model's canonical name.
        version_id: The version.
    """
    found = _measured(workspace, model, version_id)
    if found is not None:
        words = rate_words(found, known_basis(workspace), pue=chosen_pue(workspace))
        st.caption(plain(f"Translating takes {words} ({found_by_words(found)})."))


def _measured(workspace: Workspace, model: str, version_id: str) -> Inference | None:
    return newest(measured_model(workspace, model), version=version_id)


def _less(change: float, before: dict[str, Any], name: str) -> str:
    sign = "-" if change < 0 else "+"
    return f"{sign}{size(abs(change))} from {size(before[name])}"


def differences(version: Version) -> None:
    """Shows the lines that the two models translate differently."""
    rows = version.gate["differences"]
    if not rows:
        st.caption("Every line came out the same.")
        return
    count = round((1 - version.gate["identical_share"]) * version.gate["num_segments"])
    shown = f", the first {len(rows)} of them" if count > len(rows) else ""
    with st.expander(f"{count} lines that came out differently{shown}", expanded=True):
        columns = {name: name.capitalize() for name in ("source", "reference", "original")}
        frame = pd.DataFrame(rows).rename(columns={**columns, "prepared": "Prepared"})
        key = f"deploy.differences.{version.id}"
        st.dataframe(frame, hide_index=True, width="stretch", key=key)
