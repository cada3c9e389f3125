"""`python -m core emissions grids|add-grids|delete-grids|settings`: by what CO2eq is computed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.commands.answers import Answer, given_options, table
from core.emissions.carbon import change_settings
from core.emissions.grids import find_table, tables
from core.emissions.own_grids import MAX_BYTES, add_own_table
from core.emissions.settings import EmissionsSettings, emissions_settings
from core.errors import ConfigError, DataError
from core.storage.workspace import Workspace


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds these actions to the group `emissions`."""
    listing = commands.add_parser(
        "grids", parents=[common], help="list grid tables, or one's grids"
    )
    listing.add_argument("--table", help="such as codecarbon, cloud or notebook")
    listing.set_defaults(command=_grids)
    adding = commands.add_parser(
        "add-grids", parents=[common], help="add a table: CSV with code,name,year,g_per_kwh"
    )
    adding.add_argument("file", type=Path)
    adding.add_argument(
        "--name", required=True, help="short; an own table of that name is replaced"
    )
    adding.add_argument("--source", required=True, help="who published the figures, and when")
    adding.set_defaults(command=_add)
    deleting = commands.add_parser("delete-grids", parents=[common], help="forget an own table")
    deleting.add_argument("name")
    deleting.set_defaults(command=_delete)
    setting = commands.add_parser(
        "settings", parents=[common], help="show the settings, or change those that are given"
    )
    EmissionsSettings.add_arguments(setting)
    setting.set_defaults(command=_settings)


def _grids(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    if chosen.table is None:
        found = tables(workspace)
        rows = [(each.name, len(each.grids), each.title, each.source) for each in found]
        values = [
            {
                "table": each.name,
                "title": each.title,
                "source": each.source,
                "num_grids": len(each.grids),
            }
            for each in found
        ]
        text = table(("table", "grids", "what", "source"), rows)
        return Answer(f"{text}\n\n--table NAME lists one.", {"tables": values})
    one = find_table(workspace, chosen.table)
    shown = [
        (grid.code, grid.name, grid.year or "-", f"{grid.g_per_kwh:.1f}", grid.source)
        for grid in one.grids
    ]
    values = [{"key": grid.key, "iso3": grid.iso3, **vars(grid)} for grid in one.grids]
    text = table(("code", "name", "year", "g/kWh", "source"), shown)
    return Answer(text, {"table": one.name, "source": one.source, "grids": values})


def _add(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.commands.text_files import printable

    try:
        with chosen.file.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{printable(chosen.file)} cannot be read: {error.strerror}.") from None
    record = add_own_table(workspace, chosen.name, chosen.source, data)
    values = {"table": record.name, "source": record.source, "num_grids": len(record.rows)}
    return Answer(f"Added {record.name!r} with {len(record.rows):,} grids.", values)


def _delete(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    own = [record.name for record in workspace.energy.grid_tables()]
    if chosen.name not in own:
        raise ConfigError(
            f"There is no own grid table {chosen.name[:80]!r}.",
            hint=f"There are: {', '.join(own)}." if own else "None was ever added.",
        )
    used = emissions_settings(workspace).grid
    if used.partition(":")[0] == chosen.name:
        raise ConfigError(
            f"{chosen.name!r} is in use: CO2eq is computed with {used}.",
            hint="Choose another grid first: `python -m core emissions settings --grid`.",
        )
    workspace.energy.delete_grid_table(chosen.name)
    return Answer(f"Deleted {chosen.name!r}.", {"deleted": chosen.name})


def _settings(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    given = given_options(EmissionsSettings, chosen)
    settings = change_settings(workspace, **given) if given else emissions_settings(workspace)
    values = settings.model_dump(exclude={"version"})
    rows = [(name, value if value != "" else "-") for name, value in values.items()]
    return Answer(table(("setting", "value"), rows), values)
