"""The same systems elsewhere: on several test sets, and on perturbed sources of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.evaluate.measuring import MeasuredMetric, measure_metrics, seconds_missing
from core.evaluate.settings import EvaluationSettings
from core.evaluate.texts import load_texts
from core.metrics.comparison import LEVEL, Measured
from core.metrics.lexical import find_specs
from core.metrics.measures import corpus_value
from core.metrics.ranking import corrected
from core.metrics.significance import NUM_SAMPLES, SEED, paired_bootstrap
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace
from core.systems.batch.origin import decisive

CLEAN = "clean"
CELL_LIMIT_S = 2.0  # a page computes at most so much for one cell


@dataclass(frozen=True)
class Cell:
    """One system on one test set.

    Attributes:
        set_id: The newest complete translation set of the two.
        value: Its score; None where computing it would take too long for a page.
    """

    set_id: str
    value: float | None


@dataclass(frozen=True)
class Matrix:
    """Scores of systems on test sets.

    Attributes:
        test_sets: One of the translation sets of each, by hash.
        systems: Names by the system's id.
        cells: By the system's id and the test set's hash; a pair without translations is absent.
    """

    test_sets: dict[str, TranslationSet]
    systems: dict[str, str]
    cells: dict[tuple[str, str], Cell]

    @property
    def num_left_out(self) -> int:
        """Cells that were not computed."""
        return sum(cell.value is None for cell in self.cells.values())


def score_matrix(workspace: Workspace, metric: str, *, tokenizer: str = "13a") -> Matrix:
    """Scores every system on every test set that it translated completely, perturbed ones aside.

    Args:
        workspace: Where the translations are.
        metric: A key of sacreBLEU's metrics.
        tokenizer: BLEU's.

    Raises:
        ConfigError: There is no such metric or tokenizer.
    """
    find_specs([metric], tokenizer=tokenizer)
    sets = [each for each in workspace.translation_sets.all() if not perturbation_of(each)]
    newest: dict[tuple[str, str], TranslationSet] = {}
    for each in sets:  # the newest first
        if workspace.translation_sets.counts(each.id).num_done == each.num_segments:
            newest.setdefault((each.system_id, each.test_set_hash), each)
    cells = {
        place: Cell(each.id, _value(workspace, each, metric, tokenizer))
        for place, each in newest.items()
    }
    return Matrix(
        {each.test_set_hash: each for each in newest.values()},
        {each.system_id: each.system_name for each in reversed(newest.values())},
        cells,
    )


def _settings(
    test_set: str, set_ids: Iterable[str], metric: str, tokenizer: str
) -> EvaluationSettings:
    return EvaluationSettings.parse(
        {
            "test_set": test_set,
            "systems": tuple(set_ids),
            "metrics": (metric,),
            "tokenizer": tokenizer,
        }
    )


def _value(workspace: Workspace, each: TranslationSet, metric: str, tokenizer: str) -> float | None:
    measured = _measured(workspace, each, metric, tokenizer)
    return None if measured is None else corpus_value(measured.measure, measured.rows[each.id])


def _measured(
    workspace: Workspace, each: TranslationSet, metric: str, tokenizer: str
) -> MeasuredMetric | None:
    """Gives one set's statistics; None where a page should not wait for them."""
    settings = _settings(each.test_set_hash, [each.id], metric, tokenizer)
    texts = load_texts(workspace, each.test_set_hash, [each.id])
    if seconds_missing(workspace, texts, settings) > CELL_LIMIT_S:
        return None
    return measure_metrics(workspace, texts, settings)[0]


@dataclass(frozen=True)
class Drop:
    """What a perturbation of the sources costs one system.

    Attributes:
        system_id, system_name: Who translated.
        perturbation: Its name.
        clean, perturbed: The scores.
        delta: `perturbed` minus `clean`.
        low, high: 95 % interval of the delta, from the same resamples of both.
        num_changed: Sources that the perturbation changed.
        num_segments: All of them.
        p_corrected: Of the paired bootstrap, after Holm over all drops of the table.
        is_significant: Whether the drop is more than the chance in the choice of segments.
        is_same_origin: Whether both were translated by the same model, prompt and parameters.
        set_id: The translations of the perturbed sources.
    """

    system_id: str
    system_name: str
    perturbation: str
    clean: float
    perturbed: float
    delta: float
    low: float
    high: float
    num_changed: int
    num_segments: int
    p_corrected: float
    is_significant: bool
    is_same_origin: bool
    set_id: str


