"""What each rater thinks of each output: the judgements between which agreement is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from core.annotate.annotation import Annotation
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.annotate.mqm_weights import Preset, normalised_severity
from core.annotate.results.scoring import item_score

# Numbers of segment and system in the campaign.
Place: TypeAlias = tuple[int, int]

MARKING = ("mqm", "esa")
MAJOR = ("major", "critical")
_NON_TRANSLATION = "non-translation"


@dataclass(frozen=True)
class RatedOutput:
    """What one rater made of one output.

    Attributes:
        item: In which it was judged.
        output: Which of the item's outputs, from 0.
        has_major: A major or critical error was marked, or that it is no translation.
        score: Higher is better, as `item_score` gives it; None where the rater gave none.
    """

    item: JudgedItem
    output: int
    has_major: bool
    score: float | None


Rated: TypeAlias = Mapping[str, Mapping[Place, RatedOutput]]


def rated_outputs(data: CampaignData, preset: Preset) -> Rated:
    """Gives each rater's finished judgements of main and calibration items by (segment, system).

    Raters stand in the campaign's order, also those without any. Where a rater judged an output
    twice, the one saved last counts.

    Args:
        data: The campaign.
        preset: What MQM errors cost.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    found: dict[str, dict[Place, RatedOutput]] = {rater: {} for rater in data.raters}
    # A stable sort: where files tell no time, the last one in the file counts.
    for item in sorted(data.done("main", "calibration"), key=lambda each: each.saved_at):
        own = found.setdefault(item.rater, {})
        for output, system in enumerate(item.systems):
            own[item.segment, system] = rated_output(data, item, output, preset)
    return found


def rated_output(data: CampaignData, item: JudgedItem, output: int, preset: Preset) -> RatedOutput:
    """Gives what an item of any kind says of one of its outputs.

    Raises:
        ConfigError: As for `rated_outputs`.
    """
    score = item_score(data, item, output, preset)
    return RatedOutput(item, output, has_major_error(item.annotation, output), score)


def has_major_error(annotation: Annotation, output: int = 0) -> bool:
    """Tells whether a major or critical error was marked, or that it is no translation."""
    return any(
        normalised_severity(severity) in MAJOR
        or category.strip().lower().startswith(_NON_TRANSLATION)
        for severity, category in annotation.errors(output)
    )
