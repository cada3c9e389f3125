"""A made-up evaluation: three systems that were scored and one that was not, by three metrics."""

from dataclasses import replace

import pytest

from core.evaluate.results import (
    DifferenceResult,
    EvaluationResult,
    MetricResult,
    RankResult,
    ScoreResult,
    SystemResult,
)

LEXICAL = "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"
SCORES = {
    ("base", "bleu"): (28.412345678901234, 1.3333333333333333),
    ("fine", "bleu"): (36.04, 1.2),
    ("llm", "bleu"): (36.03, 1.25),
    ("base", "ter"): (61.7, 1.9),
    ("fine", "ter"): (51.2, 1.7),
    ("llm", "ter"): (66.6, 1.8),
    ("base", "scoring:7"): (0.7312, 0.011),
    ("fine", "scoring:7"): (0.8021, 0.009),
    ("llm", "scoring:7"): (0.8153, 0.0085),
}


def _system(set_id: str, name: str, excluded: str = "") -> SystemResult:
    provenance = {
        "model": "facebook/nllb-200-distilled-600M",
        "parameters": {"beam": 5, "prompt": None},
    }
    return SystemResult(
        set_id, name, f"system-{set_id}", 500, 0, 1, 0.25, provenance, "2026-01-02T03:04:05.006Z",
        excluded,
    )  # fmt: skip


def _difference(set_id: str, metric: str) -> DifferenceResult:
    delta = SCORES[set_id, metric][0] - SCORES["base", metric][0]
    width = SCORES[set_id, metric][1] / 2
    return DifferenceResult(
        set_id, "base", metric, delta, delta - width, delta + width, 1 / 1001, 2 / 1001,
        is_significant=True, is_better=(delta < 0) == (metric == "ter"),
    )  # fmt: skip


@pytest.fixture
def result() -> EvaluationResult:
    return EvaluationResult(
        name="", test_set_hash="ab" * 32, test_set_name="LoResMT 2021", split="test",
        src_lang="eng_Latn", tgt_lang="gle_Latn", num_segments=500, num_scored=500,
        references=("reference",), baseline_id="base", test="bs", num_samples=1000, seed=12345,
        alpha=0.05,
        systems=(
            _system("base", "NLLB-200 600M"),
            _system("fine", "Fine-tuned"),
            _system("llm", "LLM"),
            _system("short", "Upload", excluded="12 of its 500 segments failed."),
        ),
        metrics=(
            MetricResult("bleu", "BLEU", f"BLEU|{LEXICAL}", False),
            MetricResult("ter", "TER", "TER|nrefs:1|case:lc|tok:tercom|norm:no", True),
            MetricResult("scoring:7", "COMET", "comet|wmt22", False, kind="external"),
        ),
        scores=tuple(
            ScoreResult(*key, value, value + 0.01, width, value - width, value + width, 500)
            for key, (value, width) in SCORES.items()
        ),
        differences=tuple(_difference(*key) for key in SCORES if key[0] != "base"),
        ranks=tuple(
            RankResult(set_id, metric, cluster, best, worst)
            for metric in ("bleu", "ter", "scoring:7")
            for set_id, cluster, best, worst in (
                ("base", 2, 3, 3), ("fine", 1, 1, 2), ("llm", 1, 1, 2),
            )
        ),
        leak="7 of 500 test segments also stand in train (English side 7).",
        leak_badge="leaks",
        notes=("One hypothesis is empty and counts as it is.",),
        versions={"sacrebleu": "2.6.0", "adaptMLLM": "1.0"},
        made_at="2026-01-02T03:04:05.006+00:00",
    )  # fmt: skip


@pytest.fixture
def judged(result: EvaluationResult) -> EvaluationResult:
    """The same with an LLM judge that failed here and there in place of COMET."""
    judge = MetricResult(
        "scoring:7", "LLM", "llm|v1", False, kind="judge", note="12 of 400 failed (3.0 %)."
    )
    scores = tuple(
        replace(each, num_segments=480) if each.metric == judge.key else each
        for each in result.scores
    )
    metrics = (*result.metrics[:2], judge)
    return replace(result, metrics=metrics, scores=scores, num_interval_samples=1000)
