"""Finds the grid that people mean; one that is not there is refused, never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.emissions.grid import Grid as Grid
from core.emissions.grid import GridTable as GridTable
from core.emissions.grid_sources import CODECARBON, cloud_table, codecarbon_table, notebook_table
from core.emissions.own_grids import as_table, plain_name
from core.emissions.own_grids import own_table as own_table
from core.errors import ConfigError
from core.storage.workspace import Workspace

_MAX_NEAR = 4
_LEAST_LIKENESS = 75  # of 100, by rapidfuzz
_MAX_CODE = 3  # longer than that, people mean a name
# What people write for countries that tables call otherwise.
_OTHER_NAMES = {
    "uk": "GBR", "great britain": "GBR", "us": "USA", "united states of america": "USA",
    "czech republic": "CZE", "ivory coast": "CIV", "holland": "NLD", "turkiye": "TUR",
    "timor-leste": "TLS", "burma": "MMR", "korea": "KOR", "republic of korea": "KOR",
    "russian federation": "RUS", "viet nam": "VNM", "cabo verde": "CPV", "swaziland": "SWZ",
}  # fmt: skip


def tables(workspace: Workspace) -> list[GridTable]:
    """Gives all grid tables: codecarbon's, the notebook's, and those that were added."""
    own = [as_table(record) for record in workspace.energy.grid_tables()]
    return [codecarbon_table(), cloud_table(), notebook_table(), *own]


def find_table(workspace: Workspace, name: str) -> GridTable:
    """Gives a grid table by its name.

    Raises:
        ConfigError: There is none; the sentence names those there are.
    """
    found = tables(workspace)
    for table in found:
        if table.name.casefold() == name.strip().casefold():
            return table
    names = ", ".join(table.name for table in found)
    raise ConfigError(
        f"There is no grid table {name[:80]!r}.", hint=f"There are: {names}; see {_command('')}."
    )


def find_grid(workspace: Workspace, key: str) -> Grid:
    """Gives the grid that a key names.

    Args:
        workspace: Whose own tables count.
        key: `codecarbon:IRL`, or code or name alone for codecarbon's: `irl`, `Ireland`.

    Raises:
        ConfigError: There is none, and the hint names the nearest; or a name fits several.
    """
    name, colon, rest = key.partition(":")
    table = find_table(workspace, name if colon else CODECARBON)
    asked = (rest if colon else key).strip()
    wanted = plain_name(asked)
    for text in (wanted, _OTHER_NAMES.get(wanted, "").casefold()):
        for spelling in ("code", "name"):
            found = [each for each in table.grids if plain_name(getattr(each, spelling)) == text]
            if text and found:
                return _the_only(found, asked)
    raise ConfigError(
        f"The grid table {table.name!r} has no {asked[:80]!r}." if wanted else "No grid is named.",
        hint=_hint(tables(workspace), table, wanted),
    )


def _the_only(found: Sequence[Grid], asked: str) -> Grid:
    if len(found) > 1:
        keys = ", ".join(f"{each.key} ({each.year or 'year unknown'})" for each in found[:10])
        raise ConfigError(
            f"{asked[:80]!r} may be {len(found)} grids of the table {found[0].table!r}.",
            hint=f"Name one by its code: {keys}.",
        )
    return found[0]


def find_grids(workspace: Workspace, keys: Iterable[str]) -> list[Grid]:
    """Gives the grids of several keys, each once, in their order.

    Raises:
        ConfigError: One is not there, or none is named.
    """
    found = [find_grid(workspace, key) for key in keys if key.strip()]
    if not found:
        raise ConfigError("No grid is named.", hint=f"All are listed by {_command('')}.")
    return list(dict.fromkeys(found))


def _hint(all_tables: Sequence[GridTable], table: GridTable, wanted: str) -> str:
    # Who looks into codecarbon's table may mean a grid of another one.
    others = [grid for each in all_tables if each is not table for grid in each.grids]
    exact = [grid for grid in others if wanted in (plain_name(grid.code), plain_name(grid.name))]
    near = (exact + _near(wanted, table.grids))[:_MAX_NEAR]
    listed = f"All are listed by {_command(table.name)}."
    if not near:
        return listed
    names = ", ".join(f"{grid.key} ({grid.name})" for grid in near)
    return f"Near to it: {names}. {listed}"


def _near(wanted: str, grids: Sequence[Grid]) -> list[Grid]:
    from rapidfuzz import fuzz, process
    from rapidfuzz.distance import OSA  # that two letters change places is one fault

    found = [grid for grid in grids if wanted and OSA.distance(wanted, plain_name(grid.code)) <= 1]
    found.sort(key=lambda grid: sorted(plain_name(grid.code)) != sorted(wanted))
    if len(wanted) > _MAX_CODE:
        names = [plain_name(grid.name) for grid in grids]
        matches = process.extract(
            wanted, names, scorer=fuzz.WRatio, limit=_MAX_NEAR, score_cutoff=_LEAST_LIKENESS
        )
        found += [grids[match[2]] for match in matches]
    return list(dict.fromkeys(found))


def _command(table: str) -> str:
    return f"`python -m core emissions grids{f' --table {table}' if table else ''}`"
