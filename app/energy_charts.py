"""The charts of a job's energy: power and sums by device, with its phases behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from app.components.live_charts import Band, Chart, Series
from app.emissions.wording import DEVICE_NAMES
from core.emissions.course import EnergyCourse, PhaseBand

# Of the theme's colours, counted from the last: the phases of one kind of job look different.
_SHADES = {
    "prepare": 0,
    "convert": 1,
    "train": 2,
    "evaluate": 3,
    "save": 4,
    "translate": 2,
    "score": 3,
    "serve": 6,
}
_Floats = npt.NDArray[np.float64]
MAX_BANDS = 200  # a band that is narrower than a pixel or two is not seen


def energy_charts(course: EnergyCourse, max_points: int) -> list[Chart]:
    """Gives power and cumulative energy by device, over minutes of work.

    Args:
        course: What was measured.
        max_points: Most points of a line; with fewer than there are readings, each point is the
            mean power since the point before.
    """
    bands = [
        Band(each.start_min, each.end_min, each.phase, _SHADES[each.phase])
        for each in drawn_bands(course.bands)
    ]
    minutes, chosen = _chosen(course, max_points)
    power, sums = [], []
    for device in course.devices:
        energy_wh = np.asarray(course.energy_wh[device])[chosen]
        is_thinned = len(chosen) < len(course.minutes)
        watts = _mean_power(minutes, energy_wh) if is_thinned else course.power_w[device]
        power.append(Series(DEVICE_NAMES[device], minutes.tolist(), list(watts)))
        sums.append(Series(DEVICE_NAMES[device], minutes.tolist(), energy_wh.tolist()))
    title, x_title = "Energy since the start", "minutes of work"
    amounts = Chart("energy", title, x_title, "Wh", tuple(sums), from_zero=True, bands=bands)
    return [
        Chart("power", "Power", x_title, "W", tuple(power), from_zero=True, bands=bands),
        replace(amounts, stacked=True),
    ]


def _chosen(course: EnergyCourse, max_points: int) -> tuple[_Floats, npt.NDArray[np.intp]]:
    """Gives minutes and places of the readings that are drawn: the same for all devices."""
    minutes = np.asarray(course.minutes)
    places = np.arange(len(minutes))
    if len(minutes) > max_points:
        places = np.linspace(0, len(minutes) - 1, max_points).round().astype(np.intp)
        # Where an attempt begins, two readings stand at the same minute.
        places = places[np.diff(minutes[places], append=np.inf) > 0]
    return minutes[places], places


def _mean_power(minutes: _Floats, energy_wh: _Floats) -> list[float]:
    watts: list[float] = (60 * np.diff(energy_wh) / np.diff(minutes)).tolist()
    return [watts[0], *watts]


def drawn_bands(bands: Sequence[PhaseBand]) -> list[PhaseBand]:
    """Gives the bands as they are drawn: neighbours of one phase together, the narrowest left out.

    What is left out is drawn as the band before it.
    """
    if not bands:
        return []
    least_min = (bands[-1].end_min - bands[0].start_min) / MAX_BANDS
    drawn: list[PhaseBand] = []
    for band in bands:
        is_narrow = band.end_min - band.start_min < least_min and len(bands) > MAX_BANDS
        if drawn and (is_narrow or band.phase == drawn[-1].phase):
            band = _joined(drawn.pop(), band)
        drawn.append(band)
    return drawn


def _joined(first: PhaseBand, second: PhaseBand) -> PhaseBand:
    return PhaseBand(
        first.phase,
        first.attempt,
        first.start_min,
        second.end_min,
        first.energy + second.energy,
    )
