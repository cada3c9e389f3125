"""Energy, CO2eq and time as people read them: the digits that count, in the unit that fits."""

from __future__ import annotations

import math

_LEAST = 0.1  # of a unit; smaller amounts are told in the next one
_ENERGY_UNITS = (("kWh", 1.0), ("Wh", 1e3), ("mWh", 1e6))
_MASS_UNITS = (("kg", 1.0), ("g", 1e3), ("mg", 1e6))


def kwh_words(kwh: float, *, digits: int = 2) -> str:
    """Gives an energy as `0.61 kWh`, and as Wh or mWh where it is small."""
    return _in_fitting_unit(kwh, _ENERGY_UNITS, digits)


def co2_words(kg: float, *, digits: int = 2) -> str:
    """Gives a mass as `0.18 kg CO2eq`, and as g or mg where it is small."""
    return f"{kg_words(kg, digits=digits)} CO2eq"


def kg_words(kg: float, *, digits: int = 2) -> str:
    """Gives a mass without the name of the gas, as where a heading has it."""
    return _in_fitting_unit(kg, _MASS_UNITS, digits)


def seconds_words(seconds: float) -> str:
    """Gives a time as `45 s`, `3 min 05 s` or `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02} min"


def two_digits(value: float) -> str:
    """Gives two significant digits, all where the number is 100 or more: `0.61`, `1,234`."""
    return significant(value, digits=2)


def significant(value: float, *, digits: int) -> str:
    """Gives so many significant digits, never an exponent; zeros at the end count: `0.60`."""
    if not value or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.{digits - 1}e}")  # 9.96 is 10 before its digits are counted
    decimals = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{decimals}f}" if decimals > 0 else f"{value:,.0f}"


def _in_fitting_unit(value: float, units: tuple[tuple[str, float], ...], digits: int) -> str:
    if not value:
        return f"0 {units[0][0]}"
    least = (unit for unit in units if abs(value) * unit[1] >= _LEAST)
    name, factor = next(least, units[-1])
    return f"{significant(value * factor, digits=digits)} {name}"
