"""How far all raters of a campaign agree, each two of them and together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

from core.annotate.agreement.answers import Answers, Unit, answers_of
from core.annotate.agreement.marked_spans import SpanAgreement, mean_spans
from core.annotate.agreement.rated_outputs import Rated, rated_outputs
from core.annotate.agreement.rater_pairs import RaterPair, compare_pairs
from core.annotate.campaign_data import CampaignData
from core.annotate.mqm_weights import Preset
from core.annotate.results.scoring import SCALES
from core.metrics.agreement.fleiss import fleiss_kappa
from core.metrics.agreement.krippendorff import krippendorff_alpha

YARDSTICK = (
    "Professional MQM raters reach a mean pairwise kappa of about 0.4 on whether a segment has a "
    "major error: fair to moderate agreement is normal, not a broken campaign."
)


@dataclass(frozen=True)
class AgreementResult:
    """How far raters agree, on main and calibration items.

    Attributes:
        question: What they are compared on, in words.
        unit: What they answer for, in the singular.
        labels: Of the classes of answers, in order.
        is_weighted: Kappa weights how far apart two answers are (SQM, quadratic weights).
        raters: Those who finished an item, in the campaign's order.
        num_shared: Units for which two or more raters answered.
        shares: Share of each class among the answers for these: the prevalence; () without any.
        pairs: Each two raters who share a unit.
        mean_kappa: Plain mean over the pairs that have a kappa, or None.
        num_kappas: How many these are.
        fleiss: Fleiss' kappa of the shared units' answers as mere classes; None where their
            numbers of raters differ or it is undefined.
        fleiss_note: Why it is None, else "".
        alpha_nominal: Krippendorff's alpha of the answers; None where undefined.
        alpha_ordinal: The same of SQM scores, whose order counts; None in other protocols.
        alpha_interval: The same of scores; None in a ranking.
        scale: Of these scores: name of the preset, or the scale on which raters scored.
        spans: Mean over pairs of the overlap of marks; None where none are asked for.
        yardstick: What professionals reach on the same question, else "".
    """

    question: str
    unit: str
    labels: tuple[str, ...]
    is_weighted: bool
    raters: tuple[str, ...]
    num_shared: int
    shares: tuple[float, ...]
    pairs: tuple[RaterPair, ...]
    mean_kappa: float | None
    num_kappas: int
    fleiss: float | None
    fleiss_note: str
    alpha_nominal: float | None
    alpha_ordinal: float | None
    alpha_interval: float | None
    scale: str
    spans: SpanAgreement | None
    yardstick: str


def agree(data: CampaignData, preset: Preset) -> AgreementResult:
    """Measures the agreement of a campaign's raters.

    Args:
        data: The campaign.
        preset: What MQM errors cost; it matters for alpha of the scores only.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    rated = rated_outputs(data, preset)
    answers = answers_of(data, rated)
    pairs = compare_pairs(data, rated, answers)
    kappas = [pair.kappa for pair in pairs if pair.kappa is not None]
    ratings = _matrix(answers.by_rater)
    fleiss, fleiss_note = _fleiss(answers)
    scores = _matrix(_scores(rated))
    spans = [pair.spans for pair in pairs if pair.spans is not None]
    return AgreementResult(
        question=answers.question,
        unit=answers.unit,
        labels=answers.labels,
        is_weighted=answers.weighting != "none",
        raters=tuple(rater for rater, own in answers.by_rater.items() if own),
        num_shared=int((np.isfinite(ratings).sum(axis=0) > 1).sum()),
        shares=_shares(ratings, len(answers.labels)),
        pairs=pairs,
        mean_kappa=fmean(kappas) if kappas else None,
        num_kappas=len(kappas),
        fleiss=fleiss,
        fleiss_note=fleiss_note,
        alpha_nominal=krippendorff_alpha(ratings, "nominal"),
        alpha_ordinal=krippendorff_alpha(scores, "ordinal") if data.protocol == "sqm" else None,
        alpha_interval=(
            None if data.protocol == "ranking" else krippendorff_alpha(scores, "interval")
        ),
        scale=SCALES.get(data.protocol, preset.name),
        spans=mean_spans(spans) if spans else None,
        yardstick=YARDSTICK if data.protocol in ("mqm", "esa") else "",
    )


def _fleiss(answers: Answers) -> tuple[float | None, str]:
    """Gives Fleiss' kappa of what two or more raters answered for, or None and why."""
    by_unit: dict[Unit, Counter[int]] = {}
    for own in answers.by_rater.values():
        for unit, label in own.items():
            by_unit.setdefault(unit, Counter())[label] += 1
    shared = [counter for counter in by_unit.values() if counter.total() > 1]
    if not shared:
        return None, f"No two raters answered for the same {answers.unit}."
    numbers = {counter.total() for counter in shared}
    if len(numbers) > 1:
        return None, (
            f"It needs the same number of raters for each {answers.unit}; those that are shared "
            f"have {min(numbers)} to {max(numbers)}. Krippendorff's alpha takes any numbers."
        )
    classes = range(len(answers.labels))
    found = fleiss_kappa(np.array([[each[label] for label in classes] for each in shared]))
    return found, "" if found is not None else "All answers are the same."


def _matrix(by_rater: Mapping[str, Mapping[Unit, float]]) -> npt.NDArray[np.float64]:
    """Gives the values, (raters, units), NaN where a rater gave none."""
    columns: dict[Unit, int] = {}
    for own in by_rater.values():
        for unit in own:
            columns.setdefault(unit, len(columns))
    found = np.full((len(by_rater), len(columns)), np.nan)
    for row, own in enumerate(by_rater.values()):
        for unit, value in own.items():
            found[row, columns[unit]] = value
    return found


def _scores(rated: Rated) -> dict[str, dict[Unit, float]]:
    return {
        rater: {place: each.score for place, each in own.items() if each.score is not None}
        for rater, own in rated.items()
    }


def _shares(ratings: npt.NDArray[np.float64], num_classes: int) -> tuple[float, ...]:
    """Gives the share of each class among the answers for units that two or more answered for."""
    shared = ratings[:, np.isfinite(ratings).sum(axis=0) > 1]
    known = shared[np.isfinite(shared)].astype(np.int64)
    if not known.size:
        return ()
    counts = np.bincount(known, minlength=num_classes)
    return tuple((counts / known.size).tolist())