@dataclass(frozen=True)
class Drops:
    """All drops on one test set.

    Attributes:
        found: One a system and perturbation.
        num_left_out: Those that would take too long for a page.
    """

    found: tuple[Drop, ...]
    num_left_out: int


def score_drops(
    workspace: Workspace,
    test_set_hash: str,
    metric: str,
    *,
    tokenizer: str = "13a",
    level: float = LEVEL,
) -> Drops:
    """Compares each system's translations of perturbed sources with those of the clean ones.

    By the first reference, with the texts as they are stored.

    Args:
        workspace: Where the translations are.
        test_set_hash: The clean test set.
        metric: A key of sacreBLEU's metrics.
        tokenizer: BLEU's.
        level: Of significance.

    Raises:
        ConfigError: There is no such metric or tokenizer.
    """
    find_specs([metric], tokenizer=tokenizer)
    sets = _complete(workspace, workspace.translation_sets.all())
    clean: dict[str, list[TranslationSet]] = {}
    newest: dict[tuple[str, str], TranslationSet] = {}
    for each in sets:  # the newest first
        if each.test_set_hash == test_set_hash:
            clean.setdefault(each.system_id, []).append(each)
    for each in sets:
        perturbed = perturbation_of(each)
        if perturbed and perturbed["of_test_set"] == test_set_hash and each.system_id in clean:
            newest.setdefault((each.system_id, perturbed["name"]), each)
    drops = [
        _drop(workspace, _counterpart(each, clean[system_id]), each, metric, tokenizer)
        for (system_id, _), each in sorted(newest.items())
    ]
    found = [drop for drop in drops if drop is not None]
    return Drops(_corrected_together(found, level), len(drops) - len(found))


def _corrected_together(drops: Sequence[Drop], level: float) -> tuple[Drop, ...]:
    p_values = corrected([drop.p_corrected for drop in drops]) if drops else []
    return tuple(
        replace(drop, p_corrected=p, is_significant=p < level)
        for drop, p in zip(drops, p_values, strict=True)
    )


def perturbation_of(each: TranslationSet) -> dict[str, Any]:
    """Gives how the sources of a set were perturbed; empty if they were not."""
    found: dict[str, Any] = each.provenance.get("perturbation") or {}
    return found


def _counterpart(perturbed: TranslationSet, clean: Sequence[TranslationSet]) -> TranslationSet:
    """Gives the newest clean set by the same model and prompt, else the newest of the system."""
    same = [each for each in clean if _is_same_origin(each, perturbed)]
    return next(iter(same), clean[0])


def _is_same_origin(one: TranslationSet, other: TranslationSet) -> bool:
    origins = [decisive({**each.provenance, "perturbation": None}) for each in (one, other)]
    return origins[0] == origins[1]


def _complete(workspace: Workspace, sets: Sequence[TranslationSet]) -> list[TranslationSet]:
    counts = workspace.translation_sets.counts
    return [each for each in sets if counts(each.id).num_done == each.num_segments]


def _drop(
    workspace: Workspace,
    clean: TranslationSet,
    perturbed: TranslationSet,
    metric: str,
    tokenizer: str,
) -> Drop | None:
    """Gives one drop, its p as of this comparison alone; None where it would take too long."""
    before = _measured(workspace, clean, metric, tokenizer)
    after = _measured(workspace, perturbed, metric, tokenizer)
    if before is None or after is None:
        return None
    rows = {CLEAN: before.rows[clean.id], perturbed.id: after.rows[perturbed.id]}
    (compared,) = paired_bootstrap(
        [Measured(before.measure, rows)],
        baseline=CLEAN,
        num_samples=NUM_SAMPLES,
        seed=SEED,
    )
    pair = compared.against_baseline[0]
    values = {each.system: each.value for each in compared.systems}
    about = perturbation_of(perturbed)
    delta = pair.delta
    return Drop(
        clean.system_id,
        clean.system_name,
        about["name"],
        values[CLEAN],
        values[perturbed.id],
        delta,
        pair.interval.low if pair.interval else delta,
        pair.interval.high if pair.interval else delta,
        int(about["num_changed"]),
        perturbed.num_segments,
        pair.p_corrected,
        pair.is_significant(),
        _is_same_origin(clean, perturbed),
        perturbed.id,
    )
