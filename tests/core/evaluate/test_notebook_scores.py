"""The five scores of the original notebook; tests/data/README.md says how they were made."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from core.__main__ import main
from core.evaluate.adding import add_upload, target_of_upload
from core.evaluate.combining import as_references, as_sources, combined
from core.evaluate.evaluating import evaluate
from core.evaluate.formats.reading import read_upload
from core.evaluate.settings import EvaluationSettings
from core.storage.workspace import PROJECT, Workspace

FOLDER = PROJECT / "tests/data/notebook"
METRICS = ("bleu", "bleu-lc", "ter", "chrf1", "chrf3")

# What the sacreBLEU command line printed by default and with -w 4, and its signature.
CHRF_SIGNATURE = "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0"
PRINTED = {
    "bleu": (
        "49.9", "49.8934", "BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0", None,
    ),
    "bleu-lc": (
        "53.7", "53.6757", "BLEU|nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:2.6.0", None,
    ),
    "ter": (
        "35.0", "35.0211",
        "TER|nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:2.6.0", None,
    ),
    "chrf1": ("73.0", "72.9564", f"chrF1|{CHRF_SIGNATURE}", 1),
    "chrf3": ("69.6", "69.6376", f"chrF3|{CHRF_SIGNATURE}", 3),
}  # fmt: skip


@pytest.fixture(scope="module")
def unrounded() -> dict[str, float]:
    """What the objects that the notebook's five commands stand for give, to the last digit."""
    objects = {
        "bleu": BLEU(force=True),
        "bleu-lc": BLEU(lowercase=True, force=True),
        "ter": TER(),
        "chrf1": CHRF(beta=1),
        "chrf3": CHRF(beta=3),
    }
    hypotheses, references = (
        (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        for name in ("hypotheses", "references")
    )
    return {
        key: metric.corpus_score(hypotheses, [references]).score for key, metric in objects.items()
    }


@pytest.fixture
def scored_by_command(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The rows of `evaluate score`, by metric."""
    words = ["evaluate", "score", "--metrics", ",".join(METRICS), "--samples", "0", "--json"]
    words += ["--hypotheses", str(FOLDER / "hypotheses.txt")]
    words += ["--references", str(FOLDER / "references.txt")]
    assert main([*words, "--workspace", str(workspace.root)]) == 0
    return {row["metric"]: row for row in json.loads(capsys.readouterr().out)["scores"]}


@pytest.fixture
def scored_by_page(workspace: Workspace) -> dict[str, Any]:
    """The scores and metrics of an evaluation as the Evaluate page makes it, by metric."""
    uploads = {
        name: read_upload(f"{name}.txt", (FOLDER / f"{name}.txt").read_bytes())
        for name in ("hypotheses", "sources", "references")
    }
    parts = [as_sources(uploads["sources"]), as_references(uploads["references"])]
    upload = combined([uploads["hypotheses"], *parts])
    target = target_of_upload(upload, "Notebook", "eng_Latn", "gle_Latn")
    added = add_upload(workspace, upload, target)
    settings = EvaluationSettings(
        test_set=target.hash, systems=tuple(each.id for each in added.sets), metrics=METRICS
    )
    result = evaluate(workspace, settings, name="Notebook").result
    rows = {score.metric: vars(score) for score in result.scores}
    return {metric.key: {**vars(metric), **rows[metric.key]} for metric in result.metrics}


@pytest.fixture(params=["scored_by_command", "scored_by_page"])
def scored(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Either of the two."""
    found: dict[str, Any] = request.getfixturevalue(request.param)
    return found


def test_scores_are_what_the_sacrebleu_command_line_printed(scored: dict[str, Any]) -> None:
    found = {
        key: (f"{row['value']:.1f}", f"{row['value']:.4f}", row["signature"], row["beta"])
        for key, row in scored.items()
    }
    assert found == PRINTED


def test_scores_equal_sacrebleu_to_the_last_digit(
    scored: dict[str, Any], unrounded: dict[str, float]
) -> None:
    assert {key: row["value"] for key, row in scored.items()} == unrounded
    assert {row["num_segments"] for row in scored.values()} == {25}


def test_only_name_and_beta_tell_the_signatures_of_chrf1_and_chrf3_apart(
    scored: dict[str, Any],
) -> None:
    tails = {scored[key]["signature"].partition("|")[2] for key in ("chrf1", "chrf3")}
    assert tails == {CHRF_SIGNATURE}
    assert [scored[key]["beta"] for key in ("chrf1", "chrf3")] == [1, 3]


def test_the_empty_hypothesis_is_counted(scored_by_page: dict[str, Any], workspace: Any) -> None:
    (record,) = workspace.translation_sets.all()
    assert record.provenance["num_empty"] == 1
    assert workspace.translation_sets.counts(record.id).num_done == 25
