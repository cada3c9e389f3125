"""Comparisons with daily life, each with its source; a comparison is no excuse."""

from __future__ import annotations

from dataclasses import dataclass

from core.emissions.amounts import two_digits

CAR_KG_PER_MILE = 0.409
KM_PER_MILE = 1.609344
CAR_KG_PER_KM = CAR_KG_PER_MILE / KM_PER_MILE  # 0.254
_CAR_SOURCE = (
    "US EPA, Greenhouse Gas Equivalencies Calculator: 8.89 kg CO2 a gallon, 22.0 miles a gallon, "
    "0.988 of it CO2 = 0.409 kg CO2eq a mile = 0.254 kg a km; average car of the United States"
)
# Heat capacity × 1 kg × 80 K; a kettle's own losses would come on top.
KETTLE_KWH = 4.186e3 * 80 / 3.6e6  # 0.093
_KETTLE_SOURCE = (
    "Heat capacity of water, 4.186 kJ/(kg K): 1 litre from 20 to 100 °C takes 0.093 kWh, losses "
    "of the kettle left out"
)
PHONE_KWH = (14.46 - 22 * 0.13) / 1000  # 0.012
_PHONE_SOURCE = (
    "US EPA, Greenhouse Gas Equivalencies Calculator, from DOE 2020: 14.46 Wh a day less 22 hours "
    "of 0.13 W = 0.012 kWh a charge"
)


@dataclass(frozen=True)
class Equivalence:
    """A comparison.

    Attributes:
        text: Such as `2.4 km by car`.
        source: Where the factor comes from, and what it is.
    """

    text: str
    source: str


def equivalences(kwh: float, co2_kg: float | None) -> list[Equivalence]:
    """Gives comparisons; those of energy need no grid.

    Args:
        kwh: With PUE where it is known.
        co2_kg: None where no grid was chosen: then there is no comparison of CO2eq.
    """
    found = [
        Equivalence(f"{_times(kwh / KETTLE_KWH)} litres of water boiled", _KETTLE_SOURCE),
        Equivalence(f"{_times(kwh / PHONE_KWH)} charges of a phone", _PHONE_SOURCE),
    ]
    if co2_kg is not None:
        car = Equivalence(f"{_times(co2_kg / CAR_KG_PER_KM)} km by car", _CAR_SOURCE)
        found.insert(0, car)
    return found


def _times(value: float) -> str:
    return "less than 0.01" if 0 < value < 0.01 else two_digits(value)
