"""Which errors each system makes: by category and severity, and what they cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.annotate.campaign_data import CampaignData
from core.annotate.mqm_weights import NOT_ERRORS, Preset, normalised_severity
from core.annotate.results.judgements import judgements
from core.annotate.results.scoring import error_points

UNCATEGORISED = "no category"
UNDECIDED = "undecided"

# Severities from the gravest to the mildest; others stand between minor and neutral.
_GRAVITY = ("critical", "major", "minor", "", "neutral", UNDECIDED)


@dataclass(frozen=True)
class ErrorCount:
    """The errors of one kind that a system makes.

    Attributes:
        system: Its name.
        category: As the campaign spells it first, or `UNCATEGORISED`; of a total its dimension.
        severity: In lower case, or `UNDECIDED`; "" in totals over severities.
        count: Errors, those of all raters.
        per_100: Errors for each hundred judgements of an output.
        points: What they cost by the preset.
        share: Of all the system's points, 0 to 1; None where it has none.
    """

    system: str
    category: str
    severity: str
    count: int
    per_100: float
    points: float
    share: float | None


@dataclass(frozen=True)
class ErrorProfile:
    """The errors of all systems.

    Attributes:
        systems: Names, in the campaign's order.
        num_judgements: By system: judged outputs, one a rater.
        counts: By system, category and severity; only what occurs, by the campaign's totals.
        categories: The same over all severities.
        dimensions: By what stands before the first `/` of a category, over all severities.
        severities: Those that occur, the gravest first.
        preset: Name of the weights.
    """

    systems: tuple[str, ...]
    num_judgements: dict[str, int]
    counts: tuple[ErrorCount, ...]
    categories: tuple[ErrorCount, ...]
    dimensions: tuple[ErrorCount, ...]
    severities: tuple[str, ...]
    preset: str


@dataclass(frozen=True)
class _Error:
    system: str
    category: str
    severity: str
    points: float


def profile_errors(data: CampaignData, preset: Preset, *, uses_gold: bool = False) -> ErrorProfile:
    """Counts the errors of MQM and ESA; those of SQM and ranking have none.

    Categories that differ in case or underscores only are one. Rows of WMT's files that are no
    errors (`no-error`, `HOTW-test`) are left out; a segment that is no translation is one error.

    Args:
        data: The campaign.
        preset: What errors cost.
        uses_gold: Adjudicated annotations count instead of the raters' where there are any.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    errors, num_judgements = _errors(data, preset, uses_gold)
    names = tuple(system.name for system in data.systems)

    def counted(kind_of: Callable[[_Error], tuple[str, str]]) -> tuple[ErrorCount, ...]:
        kinds = [(each, (each.system, *kind_of(each))) for each in errors]
        return _counts(kinds, names, num_judgements)

    return ErrorProfile(
        systems=names,
        num_judgements={name: num_judgements[name] for name in names},
        counts=counted(lambda each: (each.category, each.severity)),
        categories=counted(lambda each: (each.category, "")),
        dimensions=counted(lambda each: (dimension_of(each.category), "")),
        severities=tuple(sorted({each.severity for each in errors}, key=_gravity)),
        preset=preset.name,
    )


def dimension_of(category: str) -> str:
    """Gives what stands before the first `/`: `Accuracy` of `Accuracy/Omission`."""
    return category.partition("/")[0]


def _errors(
    data: CampaignData, preset: Preset, uses_gold: bool
) -> tuple[list[_Error], Counter[str]]:
    """Gives all errors, and how many judgements there are of each system."""
    spellings: dict[str, str] = {}
    num_judgements: Counter[str] = Counter()
    errors: list[_Error] = []
    for each in judgements(data, uses_gold=uses_gold):
        name = data.systems[each.system].name
        num_judgements[name] += 1
        for severity, category, points in error_points(each.annotation, each.output, preset):
            severity = normalised_severity(severity) or UNDECIDED
            if severity not in NOT_ERRORS:
                key = category.strip().lower().replace("_", " ")
                shown = spellings.setdefault(key, category.strip() or UNCATEGORISED)
                errors.append(_Error(name, shown, severity, points))
    return errors, num_judgements


def _counts(
    kinds: Iterable[tuple[_Error, tuple[str, str, str]]],
    names: tuple[str, ...],
    num_judgements: Counter[str],
) -> tuple[ErrorCount, ...]:
    points: dict[tuple[str, str, str], list[float]] = {}
    for error, kind in kinds:
        points.setdefault(kind, []).append(error.points)
    in_all = Counter[str]()
    for (_, category, _), each in points.items():
        in_all[category] += len(each)
    costs = {
        name: math.fsum(point for kind, each in points.items() if kind[0] == name for point in each)
        for name in names
    }
    order = sorted(
        points,
        key=lambda kind: (names.index(kind[0]), -in_all[kind[1]], kind[1], _gravity(kind[2])),
    )
    return tuple(
        ErrorCount(
            system=kind[0],
            category=kind[1],
            severity=kind[2],
            count=len(points[kind]),
            per_100=100 * len(points[kind]) / num_judgements[kind[0]],
            points=math.fsum(points[kind]),
            share=math.fsum(points[kind]) / costs[kind[0]] if costs[kind[0]] else None,
        )
        for kind in order
    )


def _gravity(severity: str) -> tuple[int, str]:
    place = _GRAVITY.index(severity) if severity in _GRAVITY else _GRAVITY.index("")
    return place, severity
