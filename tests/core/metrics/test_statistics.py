from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.metrics import statistics
from core.metrics.lexical import SPECS, TOKENIZERS, MetricSpec, find_specs, sacrebleu_metric
from core.metrics.measures import (
    VARYING,
    corpus_value,
    lexical_measure,
    mean_measure,
    mean_rows,
    score_of,
    segment_values,
)
from core.metrics.ngrams import counted
from core.metrics.statistics import (
    References,
    StatisticsKind,
    extract_statistics,
    kind_of,
    num_references,
)
from core.metrics.units import WordNumbers, characters

EVERY_SPEC = [
    *SPECS.values(),
    *(spec for name in TOKENIZERS[1:] for spec in find_specs(["bleu", "bleu-lc"], tokenizer=name)),
]
specs = pytest.mark.parametrize(
    "spec", EVERY_SPEC, ids=[f"{spec.key}{spec.tokenizer}" for spec in EVERY_SPEC]
)


@specs
def test_corpus_score_and_signature_are_those_of_sacrebleu_to_the_last_bit(texts, spec) -> None:
    references = [texts.references]
    rows = extract_statistics(kind_of(spec, references), list(texts.systems.values()), references)
    measure = lexical_measure(spec)
    for hypotheses, own in zip(texts.systems.values(), rows, strict=True):
        metric = sacrebleu_metric(spec)
        score = metric.corpus_score(hypotheses, references)
        assert corpus_value(measure, own) == score.score
        assert measure.signature == f"{score.name}|{metric.get_signature()}"


@specs
def test_segment_scores_are_those_of_sacrebleu_to_the_last_bit(texts, spec) -> None:
    references = [texts.references]
    rows = extract_statistics(kind_of(spec, references), list(texts.systems.values()), references)
    metric = _for_sentences(spec)
    for hypotheses, own in zip(texts.systems.values(), rows, strict=True):
        scores = [
            metric.sentence_score(hypothesis, [reference]).score
            for hypothesis, reference in zip(hypotheses, texts.references, strict=True)
        ]
        assert segment_values(lexical_measure(spec), own).tolist() == scores


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_several_references_of_which_some_are_missing_score_as_in_sacrebleu(
    texts, two_references, spec
) -> None:
    hypotheses = texts.systems["base"]
    (rows,) = extract_statistics(kind_of(spec, two_references), [hypotheses], two_references)
    metric = sacrebleu_metric(spec)
    score = metric.corpus_score(hypotheses, two_references)
    measure = lexical_measure(spec, num_references=num_references(two_references))
    assert corpus_value(measure, rows) == score.score
    assert measure.signature == f"{score.name}|{metric.get_signature()}"
    assert "|nrefs:var|" in measure.signature
    sentences = _for_sentences(spec)
    by_segment = zip(hypotheses, *two_references, strict=True)
    values = [
        sentences.sentence_score(text, [each for each in own if each is not None]).score
        for text, *own in by_segment
    ]
    assert segment_values(measure, rows).tolist() == values


@pytest.mark.parametrize("count", [1, 3])
def test_one_segment_and_three_references_score_as_in_sacrebleu(texts, count) -> None:
    hypotheses = texts.systems["better"][:count]
    references = [texts.systems[name][:count] for name in ("base", "near", "silent")]
    for spec in SPECS.values():
        (rows,) = extract_statistics(kind_of(spec, references), [hypotheses], references)
        measure = lexical_measure(spec, num_references=3)
        metric = sacrebleu_metric(spec)
        assert corpus_value(measure, rows) == metric.corpus_score(hypotheses, references).score
        assert measure.signature.endswith(str(metric.get_signature()))


# Letters of three scripts, an astral one, what 13a and chrF++ treat specially, odd white space.
_PIECES = st.sampled_from(
    ["a", "B", "é", "e\u0301", "नि", "र्स", "漢", "字", "👩🏽‍🔬", "𝔸", ".", ",", "3.5", "7", "-",
     "'", "(", "!", "&quot;", "<skipped>", " ", " ", "  ", "\t", "\n", "-\n",
     "\u3000", "\xa0", "\ud800"]
)  # fmt: skip
_TEXTS = st.lists(_PIECES, max_size=12).map("".join)
_SEGMENTS = st.lists(st.tuples(_TEXTS, _TEXTS, st.none() | _TEXTS, _TEXTS), min_size=1, max_size=4)
_KINDS = {(kind_of(spec, [[], []])): spec for spec in EVERY_SPEC if spec.family != "ter"}


