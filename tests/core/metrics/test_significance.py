from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from sacrebleu.significance import PairedTest

from core.errors import ConfigError, DataError
from core.metrics import resampling
from core.metrics.comparison import Comparison, Measured
from core.metrics.lexical import SPECS, MetricSpec, find_specs, sacrebleu_metric
from core.metrics.measures import lexical_measure, mean_measure, mean_rows
from core.metrics.ranking import corrected
from core.metrics.significance import approximate_randomisation, paired_bootstrap
from core.metrics.statistics import References, extract_statistics, kind_of, num_references

NUM_SAMPLES = 80
NUM_TRIALS = 100


def _measured(
    specs: Sequence[MetricSpec], systems: dict[str, list[str]], references: References
) -> list[Measured]:
    found = []
    for spec in specs:
        rows = extract_statistics(kind_of(spec, references), list(systems.values()), references)
        measure = lexical_measure(spec, num_references=num_references(references))
        found.append(Measured(measure, dict(zip(systems, rows, strict=True))))
    return found


def _compared(
    test: str,
    systems: dict[str, list[str]],
    references: References,
    baseline: str = "",
    seed: int = 12345,
) -> list[Comparison]:
    measured = _measured(find_specs(), systems, references)
    baseline = baseline or next(iter(systems))
    if test == "bs":
        return paired_bootstrap(measured, baseline=baseline, num_samples=NUM_SAMPLES, seed=seed)
    return approximate_randomisation(
        measured, baseline=baseline, num_trials=NUM_TRIALS, num_samples=NUM_SAMPLES, seed=seed
    )


Figures = list[tuple[float, float, float, float | None]]


def _figures(comparison: Comparison) -> Figures:
    """Value, mean, half width and p of each system, as sacreBLEU gives them."""
    p_values = {pair.system: pair.p for pair in comparison.against_baseline}
    return [
        (one.value, one.interval.mean, one.interval.half_width, p_values.get(one.system))
        for one in comparison.systems
        if one.interval
    ]


def _of_sacrebleu(
    test: str, spec: MetricSpec, systems: dict[str, list[str]], references: References
) -> tuple[str, Figures]:
    paired = PairedTest(
        list(systems.items()),
        {"": sacrebleu_metric(spec)},
        references,
        test_type=test,
        n_samples=NUM_SAMPLES if test == "bs" else NUM_TRIALS,
        n_ar_confidence=-1 if test == "bs" else NUM_SAMPLES,
    )
    signatures, results = paired()
    ((name, signature),) = signatures.items()
    figures = [(one.score, float(one.mean), float(one.ci), one.p_value) for one in results[name]]
    return f"{name}|{signature}", figures


both_tests = pytest.mark.parametrize("test", ["bs", "ar"])


@both_tests
def test_figures_are_those_of_sacrebleu_to_the_last_bit(texts, test) -> None:
    found = _compared(test, texts.systems, [texts.references])
    for spec, comparison in zip(find_specs(), found, strict=True):
        expected = _of_sacrebleu(test, spec, texts.systems, [texts.references])
        assert (comparison.signature, _figures(comparison)) == expected


@both_tests
def test_figures_with_two_references_are_those_of_sacrebleu(texts, two_references, test) -> None:
    # The mean of two reference lengths has no more than one binary place: TER's sums are exact.
    systems = {name: texts.systems[name] for name in ("base", "better")}
    found = _compared(test, systems, two_references)
    for spec, comparison in zip(find_specs(), found, strict=True):
        expected = _of_sacrebleu(test, spec, systems, two_references)
        assert (comparison.signature, _figures(comparison)) == expected


@both_tests
def test_figures_of_ter_with_three_references_agree_with_sacrebleu_to_six_digits(
    texts, test
) -> None:
    # Thirds are rounded: sacreBLEU adds them in single precision, one resample after the other.
    systems = {name: texts.systems[name] for name in ("base", "better", "near")}
    references = [texts.references, texts.systems["same"], texts.systems["near"]]
    comparison = _compared(test, systems, references)[2]
    _, expected = _of_sacrebleu(test, SPECS["ter"], systems, references)
    for ours, theirs in zip(_figures(comparison), expected, strict=True):
        assert ours[0] == theirs[0]
        assert ours[1:3] == pytest.approx(theirs[1:3], rel=1e-6)
        assert ours[3] == theirs[3]


