"""Grid tables that come with the application: codecarbon's data files and the notebook's table.

The files are read where codecarbon is installed, without importing it, which takes long; units and
formulas are those by which codecarbon itself turns them into grams a kWh.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.emissions.grid import Grid, GridTable

CODECARBON = "codecarbon"
CLOUD = "cloud"
NOTEBOOK = "notebook"
NOTEBOOK_FILE = Path(__file__).with_name("notebook_grid.tsv")

_G_PER_KWH_OF_LBS_PER_MWH = 0.45359237
# Grams a kWh from burning them (github.com/responsibleproblemsolving/energy-usage); what else is
# in a Canadian mix counts as 0 in codecarbon.
_G_PER_KWH_OF_FUEL = {"coal": 995.725971, "petroleum": 816.6885263, "naturalGas": 743.8415916}
# ISO 3166-2; the file has names only.
_PROVINCES = {
    "alberta": "AB", "british columbia": "BC", "manitoba": "MB", "new brunswick": "NB",
    "newfoundland and labrador": "NL", "northwest territories": "NT", "nova scotia": "NS",
    "nunavut": "NU", "ontario": "ON", "prince edward island": "PE", "quebec": "QC",
    "saskatchewan": "SK", "yukon": "YT",
}  # fmt: skip
_MIX_YEAR = 2023  # of the folder that codecarbon keeps them in
_COUNTRY_OF_ZONE = {"SE": ("SWE", "Sweden"), "NO": ("NOR", "Norway")}
_MISSPELT = {"me-cenrtal1": "me-central1"}


@cache
def codecarbon_table() -> GridTable:
    """Gives countries, and regions of the United States, Canada, China, Sweden and Norway."""
    grids = [*_countries(), *_states(), *_canada(), *_china(), *_zones()]
    return GridTable(
        CODECARBON,
        "Countries and regions (codecarbon)",
        f"Data files of {_release()}: countries from Our World in Data, "
        "regions from national sources.",
        tuple(sorted(grids, key=lambda grid: grid.name)),
    )


@cache
def cloud_table() -> GridTable:
    """Gives the regions of Google Cloud, the one provider that publishes figures."""
    source = _source("Google Cloud")
    with (_folder() / "cloud/impact.csv").open(encoding="utf-8-sig", newline="") as file:
        grids = [
            Grid(
                CLOUD,
                f"{row['provider']}/{_MISSPELT.get(row['region'], row['region'])}",
                f"{row['city']}, {row['country_name']} ({row['provider'].upper()})",
                None,
                float(row["impact"]),
                f"{source} ({row['source']})",
            )
            for row in csv.DictReader(file)
        ]
    ordered = tuple(sorted(grids, key=lambda grid: grid.name))
    return GridTable(CLOUD, "Cloud regions (codecarbon)", f"{source}; without a year.", ordered)


@cache
def notebook_table(path: Path = NOTEBOOK_FILE) -> GridTable:
    """Gives the table of the original notebook, which names no year.

    Args:
        path: Tab-separated `name`, `iso3`, `g_per_kwh` below a header; a group of countries has
            no `iso3`, and its name is its code.
    """
    source = "the notebook of adaptMLLM (arXiv 2403.02370)"
    grids = []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        # Not by csv: there is no quoting. The notebook's own key of China ended with a tab, so
        # that its menu's "China" was never found; three cells a line leave no room for that.
        name, iso3, g_per_kwh = (cell.strip() for cell in line.split("\t"))
        if float(g_per_kwh):  # Luxembourg has 0, which is no figure either
            grids.append(Grid(NOTEBOOK, iso3 or name, name, None, float(g_per_kwh), source))
    ordered = tuple(sorted(grids, key=lambda grid: grid.name))
    return GridTable(
        NOTEBOOK,
        "The original notebook's table",
        "The notebook of adaptMLLM (arXiv 2403.02370); it names neither year nor source.",
        ordered,
    )


def _countries() -> Iterator[Grid]:
    for code, row in _json("global_energy_mix.json").items():
        # One small country has 0 g although water power, its only source, has about 24 in others:
        # no figure is better than a work without CO2.
        if row["carbon_intensity"]:
            yield Grid(
                CODECARBON,
                code,
                row["country_name"],
                int(row["year"]),
                float(row["carbon_intensity"]),
                _source("Our World in Data"),
            )


def _states() -> Iterator[Grid]:
    values = _json("2023/usa_emissions.json")
    about = values["_source"]
    for name, row in values.items():
        if len(row.get("regionCode", "")) == 2:  # the country is among the countries
            yield Grid(
                CODECARBON,
                f"USA-{row['regionCode']}",
                f"{_title(name)}, United States",
                int(about["year"]),
                row["emissions"] * _G_PER_KWH_OF_LBS_PER_MWH,
                _source(about["name"]),
            )


def _canada() -> Iterator[Grid]:
    for name, mix in _json("2023/canada_energy_mix.json").items():
        burnt = sum(mix[fuel] / mix["total"] * grams for fuel, grams in _G_PER_KWH_OF_FUEL.items())
        source = _source("Canadian energy mix, burning of coal, oil and gas only")
        name_with_country = f"{_title(name)}, Canada"
        yield Grid(
            CODECARBON, f"CAN-{_PROVINCES[name]}", name_with_country, _MIX_YEAR, burnt, source
        )


def _china() -> Iterator[Grid]:
    source = _source("Ministry of Ecology and Environment of China, CO2 only")
    for code, row in _json("2023/china_provincial_emissions.json")["data"].items():
        yield Grid(
            CODECARBON,
            f"CHN-{code.removeprefix('CN-')}",
            f"{row['description']}, China",
            int(row["year"]),
            float(row["emission_factor"]),
            source,
        )


def _zones() -> Iterator[Grid]:
    source = _source("ENTSO-E, production in the zone")
    for zone, row in _json("nordic_emissions.json")["data"].items():
        if zone[:2] in _COUNTRY_OF_ZONE:  # Finland is one zone, and among the countries
            code, country = _COUNTRY_OF_ZONE[zone[:2]]
            yield Grid(
                CODECARBON,
                f"{code}-{zone}",
                f"Zone {zone}, {country}",
                int(row["year"]),
                float(row["emission_factor"]),
                source,
            )


def _title(name: str) -> str:
    small = ("of", "and")
    return " ".join(word if word in small else word.capitalize() for word in name.split())


def _source(publisher: str) -> str:
    return f"{publisher}, in {_release()}"


@cache
def _release() -> str:
    return f"codecarbon {version('codecarbon')}"


def _json(name: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((_folder() / "private_infra" / name).read_bytes())
    return values


@cache
def _folder() -> Path:
    spec = find_spec("codecarbon")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("codecarbon is not installed")
    return Path(spec.origin).parent / "data"
