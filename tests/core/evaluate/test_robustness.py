"""The same systems elsewhere: on several test sets, and on perturbed sources of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from core.errors import ConfigError
from core.evaluate import robustness
from core.evaluate.robustness import perturbation_of, score_drops, score_matrix
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace
from core.systems.batch.test_set import Perturbed

SOURCES = [f"This is the sentence number {at} of ten." for at in range(10)]
REFERENCES = [f"Seo í abairt uimhir {at} as deich gcinn." for at in range(10)]
GOOD = [
    text.replace("abairt", "an abairt") if at % 3 else text for at, text in enumerate(REFERENCES)
]
POOR = [f"Seo í abairt {at} a {'as deich ' * (at % 3)}" for at in range(10)]
CLEAN, FAR, NOISY = "c" * 64, "f" * 64, "n" * 64


def add(
    workspace: Workspace,
    set_id: str,
    hypotheses: Sequence[str | None],
    *,
    system: str = "model:a",
    test_set: str = CLEAN,
    day: int = 1,
    name: str = "",
    **provenance: Any,
) -> TranslationSet:
    record = TranslationSet(
        set_id, None, system, name or system.upper(), "c1", "Irish", "test", "eng_Latn",
        "gle_Latn", test_set, len(hypotheses), f"2024-01-{day:02}", provenance,
    )  # fmt: skip
    rows = zip(SOURCES, REFERENCES, hypotheses, strict=True)
    segments = [Hypothesis(set_id, at, *row) for at, row in enumerate(rows)]
    workspace.translation_sets.add_whole([(record, segments)])
    return record


def noise(name: str = "typos", num_changed: int = 8, *, of: str = CLEAN) -> dict[str, Any]:
    """How a batch says that it translated perturbed sources."""
    return {"perturbation": asdict(Perturbed(name, 1, of, num_changed))}


def bleu(hypotheses: Sequence[str]) -> float:
    return float(BLEU().corpus_score(hypotheses, [REFERENCES]).score)


def test_systems_and_test_sets_make_a_matrix(workspace: Workspace) -> None:
    add(workspace, "1", GOOD)
    add(workspace, "2", POOR, test_set=FAR)
    add(workspace, "3", POOR, system="model:b")
    matrix = score_matrix(workspace, "bleu")
    values = {place: cell.value for place, cell in matrix.cells.items()}
    assert values == {
        ("model:a", CLEAN): bleu(GOOD),
        ("model:a", FAR): bleu(POOR),
        ("model:b", CLEAN): bleu(POOR),
    }
    assert matrix.systems == {"model:a": "MODEL:A", "model:b": "MODEL:B"}
    assert set(matrix.test_sets) == {CLEAN, FAR} and matrix.num_left_out == 0
    cells = score_matrix(workspace, "ter").cells
    assert cells["model:a", CLEAN].value == TER().corpus_score(GOOD, [REFERENCES]).score


def test_of_several_sets_the_newest_whole_and_clean_one_counts(workspace: Workspace) -> None:
    add(workspace, "old", POOR, day=1, name="Old name")
    add(workspace, "new", GOOD, day=2, name="New name")
    add(workspace, "half", [None, *POOR[1:]], day=3)
    add(workspace, "noisy", POOR, test_set=NOISY, day=4, **noise())
    add(workspace, "far", POOR, test_set=FAR, day=1, name="Old name")
    matrix = score_matrix(workspace, "bleu")
    assert {place: cell.set_id for place, cell in matrix.cells.items()} == {
        ("model:a", CLEAN): "new", ("model:a", FAR): "far",
    }  # fmt: skip
    assert matrix.systems == {"model:a": "New name"}


def test_a_cell_that_takes_too_long_is_left_out(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(robustness, "CELL_LIMIT_S", 0.0)
    add(workspace, "1", GOOD)
    add(workspace, "2", POOR, test_set=NOISY, **noise())
    matrix = score_matrix(workspace, "ter")
    assert matrix.cells["model:a", CLEAN].value is None and matrix.num_left_out == 1
    drops = score_drops(workspace, CLEAN, "ter")
    assert (drops.found, drops.num_left_out) == ((), 1)


@pytest.mark.parametrize("metric", ["bleu", "chrf2", "ter"])
def test_a_drop_is_the_difference_of_the_two_scores(metric: str, workspace: Workspace) -> None:
    add(workspace, "clean", GOOD)
    add(workspace, "noisy", POOR, test_set=NOISY, **noise())
    (drop,) = score_drops(workspace, CLEAN, metric).found
    scorer = {"bleu": BLEU(), "chrf2": CHRF(), "ter": TER()}[metric]
    before, after = (scorer.corpus_score(each, [REFERENCES]).score for each in (GOOD, POOR))
    assert (drop.clean, drop.perturbed, drop.delta) == (before, after, after - before)
    assert drop.low < drop.delta < drop.high and drop.is_significant
    assert (drop.perturbation, drop.num_changed, drop.num_segments) == ("typos", 8, 10)
    assert (drop.system_id, drop.system_name, drop.set_id) == ("model:a", "MODEL:A", "noisy")


def test_a_drop_is_significant_at_the_level_asked_for(workspace: Workspace) -> None:
    slightly = [text if at % 4 else REFERENCES[at] for at, text in enumerate(GOOD)]
    add(workspace, "clean", GOOD)
    add(workspace, "noisy", [*slightly[:-1], "Seo"], test_set=NOISY, **noise())
    verdicts = {
        level: score_drops(workspace, CLEAN, "chrf2", level=level).found[0].is_significant
        for level in (0.001, 0.05, 0.9)
    }
    assert verdicts == {0.001: False, 0.05: False, 0.9: True}


def test_the_same_translations_are_no_drop(workspace: Workspace) -> None:
    add(workspace, "clean", GOOD)
    add(workspace, "noisy", GOOD, test_set=NOISY, **noise())
    (drop,) = score_drops(workspace, CLEAN, "bleu").found
    assert (drop.delta, drop.low, drop.high, drop.is_significant) == (0, 0, 0, False)


def test_drops_are_of_this_test_set_and_of_systems_with_clean_translations(
    workspace: Workspace,
) -> None:
    add(workspace, "clean", GOOD)
    add(workspace, "older", POOR, test_set=NOISY, day=1, **noise())
    add(workspace, "newer", GOOD, test_set=NOISY, day=2, **noise())
    add(workspace, "half", [None, *POOR[1:]], test_set=NOISY, day=3, **noise())
    add(workspace, "upper", POOR, test_set="u" * 64, **noise("uppercase"))
    add(workspace, "elsewhere", POOR, test_set="x" * 64, **noise(of=FAR))
    add(workspace, "no clean", POOR, system="model:b", test_set=NOISY, **noise())
    found = score_drops(workspace, CLEAN, "bleu").found
    assert [(each.perturbation, each.set_id) for each in found] == [
        ("typos", "newer"), ("uppercase", "upper"),
    ]  # fmt: skip
    assert score_drops(workspace, FAR, "bleu").found == ()


def test_a_drop_is_from_the_same_prompt_where_there_is_one(workspace: Workspace) -> None:
    add(workspace, "same", GOOD, day=1, prompt="A", version="v1")
    add(workspace, "another", POOR, day=2, prompt="B")
    add(workspace, "noisy", GOOD, test_set=NOISY, prompt="A", **noise())
    (drop,) = score_drops(workspace, CLEAN, "bleu").found
    assert (drop.clean, drop.delta) == (bleu(GOOD), 0)
    add(workspace, "unlike", GOOD, test_set="u" * 64, prompt="C", **noise("noise"))
    drops = {each.perturbation: each for each in score_drops(workspace, CLEAN, "bleu").found}
    assert drops["noise"].clean == bleu(POOR)  # the newest, as none is alike
    assert drop.is_same_origin and not drops["noise"].is_same_origin


def test_p_of_drops_is_corrected_over_the_table(workspace: Workspace) -> None:
    add(workspace, "clean", GOOD)
    add(workspace, "noisy", POOR, test_set=NOISY, **noise())
    (alone,) = score_drops(workspace, CLEAN, "bleu").found
    add(workspace, "upper", POOR, test_set="u" * 64, **noise("uppercase"))
    for drop in score_drops(workspace, CLEAN, "bleu").found:
        assert drop.p_corrected == 2 * alone.p_corrected


def test_a_perturbation_is_told_as_the_batch_wrote_it(workspace: Workspace) -> None:
    assert perturbation_of(add(workspace, "clean", GOOD)) == {}
    about = perturbation_of(add(workspace, "noisy", GOOD, test_set=NOISY, **noise()))
    assert about == {"name": "typos", "seed": 1, "of_test_set": CLEAN, "num_changed": 8}


@pytest.mark.parametrize(
    ("metric", "tokenizer"), [("meteor", "13a"), ("scoring:c1", "13a"), ("bleu", "x")]
)
def test_an_unknown_metric_or_tokenizer_is_refused(
    metric: str, tokenizer: str, workspace: Workspace
) -> None:
    with pytest.raises(ConfigError):
        score_matrix(workspace, metric, tokenizer=tokenizer)
    with pytest.raises(ConfigError):
        score_drops(workspace, CLEAN, metric, tokenizer=tokenizer)
