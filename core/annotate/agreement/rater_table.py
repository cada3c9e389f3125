"""How each rater works: how strictly, how fast, how attentively."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from core.annotate.agreement.attention_checks import CheckResults, check_raters
from core.annotate.agreement.rated_outputs import Place, Rated, rated_outputs
from core.annotate.agreement.suspicions import Pace, SameAnswers, suspicions
from core.annotate.annotation import NON_TRANSLATION
from core.annotate.campaign_data import KINDS, CampaignData, JudgedItem
from core.annotate.mqm_weights import NOT_ERRORS, Preset, normalised_severity
from core.annotate.settings import is_unspaced

NON_TRANSLATIONS = "non-translation"


@dataclass(frozen=True)
class RaterQuality:
    """How one rater works.

    Attributes:
        rater: Name.
        num_items: Finished items of any kind.
        num_checks: Of these, the hidden checks.
        num_shared: Outputs with a score that another rater scored, too.
        bias: Mean over these of the own score less the mean of the others'; below 0 is stricter.
            None without any, and in a ranking.
        errors_per_item: Marked errors a main or calibration item by severity, gravest first;
            `non-translation` stands beside severities.
        median_active_s: Of the items whose work was timed, or None.
        words_per_h: Words of the translations an hour of work; None where work was not timed, or
            where the language sets no blanks between words.
        warnings_share: Share of items whose contradictions the rater was told of, 0 to 1.
        checks: What the hidden checks say.
        suspicions: Sentences on what does not look like careful work; mostly none.
    """

    rater: str
    num_items: int
    num_checks: int
    num_shared: int
    bias: float | None
    errors_per_item: Mapping[str, float]
    median_active_s: float | None
    words_per_h: float | None
    warnings_share: float
    checks: CheckResults
    suspicions: tuple[str, ...]

    @property
    def is_suspicious(self) -> bool:
        """Whether somebody should look at this rater's work."""
        return bool(self.suspicions)


def rater_table(data: CampaignData, preset: Preset) -> tuple[RaterQuality, ...]:
    """Gives how each rater works who has finished an item, in the campaign's order.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    rated = rated_outputs(data, preset)
    checks = check_raters(data, rated, preset)
    items: dict[str, list[JudgedItem]] = {rater: [] for rater in rated}
    for item in data.done(*KINDS):
        items.setdefault(item.rater, []).append(item)
    others = _scores_by_place(rated)
    return tuple(
        _quality(data, rater, own, checks.get(rater, CheckResults()), _compared(rater, others))
        for rater, own in items.items()
        if own
    )


def _quality(
    data: CampaignData,
    rater: str,
    items: Sequence[JudgedItem],
    checks: CheckResults,
    compared: Sequence[tuple[float, float]],
) -> RaterQuality:
    timed = [item for item in items if item.active_s is not None]
    seconds = [item.active_s for item in timed if item.active_s is not None]
    has_scores = bool(compared) and data.protocol != "ranking"
    pace = Pace(len(seconds), median(seconds)) if seconds else None
    return RaterQuality(
        rater=rater,
        num_items=len(items),
        num_checks=sum(item.kind not in ("main", "calibration") for item in items),
        num_shared=len(compared),
        bias=fmean(own - other for own, other in compared) if has_scores else None,
        errors_per_item=_errors_per_item(items),
        median_active_s=pace.median_s if pace else None,
        words_per_h=_words_per_h(data, timed, sum(seconds)),
        warnings_share=fmean(bool(item.warnings) for item in items),
        checks=checks,
        suspicions=suspicions(checks, pace, _same_answers(compared) if has_scores else None),
    )


def _scores_by_place(rated: Rated) -> dict[Place, dict[str, float]]:
    found: dict[Place, dict[str, float]] = {}
    for rater, own in rated.items():
        for place, each in own.items():
            if each.score is not None:
                found.setdefault(place, {})[rater] = each.score
    return found


def _compared(rater: str, scores: Mapping[Place, Mapping[str, float]]) -> list[tuple[float, float]]:
    """Gives the rater's score and the mean of the others' of each output that they share."""
    return [
        (of_place[rater], fmean(score for name, score in of_place.items() if name != rater))
        for of_place in scores.values()
        if rater in of_place and len(of_place) > 1
    ]


def _same_answers(compared: Sequence[tuple[float, float]]) -> SameAnswers | None:
    """Gives how often others thought otherwise, where the rater's score is always the same."""
    if len({own for own, _ in compared}) > 1:
        return None
    return SameAnswers(len(compared), sum(abs(own - other) > 1e-9 for own, other in compared))


def _errors_per_item(items: Sequence[JudgedItem]) -> dict[str, float]:
    """Counts marks of items that are no checks; an item side by side is one item."""
    own = [item for item in items if item.kind in ("main", "calibration")]
    counts: Counter[str] = Counter()
    for item in own:
        if item.annotation.is_non_translation:
            counts[NON_TRANSLATIONS] += 1
            continue
        for mark in item.annotation.marks:
            severity = normalised_severity(mark.severity)
            if mark.category == NON_TRANSLATION:
                severity = NON_TRANSLATIONS
            if severity not in NOT_ERRORS:
                counts[severity or "undecided"] += 1
    order = (NON_TRANSLATIONS, "critical", "major", "minor")
    names = [name for name in order if name in counts] + sorted(counts.keys() - set(order))
    return {name: counts[name] / len(own) for name in names}


def _words_per_h(data: CampaignData, timed: Sequence[JudgedItem], active_s: float) -> float | None:
    if active_s <= 0 or is_unspaced(data.tgt_lang):
        return None
    num_words = sum(
        len(data.shown_text(item, output).split())
        for item in timed
        for output in range(len(item.systems))
    )
    return num_words / active_s * 3600
