"""The sentence for the paper: energy, CO2eq, and by what they were found."""

from __future__ import annotations

from collections.abc import Iterable

from core.emissions.amounts import co2_words, kwh_words
from core.emissions.carbon import Basis
from core.emissions.energy import Conditions, Device, JobEnergy, Method

NO_GRID = "no grid chosen"

# How sure the figure is, in a word; the badge says more.
_WORDS: dict[Method, str] = {
    "counter": "measured",
    "sampled": "measured",
    "load model": "modelled",
    "constant": "estimated",
    "heuristic": "estimated",
}
_ORDER: tuple[Device, ...] = ("gpu", "cpu", "ram")


def sentence(energy: JobEnergy, basis: Basis | None, *, pue: float = 1.0) -> str:
    """Gives the sentence on what a job took.

    Such as `0.61 kWh, 0.18 kg CO2eq, IRL 2023, PUE 1.2, codecarbon 3.3.2, GPU measured, CPU
    modelled, RAM estimated`. The kWh are those of the devices × PUE, so that a reader who
    multiplies them with the grid's figure finds the kg: 0.61 kWh × 290.8 g/kWh = 0.18 kg.

    Args:
        energy: What the job took, all attempts together.
        basis: What CO2eq is computed with; None tells the energy, and that no grid was chosen.
        pue: Where there is no basis.
    """
    kwh = energy.total.energy.total_kwh
    if basis is None:
        parts = [kwh_words(kwh * pue), NO_GRID, f"PUE {pue:g}"]
    else:
        parts = [kwh_words(basis.facility_kwh(kwh)), co2_words(basis.co2_kg(kwh)), basis.label]
    return ", ".join([*parts, *measured_by(energy.conditions), *methods_words(energy.conditions)])


def measured_by(conditions: Iterable[Conditions]) -> list[str]:
    """Gives the libraries and versions that measured, each once."""
    return list(dict.fromkeys(each.measured_by for each in conditions if each.measured_by))


def methods_words(conditions: Iterable[Conditions]) -> list[str]:
    """Says of each device how sure its figure is: `GPU measured`, `CPU modelled`.

    Attempts that differ are told: `CPU measured in 1 of 3 attempts and modelled in 2`.
    """
    attempts = list(conditions)
    if not attempts:
        return ["method unknown"]
    return [
        f"{device.upper()} {_device_words(device, attempts)}"
        for device in _ORDER
        if any(device in each.methods for each in attempts)
    ]


def _device_words(device: Device, attempts: list[Conditions]) -> str:
    counts: dict[str, int] = {}
    for each in attempts:
        if device in each.methods:
            word = _WORDS[each.methods[device]] + _scope(device, each)
            counts[word] = counts.get(word, 0) + 1
    (first, count), *others = counts.items()
    if count == len(attempts):
        return first
    told = [f"{first} in {count} of {len(attempts)} attempts"]
    return " and ".join([*told, *(f"{word} in {number}" for word, number in others)])


def _scope(device: Device, each: Conditions) -> str:
    """Says what more than the job's own processes a figure has in it."""
    if device == "cpu" and each.is_cpu_whole:
        return " (whole processor)"
    return " (whole machine)" if each.mode == "machine" and device != "gpu" else ""
