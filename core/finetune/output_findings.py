"""Findings on what a run translates: language, length, unknown tokens, loops, nothing at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.corpora.language_evidence import MIN_GUESSED_CHARS, guess_language
from core.finetune.changes import Remedy, remedy
from core.finetune.evidence import Evidence, Finding, Severity
from core.finetune.recipes import SCRATCH
from core.finetune.settings import FineTuneSettings
from core.languages import language_name
from core.text.repetition import is_degenerate
from core.text.scripts import foreign_share
from core.text.spans import without_spans

MIN_OUTPUTS = 5  # fewer tell nothing about the others
MIN_EXCESS = 0.1  # of the outputs, beyond the references' own share
MUCH = 0.3
GUESS_EXCESS = 0.3  # an identifier errs on short segments, on outputs as on references
CAPPED = 0.05
CUT = 0.02
UNKNOWN = 0.01
MAX_GUESSED = 500


def output_findings(evidence: Evidence) -> Iterator[Finding]:
    """Gives what the translations of a run tell, and the shares of its training split."""
    if evidence.is_judged:
        if len(evidence.outputs) >= MIN_OUTPUTS:
            found = (_language(evidence), _empty(evidence), _repeated(evidence))
            yield from (each for each in found if each)
        yield from _capped(evidence)
    yield from _cut(evidence)
    yield from _unknown(evidence)


def _language(evidence: Evidence) -> Finding | None:
    """Looks for outputs in another script or language than the references; one finding at most."""
    found = _script(evidence) or _copied(evidence) or _guessed(evidence)
    if found is None:
        return None
    advice = (
        "Look for rows in the wrong language with the corpus's doctor, and see on Fine-tune that "
        "the first token of every translation is that of the target language."
    )
    severity: Severity = "problem" if found[1] >= MUCH else "warning"
    change = _more_training(evidence)
    return Finding("wrong_language", severity, found[0], advice, change)


def _script(evidence: Evidence) -> tuple[str, float] | None:
    lang = evidence.settings.tgt_lang
    hypotheses = [_is_foreign(each.hypothesis, lang) for each in evidence.outputs]
    references = [_is_foreign(each.reference, lang) for each in evidence.outputs]
    excess = _share(hypotheses) - _share(references)
    if excess < MIN_EXCESS:
        return None
    sentence = (
        f"{sum(hypotheses):,} of {len(hypotheses):,} {evidence.outputs_of} are not in the script "
        f"of {language_name(lang)}; of their references {sum(references):,}."
    )
    return sentence, excess


def _is_foreign(text: str, lang: str) -> bool:
    share = foreign_share(without_spans(text), lang)
    return share is not None and share > 0.5


def _copied(evidence: Evidence) -> tuple[str, float] | None:
    """Counts outputs that are their own source; names and numbers are so in references, too."""
    hypotheses = [_is_same(each.hypothesis, each.source) for each in evidence.outputs]
    references = [_is_same(each.reference, each.source) for each in evidence.outputs]
    excess = _share(hypotheses) - _share(references)
    if excess < MIN_EXCESS:
        return None
    sentence = (
        f"{sum(hypotheses):,} of {len(hypotheses):,} {evidence.outputs_of} are copies of their "
        f"source; of their references {sum(references):,}."
    )
    return sentence, excess


def _is_same(text: str, other: str) -> bool:
    return bool(text.strip()) and text.split() == other.split()


def _guessed(evidence: Evidence) -> tuple[str, float] | None:
    """Asks a language identifier about outputs and references alike."""
    lang = evidence.settings.tgt_lang
    long_ones = [
        each
        for each in evidence.outputs
        if min(len(each.hypothesis), len(each.reference)) >= MIN_GUESSED_CHARS
    ][:MAX_GUESSED]
    if len(long_ones) < MIN_OUTPUTS:
        return None
    outputs = guess_language([each.hypothesis for each in long_ones], lang)
    references = guess_language([each.reference for each in long_ones], lang)
    if outputs.share is None or references.share is None:
        return None
    lacking = references.share - outputs.share
    other = next((guess for guess in outputs.guesses if guess[0] != lang), None)
    # An identifier that does not see the language in the references sees nothing in outputs.
    if lacking < GUESS_EXCESS or references.share < 0.5 or other is None:
        return None
    sentence = (
        f"{outputs.share:.0%} of {len(long_ones):,} {evidence.outputs_of} look like "
        f"{language_name(lang)}, of their references {references.share:.0%}; most of the others "
        f"look like {_name(other[0])}."
    )
    return sentence, lacking


def _name(code: str) -> str:
    return language_name(code) if "_" in code else f"the language {code!r}"


def _empty(evidence: Evidence) -> Finding | None:
    empty = [
        not each.hypothesis.strip() and bool(each.reference.strip()) for each in evidence.outputs
    ]
    if _share(empty) < CUT:
        return None
    severity: Severity = "problem" if _share(empty) >= MIN_EXCESS else "warning"
    sentence = f"{sum(empty):,} of {len(empty):,} {evidence.outputs_of} are empty."
    change = _more_training(evidence)
    return Finding("empty", severity, sentence, "", change)


def _repeated(evidence: Evidence) -> Finding | None:
    loops = [is_degenerate(each.source, each.hypothesis) for each in evidence.outputs]
    usual = [is_degenerate(each.source, each.reference) for each in evidence.outputs]
    excess = _share(loops) - _share(usual)
    if excess < CUT or sum(loops) < 2:
        return None
    severity: Severity = "problem" if excess >= MIN_EXCESS else "warning"
    sentence = (
        f"{sum(loops):,} of {len(loops):,} {evidence.outputs_of} say the same over and over, or "
        "run far beyond their source."
    )
    settings = evidence.settings
    change = _more_training(evidence)
    if change is None and settings.num_beams == 1 and evidence.outputs_of == "test segments":
        change = remedy(settings, "Several beams fall into fewer loops than one.", num_beams=4)
    return Finding("repeated", severity, sentence, "", change)


def _more_training(evidence: Evidence) -> Remedy | None:
    """Proposes more steps where the dev loss was still falling at the end."""
    losses = [each["loss"] for each in evidence.evals if each.get("loss") is not None]
    if len(losses) < 2 or losses[-1] > min(losses[:-1]):
        return None
    settings = evidence.settings
    values = {"num_epochs": min(1000, 2 * settings.num_epochs)}
    if settings.max_steps:
        values["max_steps"] = 2 * settings.max_steps
    why = f"The dev loss was still falling ({losses[-2]:.3f} to {losses[-1]:.3f}): train longer."
    return remedy(settings, why, **values)


def _capped(evidence: Evidence) -> Iterator[Finding]:
    """Looks for translations that ended at the length limit rather than by themselves."""
    num, total = evidence.num_capped, evidence.num_decoded
    if not total or num / total < CAPPED:
        return
    settings = evidence.settings
    longer = min(4096, 2 * settings.max_target_length)
    of = evidence.outputs_of if evidence.outputs_of == "test segments" else "dev segments"
    sentence = (
        f"{num:,} of {total:,} translations of {of} were cut at {settings.max_target_length} "
        "tokens."
    )
    loops = [is_degenerate(each.source, each.hypothesis) for each in evidence.outputs]
    if _share(loops) >= CAPPED:
        advice = "They run in loops: a higher limit would only make them longer."
        yield Finding("truncated", "warning", sentence, advice, _more_training(evidence))
        return
    why = "Room for translations of twice the length."
    change = remedy(settings, why, max_target_length=longer)
    yield Finding("truncated", "warning", sentence, "", change)


def _cut(evidence: Evidence) -> Iterator[Finding]:
    source = float(evidence.shares.get("cut_source") or 0)
    target = float(evidence.shares.get("cut_target") or 0)
    if max(source, target) < CUT:
        return
    settings = evidence.settings
    values: dict[str, int] = {}
    if source >= CUT:
        values["max_source_length"] = min(4096, 2 * settings.max_source_length)
    if target >= CUT:
        values["max_target_length"] = min(4096, 2 * settings.max_target_length)
    sentence = (
        f"Of the training segments {source:.1%} have their source cut at "
        f"{settings.max_source_length} tokens, and {target:.1%} their target at "
        f"{settings.max_target_length}."
    )
    why = "Segments are seen whole; what is cut teaches the model to stop too early."
    yield Finding(
        "cut", "warning", sentence, "", remedy(settings, why, **_fitting(settings, values))
    )


def _fitting(settings: FineTuneSettings, values: dict[str, int]) -> dict[str, int]:
    """Raises the token budget where a single segment would no longer fit."""
    longest = max(values.values())
    if settings.batching == "token budget" and settings.tokens_per_batch < longest:
        return {**values, "tokens_per_batch": longest}
    return values


def _unknown(evidence: Evidence) -> Iterator[Finding]:
    source = float(evidence.shares.get("unknown_source") or 0)
    target = float(evidence.shares.get("unknown_target") or 0)
    if max(source, target) < UNKNOWN:
        return
    settings = evidence.settings
    sentence = (
        f"The model does not know {source:.1%} of the source tokens and {target:.1%} of the target "
        "tokens of the training split."
    )
    change = None
    if settings.base_model == SCRATCH:
        pieces = min(256_000, 2 * settings.scratch_pieces)
        change = remedy(settings, "A larger vocabulary.", scratch_pieces=pieces)
    advice = "The corpus's page lists them; what is unknown is never translated."
    severity: Severity = "problem" if max(source, target) >= MIN_EXCESS else "warning"
    yield Finding("unknown_tokens", severity, sentence, advice, change)


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else 0.0