@both_tests
@pytest.mark.parametrize("count", [1, 2, 33])
def test_few_segments_give_the_figures_of_sacrebleu(texts, test, count) -> None:
    systems = {name: hypotheses[:count] for name, hypotheses in texts.systems.items()}
    references = [texts.references[:count]]
    for spec, comparison in zip(find_specs(), _compared(test, systems, references), strict=True):
        assert _figures(comparison) == _of_sacrebleu(test, spec, systems, references)[1]


@both_tests
def test_another_seed_gives_what_sacrebleu_gives_with_it(texts, test, monkeypatch) -> None:
    monkeypatch.setenv("SACREBLEU_SEED", "77")
    comparison = _compared(test, texts.systems, [texts.references], seed=77)[0]
    expected = _of_sacrebleu(test, SPECS["bleu"], texts.systems, [texts.references])
    assert (comparison.signature, _figures(comparison)) == expected
    assert "|seed:77|" in comparison.signature


@both_tests
def test_blocks_draw_what_one_big_draw_gives(texts, test, monkeypatch) -> None:
    whole = _compared(test, texts.systems, [texts.references])
    monkeypatch.setattr(resampling, "_BLOCK_SIZE", 7 * len(texts.references))
    assert _compared(test, texts.systems, [texts.references]) == whole


@both_tests
def test_any_system_may_be_the_baseline(texts, test) -> None:
    names = ["near", *(name for name in texts.systems if name != "near")]
    reordered = {name: texts.systems[name] for name in names}
    found = _compared(test, texts.systems, [texts.references], baseline="near")
    for spec, comparison in zip(find_specs(), found, strict=True):
        expected = _of_sacrebleu(test, spec, reordered, [texts.references])[1]
        ours = dict(zip(texts.systems, _figures(comparison), strict=True))
        assert [ours[name] for name in reordered] == expected


@both_tests
def test_each_pair_has_the_p_that_it_has_alone(texts, test) -> None:
    found = _compared(test, texts.systems, [texts.references])
    bleu, ter = found[0], found[2]
    assert len(bleu.pairs) == 10
    for comparison, spec in [(bleu, SPECS["bleu"]), (ter, SPECS["ter"])]:
        for pair in comparison.pairs:
            two = {name: texts.systems[name] for name in (pair.other, pair.system)}
            alone = _of_sacrebleu(test, spec, two, [texts.references])[1]
            assert pair.p == alone[1][3]
            assert pair.delta == alone[1][0] - alone[0][0]
    assert [(pair.other, pair.system) for pair in bleu.pairs] == list(
        combinations(texts.systems, 2)
    )


def test_delta_is_resampled_in_pairs(texts) -> None:
    systems = {name: texts.systems[name] for name in ("base", "better")}
    comparison = _compared("bs", systems, [texts.references])[0]
    rng = np.random.default_rng(12345)
    metric = sacrebleu_metric(SPECS["bleu"])
    count = len(texts.references)
    deltas = []
    for _ in range(NUM_SAMPLES):
        drawn = rng.integers(count, size=count)
        references = [[texts.references[place] for place in drawn]]
        base, better = (
            metric.corpus_score([hypotheses[place] for place in drawn], references).score
            for hypotheses in systems.values()
        )
        deltas.append(better - base)
    interval = comparison.against_baseline[0].interval
    assert interval is not None
    # A fortieth of 80 is cut off at each end; resamples are scored in single precision.
    bounds = [sorted(deltas)[2], sorted(deltas)[-3]]
    assert [interval.low, interval.high] == pytest.approx(bounds, rel=1e-5)
    assert interval.half_width == pytest.approx((bounds[1] - bounds[0]) / 2, rel=1e-5)
    assert interval.mean == pytest.approx(np.mean(deltas), rel=1e-5)


@both_tests
def test_better_is_lower_for_ter_and_higher_for_the_others(texts, test) -> None:
    systems = {name: texts.systems[name] for name in ("silent", "better")}
    for comparison in _compared(test, systems, [texts.references]):
        (pair,) = comparison.against_baseline
        assert (pair.delta < 0) == (comparison.measure.name == "TER")
        assert pair.is_better is True and pair.is_significant()
        assert comparison.order == ("better", "silent")
        ranks = {one.system: (one.ranks, one.cluster) for one in comparison.systems}
        assert ranks == {"better": ((1, 1), 1), "silent": ((2, 2), 2)}