@given(_SEGMENTS, st.sampled_from(list(_KINDS)))
def test_any_text_gives_the_statistics_that_sacrebleu_keeps(segments, kind: StatisticsKind) -> None:
    first, second, *references = (list(texts) for texts in zip(*segments, strict=True))
    rows = extract_statistics(kind, [first, second], references)
    for hypotheses, own in zip((first, second), rows, strict=True):
        metric = sacrebleu_metric(_KINDS[kind])
        assert own.tolist() == metric._extract_corpus_statistics(hypotheses, references)


@pytest.mark.parametrize("key", ["bleu", "bleu-lc"])
def test_any_mark_at_the_end_of_a_word_is_parted_as_sacrebleu_does_it(key: str) -> None:
    stems = ["a", "Word", "7", "a7", "7a", "é", "٣", "²", "漢", "amp", "skipped"]
    pairs = [(stem, mark) for stem in stems for mark in [*string.punctuation, "।", "…", "、", "’"]]
    joined = [stem + mark for stem, mark in pairs]
    parted = [f"{stem} {mark}" for stem, mark in pairs]
    rows = extract_statistics(kind_of(SPECS[key], [parted]), [joined, parted], [parted])
    metric = sacrebleu_metric(SPECS[key])
    for hypotheses, own in zip((joined, parted), rows, strict=True):
        assert own.tolist() == metric._extract_corpus_statistics(hypotheses, [parted])
    num_parted = int((rows[0][:, 2] == rows[1][:, 2]).sum())  # matched words
    assert len(stems) * 29 < num_parted < len(pairs)


def test_segments_with_too_many_different_units_for_our_counting_score_as_in_sacrebleu() -> None:
    # Six times 11 bits are more than 63, and so are four times 16.
    letters = "".join(chr(0x4E00 + number) for number in range(1100))
    words = " ".join(f"{number:x}" for number in range(33_000))
    assert counted([characters([letters])], 6) is None
    assert counted([WordNumbers(SPECS["bleu"]).units([words])], 4) is None
    for key, text in [("chrf2", letters), ("chrf++", letters), ("bleu", words)]:
        hypotheses, references = [text, "a"], [[text[:600] + text[800:], "a b"]]
        (rows,) = extract_statistics(kind_of(SPECS[key], references), [hypotheses], references)
        score = sacrebleu_metric(SPECS[key]).corpus_score(hypotheses, references).score
        assert corpus_value(lexical_measure(SPECS[key]), rows) == score


def test_betas_share_their_statistics_only_with_one_reference() -> None:
    chrfs = find_specs(["chrf1", "chrf2", "chrf3"])
    assert len({kind_of(spec, [["a"]]) for spec in chrfs}) == 1
    # Of several references each beta takes the best one by its own measure.
    assert len({kind_of(spec, [["a"], ["b"]]) for spec in chrfs}) == 3


@pytest.mark.parametrize(
    ("key", "columns"), [("bleu", 10), ("chrf1", 18), ("chrf++", 24), ("ter", 2)]
)
def test_statistics_have_the_shape_that_is_told(texts, key, columns) -> None:
    kind = kind_of(SPECS[key], [texts.references])
    (rows,) = extract_statistics(kind, [texts.references], [texts.references])
    assert rows.shape == (len(texts.references), columns) == (40, kind.num_columns)
    assert rows.dtype == np.float64


@pytest.mark.parametrize("key", SPECS)
def test_chunks_give_the_same_rows_and_tell_how_far_they_are(texts, key, monkeypatch) -> None:
    kind, references = kind_of(SPECS[key], [texts.references]), [texts.references]
    systems = [texts.systems["base"], texts.systems["better"]]
    whole = extract_statistics(kind, systems, references)
    monkeypatch.setattr(statistics, "_TEXTS_IN_CHUNK", 3 * 7)
    told: list[tuple[int, int]] = []
    chunked = extract_statistics(
        kind, systems, references, on_progress=lambda done, every: told.append((done, every))
    )
    assert all(np.array_equal(*rows) for rows in zip(whole, chunked, strict=True))
    assert told == [(14, 80), (28, 80), (42, 80), (56, 80), (70, 80), (80, 80)]


