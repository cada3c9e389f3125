"""BLEU, TER and chrF by sacreBLEU: which there are, and a system's scores with signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from core.errors import ConfigError, DataError

Family = Literal["bleu", "ter", "chrf"]

# Those that need neither a download (flores200, spm) nor another package (ja-mecab, ko-mecab).
TOKENIZERS = ("13a", "intl", "char", "none", "zh")


@dataclass(frozen=True)
class Score:
    """One metric's value for one system on one test set.

    Attributes:
        name: Such as `BLEU` or `chrF++`.
        value: 0 to 100; TER may exceed 100. Lower is better for TER only.
        signature: sacreBLEU's own name of the metric, a bar, and its signature: enough to compute
            the value again.
        num_segments: Segments that were scored.
        beta: How much chrF weighs recall against precision; None for other metrics. sacreBLEU's
            signature leaves it out, only the name before it says it.
    """

    name: str
    value: float
    signature: str
    num_segments: int
    beta: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Gives the plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class MetricSpec:
    """One of sacreBLEU's metrics with its options.

    Attributes:
        key: What the command line calls it, such as `bleu-lc`.
        name: What people see, such as `BLEU lowercased`.
        family: Which of sacreBLEU's metrics it is.
        lowercase: Whether BLEU lowercases both texts; TER always does, chrF never.
        tokenizer: BLEU's, one of `TOKENIZERS`; empty for the others.
        beta: chrF's weight of recall; None for the others.
        word_order: The longest n-grams of words that chrF counts; 2 makes it chrF++.
    """

    key: str
    name: str
    family: Family
    lowercase: bool = False
    tokenizer: str = ""
    beta: int | None = None
    word_order: int = 0

    @property
    def is_lower_better(self) -> bool:
        """Whether a smaller value is a better one, as for TER, which counts edits."""
        return self.family == "ter"

    @property
    def signed_name(self) -> str:
        """The name that sacreBLEU puts before its signature, such as `chrF2++`."""
        if self.family == "chrf":
            return f"chrF{self.beta}" + "+" * self.word_order
        return self.family.upper()


SPECS = {
    spec.key: spec
    for spec in (
        MetricSpec("bleu", "BLEU", "bleu", tokenizer="13a"),
        MetricSpec("bleu-lc", "BLEU lowercased", "bleu", lowercase=True, tokenizer="13a"),
        MetricSpec("ter", "TER", "ter"),
        MetricSpec("chrf1", "chrF1", "chrf", beta=1),
        MetricSpec("chrf2", "chrF2", "chrf", beta=2),
        MetricSpec("chrf3", "chrF3", "chrf", beta=3),
        MetricSpec("chrf++", "chrF++", "chrf", beta=2, word_order=2),
    )
}

# What a run is scored by when nobody asks for others.
METRICS = ("BLEU", "BLEU lowercased", "TER", "chrF1", "chrF3", "chrF++")


def find_specs(keys: Sequence[str] = (), *, tokenizer: str = "13a") -> list[MetricSpec]:
    """Gives the metrics of some keys, in their order.

    Args:
        keys: Out of `SPECS`; none means all.
        tokenizer: BLEU's.

    Raises:
        ConfigError: A key or the tokenizer is unknown, or the tokenizer does not work offline.
    """
    if tokenizer not in TOKENIZERS:
        raise ConfigError(
            f"BLEU's tokenizer {tokenizer!r} cannot be used: it is unknown, or needs a download "
            "or another package.",
            hint=f"Choose from {', '.join(TOKENIZERS)}.",
        )
    unknown = [key for key in keys if key not in SPECS]
    if unknown:
        raise ConfigError(f"There is no metric {unknown[0]!r}.", hint=_choice(list(SPECS)))
    found = [SPECS[key] for key in keys or SPECS]
    return [replace(spec, tokenizer=tokenizer) if spec.family == "bleu" else spec for spec in found]


def score_system(
    hypotheses: Sequence[str], references: Sequence[str], *, names: Sequence[str] = ()
) -> list[Score]:
    """Scores hypotheses against one reference each; the values have two decimals.

    Args:
        hypotheses: One a segment.
        references: Parallel to `hypotheses`.
        names: The names of the metrics wanted; none means `METRICS`.

    Raises:
        ConfigError: There is no metric of that name.
        DataError: The two differ in length, or there is nothing to score.
    """
    if len(hypotheses) != len(references):
        raise DataError(
            f"{len(hypotheses)} hypotheses cannot be scored against {len(references)} references.",
            hint="Give exactly one hypothesis a reference, in the same order.",
        )
    if not hypotheses:
        raise DataError("There are no segments to score.")
    scores = []
    for spec in [_named(name) for name in names or METRICS]:
        metric = sacrebleu_metric(spec)
        value = metric.corpus_score(list(hypotheses), [list(references)]).score
        signature = f"{spec.signed_name}|{metric.get_signature()}"
        scores.append(
            Score(spec.name, round(float(value), 2), signature, len(hypotheses), spec.beta)
        )
    return scores


def sacrebleu_metric(spec: MetricSpec, **options: Any) -> Any:
    """Builds sacreBLEU's object for a metric; `options` go to its constructor."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.metrics.ter import TER

    if spec.family == "bleu":
        # `force` only keeps sacreBLEU from warning of text that looks tokenized.
        return BLEU(lowercase=spec.lowercase, tokenize=spec.tokenizer, force=True, **options)
    if spec.family == "chrf":
        return CHRF(beta=spec.beta or CHRF.BETA, word_order=spec.word_order, **options)
    return TER(**options)


def _named(name: str) -> MetricSpec:
    for spec in SPECS.values():
        if spec.name == name:
            return spec
    names = [spec.name for spec in SPECS.values()]
    raise ConfigError(f"There is no metric {name!r}.", hint=_choice(names))


def _choice(known: Sequence[str]) -> str:
    return f"Choose from {', '.join(known)}."
