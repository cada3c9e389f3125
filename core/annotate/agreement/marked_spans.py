"""How far raters marked the same words: position alone, with the severity, with the category."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from core.annotate.agreement.rated_outputs import Place, RatedOutput
from core.annotate.annotation import NON_TRANSLATION, SIDES, Mark, Side
from core.annotate.campaign_data import CampaignData
from core.annotate.mqm_weights import normalised_severity
from core.metrics.agreement.span_overlap import Span, overlap_spans


@dataclass(frozen=True)
class SpanAgreement:
    """F1 by characters, 0 to 1, over all texts that both rated; None where nobody marked any.

    Attributes:
        position: Of the places alone.
        severity: Of places with the same severity.
        category: Of places with the same category; None in ESA, which has none.
    """

    position: float | None
    severity: float | None
    category: float | None


def compare_spans(
    data: CampaignData,
    first: Mapping[Place, RatedOutput],
    second: Mapping[Place, RatedOutput],
    places: Iterable[Place],
) -> SpanAgreement:
    """Compares the marks of two raters in target and source.

    What is no translation counts as one major error over the whole output. Marks that a file
    gives without a place, and texts that both left unmarked, change nothing.

    Args:
        data: The campaign.
        first: One rater's outputs.
        second: The other's.
        places: Those that both rated.
    """
    texts = [
        (_marks(data, first[place], side), _marks(data, second[place], side))
        for place in places
        for side in SIDES
    ]
    texts = [(one, two) for one, two in texts if one or two]

    def f1(label: Callable[[Mark], str]) -> float | None:
        """Gives F1 of the marks, told apart by their labels."""
        return overlap_spans((_spans(one, label), _spans(two, label)) for one, two in texts).f1

    has_categories = any(mark.category for pair in texts for marks in pair for mark in marks)
    return SpanAgreement(
        position=f1(lambda mark: ""),
        severity=f1(lambda mark: normalised_severity(mark.severity)),
        category=f1(lambda mark: mark.category.strip().casefold()) if has_categories else None,
    )


def mean_spans(found: Sequence[SpanAgreement]) -> SpanAgreement:
    """Gives the mean of each figure over the pairs that have it."""
    return SpanAgreement(
        *(
            _mean([getattr(each, name) for each in found])
            for name in ("position", "severity", "category")
        )
    )


def _marks(data: CampaignData, rated: RatedOutput, side: Side) -> list[Mark]:
    annotation, output = rated.item.annotation, rated.output
    if annotation.is_non_translation:
        if side == "source":
            return []
        text = data.shown_text(rated.item, output)
        return [Mark("", side, 0, len(text), text, "major", NON_TRANSLATION, output)]
    return [mark for mark in annotation.marks if mark.side == side and mark.output == output]


def _spans(marks: Sequence[Mark], label: Callable[[Mark], str]) -> list[Span]:
    return [(mark.start, mark.end, label(mark)) for mark in marks]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