def test_extraction_is_cancelled_by_its_progress() -> None:
    def cancel(_done: int, _every: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        extract_statistics(kind_of(SPECS["ter"], [["a"]]), [["a"]], [["a"]], on_progress=cancel)


@pytest.mark.parametrize(
    ("systems", "references", "message"),
    [
        ([["a"] * 203], [["a"] * 200], "203 hypotheses cannot be scored against 200 references."),
        ([["a"], []], [["a"]], "0 hypotheses cannot be scored against 1 references."),
        ([[]], [[]], "There are no segments to score."),
        ([["a"]], [], "There are no segments to score."),
        ([["a", "b"]], [["a", "b"], ["a"]], "The references differ in length: 2, 1 segments."),
        ([["a", "b"]], [["a", None], ["a", None]], "Segment 2 has no reference."),
        ([["a", "b"]], [[None, "b"]], "Segment 1 has no reference."),
    ],
)
def test_what_cannot_be_scored_is_said_in_one_sentence(systems, references, message) -> None:
    with pytest.raises(DataError) as caught:
        extract_statistics(kind_of(SPECS["bleu"], references), systems, references)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("references", "count"),
    [([["a"]], 1), ([["a", "b"], ["", "c"]], 2), ([["a", "b"], [None, "c"]], VARYING),
     ([["a", None], [None, "c"]], 1)],
)  # fmt: skip
def test_references_are_counted_as_in_the_signature(references: References, count: int) -> None:
    metric = sacrebleu_metric(SPECS["bleu"])
    metric.corpus_score(["x"] * len(references[0]), references)
    assert num_references(references) == count == metric.num_refs


def test_score_is_not_rounded_and_carries_beta_which_the_signature_leaves_out(texts) -> None:
    references = [texts.references]
    scores = {}
    for spec in SPECS.values():
        (rows,) = extract_statistics(kind_of(spec, references), [texts.systems["base"]], references)
        scores[spec.key] = score_of(lexical_measure(spec), rows)
    assert {key: score.beta for key, score in scores.items()} == {
        "bleu": None, "bleu-lc": None, "ter": None,
        "chrf1": 1, "chrf2": 2, "chrf3": 3, "chrf++": 2,
    }  # fmt: skip
    first, third = scores["chrf1"].signature, scores["chrf3"].signature
    assert first.partition("|")[2] == third.partition("|")[2]
    assert (first[:6], third[:6]) == ("chrF1|", "chrF3|")
    assert scores["bleu"].value != round(scores["bleu"].value, 2)
    assert scores["bleu"].num_segments == 40


def test_a_selection_of_segments_scores_as_if_it_were_the_test_set(texts) -> None:
    places = np.array([1, 4, 5, 30])
    references = [texts.references]
    kind = kind_of(SPECS["chrf++"], references)
    (rows,) = extract_statistics(kind, [texts.systems["near"]], references)
    hypotheses = [texts.systems["near"][place] for place in places]
    score = sacrebleu_metric(SPECS["chrf++"]).corpus_score(
        hypotheses, [[texts.references[place] for place in places]]
    )
    assert corpus_value(lexical_measure(SPECS["chrf++"]), rows[places]) == score.score


def test_mean_of_segment_scores_is_a_measure_like_the_others() -> None:
    measure = mean_measure("COMET", "COMET|model:x", is_lower_better=False)
    rows = mean_rows([0.5, 0.25, 0.75])
    score = score_of(measure, rows)
    assert (score.value, score.num_segments, score.signature) == (0.5, 3, "COMET|model:x")
    assert segment_values(measure, rows).tolist() == [0.5, 0.25, 0.75]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([1.0, float("nan"), float("inf")],
         "Segment 2 of the COMET scores has the value nan; 2 of 3 are no finite numbers."),
        ([], "There are no COMET scores to take the mean of."),
    ],
)  # fmt: skip
def test_scores_that_are_no_numbers_are_refused(scores: list[float], message: str) -> None:
    with pytest.raises(DataError) as caught:
        mean_rows(scores, name="COMET scores")
    assert caught.value.message == message


def test_no_segments_have_no_value() -> None:
    with pytest.raises(DataError, match="no segments to score"):
        corpus_value(lexical_measure(SPECS["bleu"]), np.empty((0, 10)))


def _for_sentences(spec: MetricSpec):
    return sacrebleu_metric(spec, **({"effective_order": True} if spec.family == "bleu" else {}))
