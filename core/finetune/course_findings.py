"""Findings on the course of a run: its losses, scores, gradients and times."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence

from core.finetune.changes import remedy
from core.finetune.evidence import LIVE_SCORE, Evidence, Finding, Record, Severity, score_of

OVERFITTING_EVALS = 2  # evaluations in a row above the best dev loss
OVERFITTING_RISE = 0.01  # of the best dev loss
LEARNT = 0.5  # points of chrF++ that are more than chance on a few hundred segments
FORGOTTEN = 1.0
FORGOTTEN_MUCH = 5.0
SPIKE = 10.0  # times the median of the gradient norms
MAX_SPIKES = 0.01
PADDING = 0.25
MIN_EVALUATING_S = 30.0


def course_findings(evidence: Evidence) -> Iterator[Finding]:
    """Gives what the course of a run tells."""
    found = (
        _overfitting(evidence),
        _no_learning(evidence),
        _forgetting(evidence),
        _unstable(evidence),
        _padding(evidence),
        _evaluating(evidence),
    )
    yield from (each for each in found if each)


def _overfitting(evidence: Evidence) -> Finding | None:
    """Looks for a dev loss that rises while the training loss falls, and names the best step."""
    evals = [each for each in evidence.evals if each["step"] and each.get("loss") is not None]
    if len(evals) <= OVERFITTING_EVALS:
        return None
    best = min(evals, key=lambda each: float(each["loss"]))
    later = [each for each in evals if each["step"] > best["step"]]
    bound = (1 + OVERFITTING_RISE) * best["loss"]
    if len(later) < OVERFITTING_EVALS or min(each["loss"] for each in later[-2:]) < bound:
        return None
    before, after = _train_loss(evidence, best["step"]), _train_loss(evidence, evidence.step)
    if before is None or after is None or after >= before:
        return None
    scores = {each["step"]: score for each in evals if (score := score_of(each)) is not None}
    top = max(scores, key=lambda step: scores[step]) if scores else best["step"]
    still_better = top > best["step"]
    sentence = (
        f"It overfits: since step {best['step']:,} the dev loss rises, from {best['loss']:.3f} to "
        f"{later[-1]['loss']:.3f}, while the training loss falls from {before:.3f} to {after:.3f}."
    )
    if still_better:
        sentence += (
            f" {LIVE_SCORE} on dev is best at step {top:,} ({scores[top]:.1f}) all the same."
        )
    why = f"Ends at step {top:,}, the best of those that were evaluated."
    change = remedy(evidence.settings, why, max_steps=top)
    severity: Severity = "note" if still_better and top == evals[-1]["step"] else "warning"
    advice = "More data, dropout or weight decay make it come later."
    return Finding("overfitting", severity, sentence, advice, change)


def _train_loss(evidence: Evidence, step: int) -> float | None:
    """Gives the training loss around a step: the mean of the last records up to it."""
    losses = [float(each["loss"]) for each in evidence.train if each["step"] <= step]
    return statistics.fmean(losses[-max(1, len(losses) // 20) :]) if losses else None


def _no_learning(evidence: Evidence) -> Finding | None:
    """Looks for a dev score that never came above the base model's."""
    if not evidence.is_judged or not evidence.evals or evidence.evals[0]["step"]:
        return None
    base = score_of(evidence.evals[0])
    scores = [score for each in evidence.evals[1:] if (score := score_of(each)) is not None]
    if base is None or not scores or max(scores) >= base + LEARNT:
        return None
    first = _train_loss(evidence, int(evidence.train[0]["step"])) if evidence.train else None
    last = _train_loss(evidence, evidence.step)
    settings = evidence.settings
    rate = settings.learning_rate
    sentence = (
        f"It has not learnt: {LIVE_SCORE} on dev was {base:.1f} before training and at best "
        f"{max(scores):.1f} since."
    )
    if scores[-1] < base - FORGOTTEN:
        why = f"The scores fall below the base model's ({scores[-1]:.1f}): the steps are too large."
        change = remedy(settings, why, learning_rate=float(f"{rate / 3:.1g}"))
    elif first is not None and last is not None and last < 0.9 * first:
        why = "The training loss falls, so it is on its way: give it more steps."
        change = remedy(settings, why, num_epochs=2 * settings.num_epochs, **_twice(evidence))
    else:
        times = 10 if settings.method == "lora" else 3
        why = f"The training loss hardly moves: steps {times} times as large."
        change = remedy(settings, why, learning_rate=min(1.0, float(f"{rate * times:.1g}")))
    return Finding("no_learning", "problem", sentence, "", change)


def _twice(evidence: Evidence) -> dict[str, int]:
    steps = evidence.settings.max_steps
    return {"max_steps": 2 * steps} if steps else {}


