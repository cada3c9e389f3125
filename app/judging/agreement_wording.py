"""What figures of agreement mean, for those who never took a course in statistics."""

from __future__ import annotations

# Upper ends and words of Landis & Koch 1977, "The measurement of observer agreement".
_WORDS = ((0.0, "poor"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))

KAPPA = (
    "How much more often two raters gave the same answer than by chance. 1: always; 0: no more "
    "often than if each had answered at random as often so as they did; below 0: less often. "
    "Here it is the plain mean over all pairs of raters."
)
FLEISS = (
    "The same idea for all raters at once. It treats every two different answers as equally far "
    "apart, and needs the same number of raters everywhere."
)
ALPHA_NOMINAL = (
    "Krippendorff's alpha: again 1 for full agreement and 0 for chance, for any number of raters, "
    "of whom each may have left segments out. Answers are the same or not."
)
ALPHA_ORDINAL = (
    "Krippendorff's alpha that counts how far apart two scores are in the order of all scores: 5 "
    "and 6 differ less than 0 and 6."
)
ALPHA_INTERVAL = (
    "Krippendorff's alpha of the scores themselves: it counts the squared difference of two "
    "scores, so that a few great differences weigh most."
)
SPANS = (
    "Of all characters that two raters marked, how much they have in common (F1): 1 where both "
    "marked the same characters, 0 where they have none in common. Mean over all pairs."
)
AGREEMENT = "Share of what both judged on which they gave the same answer."
PREVALENCE = "How often the answer was given, among both raters' answers."
PAIR_KAPPA = "Agreement beyond chance: 1 is full, 0 is chance. Empty where it is undefined."
DIFFERENCE = "Mean of the first's score less the second's: below 0 the first is stricter."
PAIR_ALPHA = "Agreement on the scores themselves: Krippendorff's alpha, interval."

BIAS = (
    "Mean of the own score less that of the others on the same outputs: below 0 stricter, above "
    "0 milder."
)
SPOILT = (
    "Outputs that were spoilt on purpose: how many the rater scored lower than the originals, and "
    "the chance to see as much where a rater does not look (one-sided signed-rank test). Below "
    "0.05 is good."
)
REPEATS = "Outputs shown a second time: how many were answered the same, and how far scores lie."
GOLD = "Outputs whose answer was decided: how many the rater answered about so."
WARNED = "Share of items in which the rater was told of a contradiction or of great haste."
SPEED = "Words of translations an hour of work, pauses left out."


def kappa_words(kappa: float | None) -> str:
    """Gives the word that is usual for a kappa, such as `moderate`; "" where there is none."""
    if kappa is None:
        return ""
    found = (word for limit, word in _WORDS if kappa < limit or (limit > 0 and kappa == limit))
    return next(found, "almost perfect")