@both_tests
def test_equal_systems_are_never_told_apart(texts, test) -> None:
    systems = {name: texts.systems[name] for name in ("base", "same")}
    for comparison in _compared(test, systems, [texts.references]):
        (pair,) = comparison.against_baseline
        # sacreBLEU's p for them is its smallest one.
        assert pair.p < 0.05 and pair.p_corrected == 1
        assert (pair.delta, pair.is_better, pair.is_significant()) == (0, None, False)
        assert pair.interval is not None and (pair.interval.low, pair.interval.high) == (0, 0)
        assert {(one.ranks, one.cluster) for one in comparison.systems} == {((1, 2), 1)}


@both_tests
def test_too_few_segments_tell_nothing_apart(test) -> None:
    references = [["a b c d e f"] * 5]
    systems = {"bad": ["x"] * 5, "good": ["a b c d e f"] * 5}
    (pair,) = _compared(test, systems, references)[0].against_baseline
    assert pair.p < 0.05 and pair.p_corrected == 1 and not pair.is_significant()
    references, systems = [["a b c d e f"] * 6], {name: [h[0]] * 6 for name, h in systems.items()}
    comparison = _compared("bs", systems, references)[0]
    assert comparison.against_baseline[0].is_significant() and comparison.can_separate


def test_comparisons_with_the_baseline_are_corrected_by_holm(texts) -> None:
    comparison = _compared("bs", texts.systems, [texts.references])[0]
    p_values = {pair.system: pair.p for pair in comparison.against_baseline}
    found = {pair.system: pair.p_corrected for pair in comparison.against_baseline}
    smallest = 1 / (NUM_SAMPLES + 1)
    assert p_values["silent"] == smallest and found["silent"] == pytest.approx(4 * smallest)
    # Equal systems count as one test more, of which nothing can come.
    assert list(found.values()) == corrected(list((p_values | {"same": 1.0}).values()))
    assert found["same"] == 1


def test_so_many_pairs_cannot_be_told_apart_with_few_resamples() -> None:
    rows = {f"system {number}": np.ones((10, 1)) * number for number in range(12)}
    measured = [Measured(mean_measure("mean", "mean"), rows)]
    few, many = (
        paired_bootstrap(measured, baseline="system 0", num_samples=count)[0]
        for count in (1000, 2000)
    )
    # 66 pairs: 66/1001 is more than 0.05, 66/2001 is less.
    assert not few.can_separate and {one.cluster for one in few.systems} == {1}
    assert many.can_separate and {one.cluster for one in many.systems} == set(range(1, 13))


@both_tests
def test_another_level_separates_what_the_usual_one_does_not(test) -> None:
    rng = np.random.default_rng(3)
    first = rng.normal(size=(60, 1))
    rows = {"A": first, "B": first + rng.normal(0.15, 1, size=(60, 1))}
    measured = [Measured(mean_measure("mean", "mean"), rows)]
    function = paired_bootstrap if test == "bs" else approximate_randomisation
    usual, other = (
        function(measured, baseline="A", level=level, num_samples=500)[0] for level in (0.05, 0.5)
    )
    assert usual.pairs == other.pairs and 0.05 < usual.pairs[0].p_corrected < 0.5
    assert (usual.level, other.level) == (0.05, 0.5)
    assert [{one.cluster for one in each.systems} for each in (usual, other)] == [{1}, {1, 2}]


def test_the_fewest_draws_that_are_enough_can_separate_and_fewer_cannot() -> None:
    rows = {f"system {number}": np.ones((10, 1)) * number for number in range(4)}
    measured = [Measured(mean_measure("mean", "mean"), rows)]

    def at(num: int, level: float) -> Comparison:
        (found,) = paired_bootstrap(measured, baseline="system 0", num_samples=num, level=level)
        return found

    for level in (0.01, 0.05, 0.3):
        needed = at(1, level).num_draws_needed  # of six pairs
        assert at(needed, level).can_separate and not at(needed - 1, level).can_separate
        assert len({one.cluster for one in at(needed, level).systems}) == 4