def _forgetting(evidence: Evidence) -> Finding | None:
    """Compares scores on a general test set, where evaluations carry them."""
    scores = [score_of(each, among="general_scores") for each in evidence.evals]
    known = [score for score in scores if score is not None]
    if len(known) < 2 or known[0] - known[-1] < FORGOTTEN:
        return None
    drop = known[0] - known[-1]
    settings = evidence.settings
    sentence = (
        f"It forgets: {LIVE_SCORE} on the general-domain segments fell from {known[0]:.1f} to "
        f"{known[-1]:.1f}."
    )
    rate = float(f"{settings.learning_rate / 2:.1g}")
    change = remedy(settings, "Smaller steps change less of what it knew.", learning_rate=rate)
    if settings.method == "full":
        why = "LoRA leaves the given weights as they are and forgets less."
        lora_rate = max(settings.learning_rate, 2e-4)
        by_lora = remedy(settings, why, method="lora", freeze="nothing", learning_rate=lora_rate)
        change = by_lora or change
    advice = "General-domain segments mixed into the training hold against it."
    severity: Severity = "problem" if drop >= FORGOTTEN_MUCH else "warning"
    return Finding("forgetting", severity, sentence, advice, change)


def _unstable(evidence: Evidence) -> Finding | None:
    """Counts gradient norms far above the usual ones; the warm-up is left out."""
    settings = evidence.settings
    norms = [
        (each["step"], math.inf if each["grad_norm"] is None else float(each["grad_norm"]))
        for each in evidence.train
        if "grad_norm" in each and each["step"] > settings.warmup_steps
    ]
    finite = [norm for _, norm in norms if math.isfinite(norm)]
    if len(finite) < 20:
        return None
    median = statistics.median(finite)
    spikes = [(step, norm) for step, norm in norms if norm > SPIKE * median]
    if len(spikes) < max(3, MAX_SPIKES * len(norms)):
        return None
    step, worst = max(spikes, key=lambda each: each[1])
    shown = f"{worst:.1f}" if math.isfinite(worst) else "infinite"
    sentence = (
        f"It is unstable: {len(spikes):,} of {len(norms):,} gradient norms are more than "
        f"{SPIKE:.0f} times the usual {median:.2g}; the largest, {shown}, came at step {step:,}."
    )
    rate = float(f"{settings.learning_rate / 2:.1g}")
    values = {"learning_rate": rate, "warmup_steps": max(20, 2 * settings.warmup_steps)}
    if not 0 < settings.max_grad_norm <= 1:
        values["max_grad_norm"] = 1.0
    change = remedy(settings, "Half as large steps, and a longer warm-up.", **values)
    return Finding("unstable", "warning", sentence, "", change)


def _padding(evidence: Evidence) -> Finding | None:
    share = evidence.plan.get("padding_share")
    if share is None or share < PADDING:
        return None
    settings = evidence.settings
    sentence = f"{share:.0%} of what is computed is padding."
    if settings.batching != "fixed size":
        advice = "With so few segments those of one batch differ in length; more tokens per batch "
        return Finding("padding", "note", sentence, advice + "do not help.")
    longest = max(settings.max_source_length, settings.max_target_length)
    tokens = max(longest, round(settings.batch_size * _mean_length(evidence, longest)))
    why = "Batches of segments of similar length, about as many tokens in each as now."
    change = remedy(settings, why, batching="token budget", tokens_per_batch=tokens)
    return Finding("padding", "note", sentence, "", change)


def _mean_length(evidence: Evidence, longest: int) -> float:
    """Gives the tokens of one segment, as far as the records tell: the longer side, with room."""
    tokens = evidence.shares.get("tokens_per_segment")
    return float(tokens) if tokens else longest / 2


def _evaluating(evidence: Evidence) -> Finding | None:
    trained_s, evaluated_s = evidence.training_s, evidence.evaluating_s
    if evaluated_s < MIN_EVALUATING_S or evaluated_s <= trained_s:
        return None
    settings = evidence.settings
    sentence = (
        f"Evaluations take longer than training: {evaluated_s:,.0f} s against {trained_s:,.0f} s."
    )
    every = settings.eval_every_steps or int(evidence.plan.get("steps_per_epoch", 0))
    values = {"eval_every_steps": 2 * every} if every else {}
    if settings.eval_segments > 100:
        values["eval_segments"] = max(100, settings.eval_segments // 2)
    why = "Half as many evaluations, of fewer segments where there are many."
    return Finding("evaluating", "note", sentence, "", remedy(settings, why, **values))


def best_eval(evals: Sequence[Record], name: str = LIVE_SCORE) -> Record | None:
    """Gives the evaluation with the best score after the first step; None without any."""
    scored = [each for each in evals if each["step"] and score_of(each, name) is not None]
    return max(scored, key=lambda each: score_of(each, name) or 0.0) if scored else None
