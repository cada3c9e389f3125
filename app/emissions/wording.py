"""How amounts of energy and the ways they were found are said on the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.emissions.energy import Conditions, Device, JobEnergy, Method, meaning_of

# The more is measured and the less is guessed, the greener; the word carries the meaning.
METHOD_COLOURS: dict[Method, str] = {
    "counter": "green",
    "sampled": "green",
    "load model": "blue",
    "constant": "gray",
    "heuristic": "orange",
}
DEVICE_NAMES: dict[Device, str] = {"gpu": "GPU", "cpu": "CPU", "ram": "RAM"}
SHOWN_DEVICES: tuple[Device, ...] = ("gpu", "cpu", "ram")

_ENERGY_UNITS = ((1.0, "kWh"), (1e-3, "Wh"), (1e-6, "mWh"))
_MASS_UNITS = ((1.0, "kg"), (1e-3, "g"), (1e-6, "mg"))
_LEAST = 0.1  # of a unit


def energy_unit(kwhs: Iterable[float]) -> tuple[float, str]:
    """Gives the unit that suits the greatest of some energies: its kWh, and its name."""
    return _unit(kwhs, _ENERGY_UNITS)


def mass_unit(kgs: Iterable[float]) -> tuple[float, str]:
    """Gives the unit that suits the greatest of some masses: its kg, and its name."""
    return _unit(kgs, _MASS_UNITS)


def badge_words(energy: JobEnergy) -> list[str]:
    """Gives a badge for each device and way it was measured, such as `GPU counter`."""
    return [
        f"{DEVICE_NAMES[device]} {method}"
        for device in SHOWN_DEVICES
        for method in energy.methods.get(device, ())
    ]


ALL_BADGES = [f"{name} {method}" for name in DEVICE_NAMES.values() for method in METHOD_COLOURS]
BADGE_COLOURS = [colour for _ in DEVICE_NAMES for colour in METHOD_COLOURS.values()]


def method_words(device: Device, conditions: Conditions) -> str:
    """Says what a device's badge means here, with the names that belong to it."""
    method = conditions.methods[device]
    meaning = meaning_of(method)
    said = f"{meaning[:1].upper()}{meaning[1:]}"
    if device == "cpu":
        said += _of_processor(conditions)
    elif device == "gpu" and conditions.gpus:
        said += f" ({', '.join(conditions.gpus)})"
    return f"{said}."


def scope_words(conditions: Conditions) -> str:
    """Says what was measured, by what, and where."""
    scope = (
        "Processor and memory of the whole machine"
        if conditions.mode == "machine"
        else "Processor and memory of the job's own processes"
    )
    parts = [scope, conditions.measured_by, conditions.host and f"on {conditions.host}"]
    return ", ".join(part for part in parts if part)


def attempts_words(numbers: Sequence[int], num_attempts: int) -> str:
    """Says which attempts something holds for; nothing where there was one only."""
    if num_attempts == 1:
        return ""
    word = "Attempt" if len(numbers) == 1 else "Attempts"
    return f"{word} {', '.join(str(number) for number in numbers)}"


def _of_processor(conditions: Conditions) -> str:
    parts = [conditions.cpu_model] if conditions.cpu_model else []
    if conditions.cpu_power_w is not None:
        known = "" if conditions.is_cpu_power_known else ", guessed from its number of cores"
        parts.append(f"{conditions.cpu_power_w:g} W{known}")
    if conditions.is_cpu_whole:
        parts.append("the whole processor, whoever used it")
    return f" ({', '.join(parts)})" if parts else ""


def _unit(values: Iterable[float], units: Sequence[tuple[float, str]]) -> tuple[float, str]:
    greatest = max((abs(value) for value in values), default=0.0)
    if not greatest:
        return units[0]
    return next((unit for unit in units if greatest >= _LEAST * unit[0]), units[-1])