def test_one_system_alone_gets_its_interval(texts) -> None:
    (comparison, *_) = _compared("bs", {"base": texts.systems["base"]}, [texts.references])
    (alone,) = comparison.systems
    assert alone.interval is not None and alone.interval.low < alone.value < alone.interval.high
    assert (alone.ranks, alone.cluster) == ((1, 1), 1)
    assert comparison.pairs == comparison.against_baseline == ()


def test_randomisation_without_resamples_has_no_intervals_and_the_same_p(texts) -> None:
    measured = _measured(find_specs(["chrf2"]), texts.systems, [texts.references])
    draws = {"baseline": "base", "num_trials": NUM_TRIALS}
    (bare,) = approximate_randomisation(measured, num_samples=0, **draws)
    (full,) = approximate_randomisation(measured, num_samples=50, **draws)
    assert [pair.p for pair in bare.pairs] == [pair.p for pair in full.pairs]
    assert {one.interval for one in [*bare.systems, *bare.pairs]} == {None}
    assert f"|ar:{NUM_TRIALS}|seed:12345|" in bare.signature and "|bs:" not in bare.signature


@both_tests
def test_mean_scores_are_compared_like_metrics(test) -> None:
    rng = np.random.default_rng(5)
    base = rng.normal(0.7, 0.1, 60)
    scores = {"base": base, "lower": base - rng.normal(0.05, 0.05, 60), "near": base + 1e-3}
    rows = {name: mean_rows(values) for name, values in scores.items()}
    measured = [Measured(mean_measure("judge", "judge|x", is_lower_better=True), rows)]
    compare = paired_bootstrap if test == "bs" else approximate_randomisation
    (comparison,) = compare(measured, baseline="base")
    lower, _ = comparison.against_baseline
    assert comparison.systems[0].value == pytest.approx(base.mean(), rel=1e-12)
    assert lower.is_better and lower.is_significant() and comparison.order[0] == "lower"
    assert comparison.signature.startswith("judge|x|bs:1000|")
    # The mean of 60 drawn values varies by a sixtieth of their variance.
    interval = comparison.systems[0].interval
    assert interval is not None
    assert interval.half_width == pytest.approx(1.96 * base.std() / 60**0.5, rel=0.1)


def test_memory_does_not_grow_with_segments_times_resamples() -> None:
    rng = np.random.default_rng(1)
    rows = {name: rng.integers(0, 30, (20_000, 10)).astype(float) for name in "AB"}
    measured = [Measured(lexical_measure(SPECS["bleu"]), rows)]
    tracemalloc.start()
    try:
        paired_bootstrap(measured, baseline="A", num_samples=500)
        approximate_randomisation(measured, baseline="A", num_trials=500, num_samples=0)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 25e6  # the indices of 500 resamples alone would be 80 MB


def test_progress_counts_draws_and_may_cancel(texts) -> None:
    measured = _measured(find_specs(["ter"]), texts.systems, [texts.references])
    told: list[tuple[int, int]] = []
    approximate_randomisation(
        measured, baseline="base", num_trials=64, num_samples=30,
        on_progress=lambda done, every: told.append((done, every)),
    )  # fmt: skip
    assert told == [(64, 94), (94, 94)]

    def cancel(_done: int, _every: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        paired_bootstrap(measured, baseline="base", on_progress=cancel)


@pytest.mark.parametrize("compare", [paired_bootstrap, approximate_randomisation])
def test_what_cannot_be_compared_is_said_in_one_sentence(compare) -> None:
    measure = mean_measure("mean", "mean")
    rows = {"A": np.ones((3, 1)), "B": np.ones((4, 1))}
    with pytest.raises(ConfigError, match="The baseline 'C' is none of the systems compared."):
        compare([Measured(measure, rows)], baseline="C")
    with pytest.raises(DataError, match="differ in their number of segments: A 3, B 4."):
        compare([Measured(measure, rows)], baseline="A")
    with pytest.raises(DataError, match="There are no segments to compare."):
        compare([Measured(measure, {"A": np.ones((0, 1))})], baseline="A")


def test_no_draws_are_refused() -> None:
    measured = [Measured(mean_measure("mean", "mean"), {"A": np.ones((3, 1))})]
    with pytest.raises(ConfigError, match="0 resamples cannot be drawn."):
        paired_bootstrap(measured, baseline="A", num_samples=0)
    with pytest.raises(ConfigError, match="-1 trials cannot be drawn."):
        approximate_randomisation(measured, baseline="A", num_trials=-1)
