"""How sure figures are, in badges: by what each device of the jobs behind them was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from app.emissions.wording import DEVICE_NAMES, METHOD_COLOURS, SHOWN_DEVICES
from app.text import counted, plain
from core.emissions.energy import Device, JobEnergy, Method, meaning_of


def badge_row(found: Sequence[JobEnergy], about: str) -> None:
    """Shows a badge for each device and way it was measured, of all jobs that are in a figure.

    Args:
        found: The jobs.
        about: The figures, such as `Energy and CO2eq`.
    """
    if not found:
        return
    counts = Counter(pair for each in found for pair in _pairs(each))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption(plain(f"{about}:"), width="content")
        for device in SHOWN_DEVICES:
            for method in METHOD_COLOURS:
                if number := counts[device, method]:
                    jobs = f"In {number:,} of {counted(len(found), 'job')}"
                    method_badge(device, method, f"{jobs}: {meaning_of(method)}.")
        if not counts:
            st.badge("method unknown", color="gray", help="No record says how it was measured.")


def method_badge(device: Device, method: Method, about: str = "") -> None:
    """Shows how a device was measured, such as `GPU counter`.

    Args:
        device: The device.
        method: The way.
        about: What the badge says of it to whoever points at it.
    """
    st.badge(
        f"{DEVICE_NAMES[device]} {method}",
        color=METHOD_COLOURS[method],  # type: ignore[arg-type]
        help=plain(about) or None,
    )


def _pairs(energy: JobEnergy) -> list[tuple[Device, Method]]:
    return [(device, method) for device, methods in energy.methods.items() for method in methods]
