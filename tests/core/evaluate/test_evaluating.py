"""An evaluation from stored texts: sacreBLEU's scores, what is left out, and what is said of it."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER
from sacrebleu.significance import PairedTest

from core.errors import DataError
from core.evaluate.evaluating import Evaluated, evaluate
from core.evaluate.settings import EvaluationSettings
from core.storage.scoring_records import Scoring, SegmentScore
from core.storage.workspace import Workspace
from tests.core.evaluate.scored_sets import HASH, REFERENCES, add_set

SACREBLEU = {
    "bleu": BLEU(),
    "bleu-lc": BLEU(lowercase=True),
    "ter": TER(),
    "chrf1": CHRF(beta=1),
    "chrf2": CHRF(),
    "chrf3": CHRF(beta=3),
    "chrf++": CHRF(word_order=2),
}
TEXT = "an bhanaltra Scríobh litir fhada 3.5 kg d'úlla, inné ar maidin! परिचारिका पत्र लिहिते ।"
WORDS = TEXT.split()
NUM = 30


def made(seed: int, rate: float, *, num: int = NUM) -> list[str]:
    """References (rate 0) or hypotheses in which so many words differ from them, some empty."""
    rng = random.Random(1)
    texts = [[rng.choice(WORDS) for _ in range(rng.randint(1, 12))] for _ in range(num)]
    other = random.Random(seed)
    texts = [[other.choice(WORDS) if other.random() < rate else w for w in ws] for ws in texts]
    return ["" if rate and at % 11 == 7 else " ".join(words) for at, words in enumerate(texts)]


REFS = made(1, 0)
SYSTEMS = {"good": made(2, 0.2), "poor": made(3, 0.7)}


@pytest.fixture
def ready(workspace: Workspace) -> Workspace:
    """A test set of thirty segments with two systems, one clearly better."""
    for name, texts in SYSTEMS.items():
        add_set(workspace, name, texts, references=REFS)
    return workspace


def run(workspace: Workspace, *systems: str, **values: Any) -> Evaluated:
    given = {"test_set": HASH, "systems": systems, "num_samples": 100, "metrics": ["bleu"]}
    return evaluate(workspace, EvaluationSettings.parse(given | values))


def value_of(found: Evaluated, set_id: str, metric: str) -> float:
    score = found.result.score(set_id, metric)
    assert score is not None
    return score.value


def add_scoring(
    workspace: Workspace, values: Mapping[str, Sequence[float | None]], **changes: Any
) -> str:
    """Stores the values that a scorer gave some systems; gives its key as a metric."""
    given: dict[str, Any] = {
        "id": "c1", "kind": "external", "name": "COMET", "test_set_hash": HASH,
        "created_at": "2024-01-01",
    }  # fmt: skip
    scoring = Scoring(**(given | changes))
    rows = [
        SegmentScore(scoring.id, set_id, at, value)
        for set_id, own in values.items()
        for at, value in enumerate(own)
    ]
    workspace.scorings.add(scoring, rows)
    return f"scoring:{scoring.id}"


# Scores


@pytest.mark.parametrize("further", [[], ["B"]], ids=["one reference", "several, with gaps"])
def test_scores_are_sacrebleus_to_the_last_bit(further: list[str], ready: Workspace) -> None:
    second = [None if at % 3 == 0 else text for at, text in enumerate(made(4, 0.3))]
    ready.test_set_texts.store(HASH, "reference", "B", second)
    found = run(
        ready, *SYSTEMS, metrics=tuple(SACREBLEU), references=("reference", *further)
    )  # fmt: skip
    references: list[Any] = [REFS, second] if further else [REFS]
    for name, hypotheses in SYSTEMS.items():
        for key, metric in SACREBLEU.items():
            expected = metric.corpus_score(hypotheses, references).score
            assert value_of(found, name, key) == expected
    signatures = {each.key: each.signature for each in found.result.metrics}
    for key, metric in SACREBLEU.items():
        assert signatures[key].partition("|")[2] == str(metric.get_signature())
    betas = {each.key: each.beta for each in found.result.metrics if each.beta}
    assert betas == {"chrf1": 1, "chrf2": 2, "chrf3": 3, "chrf++": 2}
    note = "Each hypothesis is compared with 2 references."
    assert (note in found.result.notes) == bool(further)


@pytest.mark.parametrize("test", ["bs", "ar"])
def test_differences_are_those_of_sacrebleus_paired_test(test: str, ready: Workspace) -> None:
    found = run(ready, "good", "poor", metrics=("bleu", "chrf2"), test=test)
    paired = PairedTest(
        [(name, texts) for name, texts in SYSTEMS.items()],
        {"BLEU": BLEU(references=[REFS]), "chrF2": CHRF(references=[REFS])},
        references=None,
        test_type=test,
        n_samples=100,
    )
    _, scores = paired()
    for key, name in (("bleu", "BLEU"), ("chrf2", "chrF2")):
        difference = found.result.difference("poor", key)
        assert difference is not None and difference.baseline_id == "good"
        assert difference.p_value == getattr(scores[name][1], "p_value", None)
        assert difference.delta == value_of(found, "poor", key) - value_of(found, "good", key)
        assert difference.low is not None and difference.high is not None
        assert difference.low < difference.delta < difference.high < 0
        assert difference.is_significant and not difference.is_better
        ranks = [found.result.rank(each, key) for each in ("good", "poor")]
        assert [each.cluster for each in ranks if each] == [1, 2]
    assert found.result.metrics[0].test_signature.count(f"|{test}:100|seed:12345|") == 1


def test_another_baseline_turns_the_difference_round(ready: Workspace) -> None:
    one = run(ready, "good", "poor").result.difference("poor", "bleu")
    other = run(ready, "good", "poor", baseline="poor").result.difference("good", "bleu")
    assert one is not None and other is not None
    assert (one.delta, one.p_value) == (-other.delta, other.p_value)
    assert other.is_better and other.is_significant


def test_identical_systems_never_differ_significantly(ready: Workspace) -> None:
    add_set(ready, "twin", SYSTEMS["good"], references=REFS)
    for test in ("bs", "ar"):
        found = run(ready, "good", "twin", metrics=("bleu", "ter"), test=test).result
        for key in ("bleu", "ter"):
            difference = found.difference("twin", key)
            assert difference is not None
            assert (difference.delta, difference.p_corrected) == (0, 1)
            assert not difference.is_significant and not difference.is_better
            ranks = [found.rank(each, key) for each in ("good", "twin")]
            assert [(r.cluster, r.best_rank, r.worst_rank) for r in ranks if r] == [(1, 1, 2)] * 2


def test_one_segment_is_scored_and_nothing_claimed_of_it(workspace: Workspace) -> None:
    add_set(workspace, "one", ["Scríobhann an bhanaltra litir."])
    add_set(workspace, "two", ["rud éigin eile ar fad"])
    for test in ("bs", "ar"):
        found = run(workspace, "one", "two", metrics=tuple(SACREBLEU), test=test)
        for key, metric in SACREBLEU.items():
            expected = metric.corpus_score(["rud éigin eile ar fad"], [[REFERENCES[0]]]).score
            assert value_of(found, "two", key) == expected
            difference = found.result.difference("two", key)
            assert difference is not None and not difference.is_significant
    assert found.result.num_scored == 1


def test_a_system_alone_is_scored_without_a_test(ready: Workspace) -> None:
    found = run(ready, "good").result
    assert found.differences == () and len(found.scores) == 1
    score = found.score("good", "bleu")
    assert score is not None and score.low is not None and score.high is not None
    assert score.low < score.value < score.high and score.num_segments == NUM


def test_empty_hypotheses_are_counted_and_scored_as_they_are(workspace: Workspace) -> None:
    texts = ["", " \t", "Maidin mhaith!", None]
    add_set(workspace, "one", texts)
    add_set(workspace, "two", REFERENCES)
    found = run(workspace, "one", "two", only_common=True)
    one, two = found.result.systems
    assert (one.num_translated, one.num_failed, one.num_empty) == (3, 1, 2)
    assert (two.num_translated, two.num_failed, two.num_empty) == (4, 0, 0)
    expected = BLEU().corpus_score(["", " \t", "Maidin mhaith!"], [list(REFERENCES[:3])]).score
    assert value_of(found, "one", "bleu") == expected


# Sets that are not whole


def test_sets_that_are_not_whole_are_left_out_with_the_reason(ready: Workspace) -> None:
    half = [None if at in (3, 5) else text for at, text in enumerate(SYSTEMS["good"])]
    add_set(ready, "half", half, references=REFS)
    add_set(ready, "none", [None] * NUM, references=REFS)
    found = run(ready, "good", "half", "none", "poor")
    reasons = {each.set_id: each.excluded for each in found.result.systems}
    assert reasons == {
        "good": "", "poor": "", "half": "2 of 30 segments have no translation.",
        "none": "It has no translations.",
    }  # fmt: skip
    assert [each.set_id for each in found.result.scored] == ["good", "poor"]
    assert {each.set_id for each in found.result.scores} == {"good", "poor"}
    assert found.result.scores == run(ready, "good", "poor").result.scores


def test_on_request_only_segments_that_all_translated_count(ready: Workspace) -> None:
    gaps = {"half": (3, 5), "other": (5, 20)}
    for name, own in gaps.items():
        gapped = [None if at in own else text for at, text in enumerate(SYSTEMS["poor"])]
        add_set(ready, name, gapped, references=REFS)
    found = run(ready, "good", "half", "other", only_common=True, metrics=("bleu", "chrf2"))
    kept = [at for at in range(NUM) if at not in (3, 5, 20)]
    assert found.positions.tolist() == kept and found.result.num_scored == 27
    assert "Only the 27 of 30 segments that every system translated count." in found.result.notes
    for name, texts in (("good", SYSTEMS["good"]), ("half", SYSTEMS["poor"])):
        pairs = ([texts[at] for at in kept], [[REFS[at] for at in kept]])
        for key in ("bleu", "chrf2"):
            assert value_of(found, name, key) == SACREBLEU[key].corpus_score(*pairs).score


def test_where_no_segment_can_be_scored_the_reason_is_told(workspace: Workspace) -> None:
    add_set(workspace, "half", ["a", None])
    add_set(workspace, "rest", [None, "b"])
    with pytest.raises(DataError, match="1 of 2 segments have no translation"):
        run(workspace, "half", "rest")
    with pytest.raises(DataError, match="No segment can be scored") as caught:
        run(workspace, "half", "rest", only_common=True)
    assert caught.value.hint


def test_a_baseline_that_is_not_scored_is_replaced_and_said_so(ready: Workspace) -> None:
    add_set(ready, "half", ["a", *[None] * (NUM - 1)], references=REFS)
    found = run(ready, "good", "poor", "half", baseline="half").result
    assert found.baseline_id == "good"
    difference = found.difference("poor", "bleu")
    assert difference is not None and difference.baseline_id == "good"
    note = "The baseline System half is not scored; the others are compared with System good."
    assert note in found.notes
    assert note not in run(ready, "good", "poor", baseline="poor").result.notes


# References and normalisation


def test_a_reference_that_is_not_there_is_one_sentence(ready: Workspace) -> None:
    with pytest.raises(DataError, match="no reference 'B'. There are reference."):
        run(ready, "good", references=("B",))


def test_a_segment_without_any_of_the_chosen_references_is_one_sentence(ready: Workspace) -> None:
    ready.test_set_texts.store(HASH, "reference", "B", ["x", None, *["y"] * (NUM - 2)])
    with pytest.raises(DataError, match="Segment 2 has no reference"):
        run(ready, "good", references=("B",))


def test_normalising_changes_the_signature_always_and_scores_only_where_forms_differ(
    ready: Workspace,
) -> None:
    decomposed = [unicodedata.normalize("NFD", text) for text in SYSTEMS["good"]]
    add_set(ready, "nfd", decomposed, references=REFS)
    plain = run(ready, "good", "nfd", metrics=("bleu", "chrf2"))
    normal = run(ready, "good", "nfd", metrics=("bleu", "chrf2"), is_normalized=True)
    for before, after in zip(plain.result.metrics, normal.result.metrics, strict=True):
        assert after.signature == f"{before.signature}|unicode:nfc"
    for key in ("bleu", "chrf2"):
        assert value_of(plain, "good", key) == value_of(normal, "good", key)
        assert value_of(plain, "nfd", key) < value_of(normal, "nfd", key)
        assert value_of(normal, "nfd", key) == value_of(normal, "good", key)


def test_references_are_normalised_as_well(ready: Workspace) -> None:
    decomposed = [unicodedata.normalize("NFD", text) for text in REFS]
    ready.test_set_texts.store(HASH, "reference", "B", [decomposed[0], None, *decomposed[2:]])
    chosen = {"references": ("B", "reference"), "is_normalized": True}
    whole = BLEU().corpus_score(SYSTEMS["good"], [REFS]).score
    assert value_of(run(ready, "good", **chosen), "good", "bleu") == whole
    ready.test_set_texts.store(HASH, "reference", "B", decomposed)
    assert value_of(run(ready, "good", **chosen | {"references": ("B",)}), "good", "bleu") == whole
    plain = run(ready, "good", references=("B",))
    assert value_of(plain, "good", "bleu") < whole


# Scorings as metrics


def test_a_scoring_is_the_mean_of_its_values(ready: Workspace) -> None:
    scores = {"good": [at / 8 for at in range(NUM)], "poor": [0.25] * NUM}
    key = add_scoring(ready, scores, is_lower_better=True, settings={"command": "comet-score"})
    found = run(ready, "good", "poor", metrics=("bleu", key))
    assert value_of(found, "good", key) == sum(scores["good"]) / NUM
    assert value_of(found, "poor", key) == 0.25
    metric = found.result.metrics[1]
    assert (metric.name, metric.kind, metric.is_lower_better) == ("COMET", "external", True)
    assert metric.note == "" and "comet-score" in metric.signature
    difference = found.result.difference("poor", key)
    assert difference is not None and difference.is_better  # the smaller value
    # Another metric's draws are the same as without it.
    alone = run(ready, "good", "poor").result
    assert found.result.score("good", "bleu") == alone.score("good", "bleu")


def test_values_of_several_raters_are_averaged(ready: Workspace) -> None:
    key = add_scoring(ready, {}, kind="human")
    rows = [SegmentScore("c1", "good", 0, value, rater=str(value)) for value in (1.0, 2.0, 6.0)]
    rows += [SegmentScore("c1", "good", at, 3.0, rater="1.0") for at in range(1, NUM)]
    ready.scorings.store(rows)
    assert value_of(run(ready, "good", metrics=(key,)), "good", key) == 3.0


def test_segments_without_a_value_of_every_system_are_left_out_with_a_note(
    ready: Workspace,
) -> None:
    good = [None if at == 2 else float(at) for at in range(NUM)]
    poor = [None if at == 7 else 1.0 for at in range(NUM)]
    key = add_scoring(ready, {"good": good, "poor": poor})
    found = run(ready, "good", "poor", metrics=("bleu", key))
    assert found.result.metrics[1].note == "Only 28 of 30 segments have a value."
    assert value_of(found, "good", key) == sum(at for at in range(NUM) if at not in (2, 7)) / 28
    scored = {each.metric: each.num_segments for each in found.result.scores}
    assert scored == {"bleu": NUM, key: 28}


def test_a_scoring_that_does_not_know_the_baseline_compares_with_another(ready: Workspace) -> None:
    add_set(ready, "third", SYSTEMS["poor"], references=REFS)
    key = add_scoring(ready, {"poor": [1.0] * NUM, "third": [2.0] * NUM})
    found = run(ready, "good", "poor", "third", metrics=("bleu", key)).result
    assert found.score("good", key) is None and found.rank("good", key) is None
    difference = found.difference("third", key)
    assert difference is not None and difference.baseline_id == "poor"
    note = "System good has no value; the others are compared with System poor."
    assert found.metrics[1].note == note


def test_a_scoring_without_any_value_in_common_is_told(ready: Workspace) -> None:
    good = [1.0 if at < 3 else None for at in range(NUM)]
    poor = [None if at < 3 else 1.0 for at in range(NUM)]
    key = add_scoring(ready, {"good": good, "poor": poor})
    found = run(ready, "good", "poor", metrics=(key,)).result
    assert found.scores == () and found.differences == ()
    assert found.metrics[0].note == "No segment has a value of every system."


def test_a_scoring_that_is_gone_is_one_sentence(ready: Workspace) -> None:
    with pytest.raises(DataError, match="There is no scoring 'c9'"):
        run(ready, "good", metrics=("scoring:c9",))


# What is said with the numbers


@pytest.mark.parametrize("test", ["bs", "ar"])
def test_the_level_of_significance_decides_clusters_and_ranks_too(
    test: str, ready: Workspace
) -> None:
    noisy = [text if at % 5 else other for at, (text, other) in enumerate(
        zip(SYSTEMS["good"], made(5, 0.3), strict=True)
    )]  # fmt: skip
    add_set(ready, "noisy", noisy, references=REFS)
    found = [
        run(ready, "good", "noisy", metrics=("chrf2",), alpha=alpha, test=test).result
        for alpha in (0.05, 0.5)
    ]
    assert [each.differences[0].is_significant for each in found] == [False, True]
    assert 0.05 < found[0].differences[0].p_corrected < 0.5
    clusters = [{rank.cluster for rank in each.ranks} for each in found]
    assert clusters == [{1}, {1, 2}]
    assert {(each.best_rank, each.worst_rank) for each in found[0].ranks} == {(1, 2)}
    assert {(each.best_rank, each.worst_rank) for each in found[1].ranks} == {(1, 1), (2, 2)}


def test_a_metric_says_when_no_systems_can_come_out_as_different(ready: Workspace) -> None:
    (enough,) = run(ready, "good", "poor", num_samples=20).result.metrics
    (few,) = run(ready, "good", "poor", num_samples=19).result.metrics
    assert enough.note == "" and few.note == (
        "With 2 systems and only 19 resamples no two systems can be ranked as different at the "
        "level 0.05: draw at least 20 resamples, or compare fewer systems."
    )
    (alone,) = run(ready, "good", num_samples=1).result.metrics
    assert alone.note == ""
    for name, texts in SYSTEMS.items():
        add_set(ready, f"short {name}", texts[:5], references=REFS[:5], test_set_hash="b" * 64)
    (short,) = run(ready, "short good", "short poor", test_set="b" * 64).result.metrics
    assert short.note == (
        "With fewer than 6 segments, here 5, no systems can come out as different: use a larger "
        "test set."
    )


def test_a_normalised_signature_says_so_with_its_test_as_well(ready: Workspace) -> None:
    (metric,) = run(ready, "good", "poor", is_normalized=True).result.metrics
    assert metric.signature.endswith("|unicode:nfc")
    assert metric.test_signature.endswith("|unicode:nfc") and "|bs:100|" in metric.test_signature


def test_progress_is_one_plan_that_never_goes_back_and_may_cancel(ready: Workspace) -> None:
    told: list[tuple[int, int]] = []
    given = {"test_set": HASH, "systems": ("good", "poor"), "metrics": ("bleu", "ter", "chrf2")}
    settings = EvaluationSettings.parse(given)

    def cancel(done: int, total: int) -> None:
        if done > 5:  # BLEU's statistics take 3 ms
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(ready, settings, on_progress=cancel)
    evaluate(ready, settings, on_progress=lambda *each: told.append(each))
    # BLEU's were stored before it was cancelled: TER's 180 ms, chrF's 12 ms, 8 ms of resamples.
    assert {total for _, total in told} == {200}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (200, 200) and {180, 192} <= {done for done, _ in told}
    told.clear()
    again = evaluate(ready, settings, name="Mine", on_progress=lambda *each: told.append(each))
    assert told == [] and again.result.name == "Mine"


@pytest.mark.parametrize(("test", "num"), [("bs", 100), ("ar", 1000)])
def test_a_result_says_how_many_resamples_its_intervals_are_of(
    test: str, num: int, ready: Workspace
) -> None:
    found = run(ready, "good", "poor", test=test).result
    assert (found.num_samples, found.num_interval_samples) == (100, num)


def test_a_judge_says_how_often_it_failed(ready: Workspace) -> None:
    values = {"good": [1.0] * NUM, "poor": [None if at < 3 else 1.0 for at in range(NUM)]}
    key = add_scoring(ready, values, kind="judge", name="LLM")
    other = add_scoring(ready, values, id="c2", name="LLM")
    judge, external = run(ready, "good", "poor", metrics=(key, other)).result.metrics
    assert judge.note == (
        "60 translations judged, 3 without a readable answer (5.0 %). "
        "Only 27 of 30 segments have a value."
    )
    assert external.note == "Only 27 of 30 segments have a value."
    assert (judge.name, external.name) == ("LLM", "LLM (2)")


def test_a_system_is_called_the_same_whichever_others_are_scored(ready: Workspace) -> None:
    for set_id in ("b", "c"):
        twin = replace(
            ready.translation_sets.get("good"), id=set_id, created_at=f"2024-02-{set_id}"
        )
        segments = [replace(s, set_id=set_id) for s in ready.translation_sets.segments("good")]
        ready.translation_sets.add_whole([(twin, segments)])
    found = run(ready, "c", "b").result
    assert [each.name for each in found.systems] == ["System good (3)", "System good (2)"]
