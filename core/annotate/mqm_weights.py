"""What an MQM error costs: the presets of weights, and the score of a segment by one rater."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from core.errors import ConfigError

NO_ERROR = "no-error"
HANDS_ON_WHEEL = "hotw-test"

# Rows that are no errors, in any preset: a segment without errors, and the outcome of a check
# with an injected error that keeps raters awake.
NOT_ERRORS = (NO_ERROR, HANDS_ON_WHEEL)


@dataclass(frozen=True)
class Weight:
    """What errors of a kind cost.

    Attributes:
        severity: Pattern of the lower-case severity; `*` stands for any text.
        category: Pattern of the lower-case category.
        penalty: Points, 0 or more.
    """

    severity: str
    category: str
    penalty: float


@dataclass(frozen=True)
class Preset:
    """A named way to score.

    Attributes:
        name: Stored with every score.
        description: One sentence.
        weights: The first that fits an error counts.
        scale: `penalty` gives minus the points; `per word` gives 100 less the points for each
            hundred words of the hypothesis.
    """

    name: str
    description: str
    weights: tuple[Weight, ...]
    scale: Literal["penalty", "per word"] = "penalty"


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "wmt21",
            "Google's weights for WMT 2020 and 2021: every category counts, source errors too.",
            (
                Weight("major", "non-translation!", 25),
                Weight("minor", "fluency/punctuation", 0.1),
                Weight("major", "*", 5),
                Weight("minor", "*", 1),
                Weight("neutral", "*", 0),
            ),
        ),
        Preset(
            "wmt23",
            "Google's weights for WMT 2023: source errors and creative reinterpretation are free.",
            (
                Weight("*", "source*", 0),
                Weight("*", "*creative reinterpretation*", 0),
                Weight("*", "non-translation*", 25),
                Weight("minor", "*punctuation*", 0.1),
                Weight("critical", "*", 5),
                Weight("major", "*", 5),
                Weight("minor", "*", 1),
                Weight("neutral", "*", 0),
            ),
        ),
        Preset(
            "adaptmllm",
            "The adaptMLLM paper's weights for each word of the hypothesis; 100 is perfect.",
            (
                Weight("*", "non-translation*", 25),
                Weight("major", "*", 10),
                Weight("minor", "*", 1),
                Weight("neutral", "*", 0),
            ),
            scale="per word",
        ),
        Preset(
            "mqm-core",
            "The severity multipliers of MQM: neutral 0, minor 1, major 5, critical 25.",
            (
                Weight("critical", "*", 25),
                Weight("major", "*", 5),
                Weight("minor", "*", 1),
                Weight("neutral", "*", 0),
            ),
        ),
    )
}


def find_preset(name: str) -> Preset:
    """Gives the preset of this name.

    Raises:
        ConfigError: There is none.
    """
    if name not in PRESETS:
        raise ConfigError(
            f"There is no preset {name[:40]!r} of MQM weights.",
            hint=f"Choose one of {', '.join(PRESETS)}.",
        )
    return PRESETS[name]


def penalty_of(preset: Preset, severity: str, category: str) -> float | None:
    """Gives the points an error costs; None where the preset knows no such severity.

    Case does not matter, nor whether words are parted by blanks or underscores: files differ.
    """
    severity = normalised_severity(severity)
    category = category.strip().lower().replace("_", " ")
    if severity in NOT_ERRORS:
        return 0.0
    if all(severity != weight.severity for weight in preset.weights):
        return None
    for weight in preset.weights:
        if fnmatchcase(severity, weight.severity) and fnmatchcase(category, weight.category):
            return weight.penalty
    return None


def normalised_severity(severity: str) -> str:
    """Gives a severity as it stands in the presets: `No error` as `no-error`."""
    return severity.strip().lower().replace("_", "-").replace(" ", "-")


def score_errors(preset: Preset, penalties: Sequence[float], hypothesis: str) -> float:
    """Gives one rater's score of one segment, higher is better; without errors 0 or 100.

    Args:
        preset: Whose scale is used.
        penalties: Of each error.
        hypothesis: Its words, split at white space, are counted; an empty one counts as a word.
    """
    total = math.fsum(penalties)
    if preset.scale == "per word":
        return 100 * (1 - total / max(len(hypothesis.split()), 1))
    return 0.0 - total
