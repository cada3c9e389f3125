from __future__ import annotations

import pytest
import sacrebleu

from core.errors import ConfigError, DataError
from core.metrics.lexical import METRICS, SPECS, TOKENIZERS, Score, find_specs, score_system

VERSION = f"version:{sacrebleu.__version__}"

# The hypotheses and the first references of sacreBLEU's README.
DOG = (
    ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."],
    ["The dog bit the man.", "It was not unexpected.", "The man bit him first."],
)

GOLDEN: list[tuple[str, list[str], list[str], float]] = [
    ("BLEU", *DOG, 45.07),  # (12/17 · 6/14 · 4/11 · 3/8)^¼
    ("BLEU", ["the cat sat on the mat"], ["the cat sat on the mat"], 100.0),
    ("BLEU", ["The Cat sat on the mat"], ["the cat sat on the mat"], 50.81),  # (4/6·3/5·2/4·1/3)^¼
    ("BLEU lowercased", ["The Cat sat on the mat"], ["the cat sat on the mat"], 100.0),
    ("BLEU", ["nothing alike here"], ["a totally other sentence"], 0.0),
    ("BLEU", [""], ["a b c d"], 0.0),
    ("chrF2", ["Niemals so ein Tag"], ["Niemals so ein Tag"], 100.0),
    ("chrF++", ["abc"], ["xyz"], 0.0),
    # One word of six is replaced: one edit in six words.
    ("TER", ["the cat sat on a mat"], ["the cat sat on the mat"], 16.67),
    ("TER", ["the cat sat on the mat"], ["the cat sat on the mat"], 0.0),
    ("TER", ["a b c d e f"], ["x"], 600.0),
]


@pytest.mark.parametrize(("name", "hypotheses", "references", "value"), GOLDEN)
def test_value_is_the_known_one(
    name: str, hypotheses: list[str], references: list[str], value: float
) -> None:
    (score,) = score_system(hypotheses, references, names=[name])
    assert score.value == pytest.approx(value, abs=0.01)
    assert score.num_segments == len(hypotheses)


SIGNATURES = [
    ("BLEU", "BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp"),
    ("BLEU lowercased", "BLEU|nrefs:1|case:lc|eff:no|tok:13a|smooth:exp"),
    ("TER", "TER|nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no"),
    ("chrF1", "chrF1|nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no"),
    ("chrF2", "chrF2|nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no"),
    ("chrF3", "chrF3|nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no"),
    ("chrF++", "chrF2++|nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no"),
]


@pytest.mark.parametrize(("name", "signature"), SIGNATURES)
def test_signature_says_how_to_compute_the_value_again(name: str, signature: str) -> None:
    (score,) = score_system(*DOG, names=[name])
    assert score.signature == f"{signature}|{VERSION}"


def test_beta_is_told_as_the_signature_behind_the_name_leaves_it_out() -> None:
    first, third, bleu = score_system(*DOG, names=["chrF1", "chrF3", "BLEU"])
    assert (first.beta, third.beta, bleu.beta) == (1, 3, None)
    assert first.signature.partition("|")[2] == third.signature.partition("|")[2]


def test_values_are_those_of_sacrebleu_itself() -> None:
    found = {score.name: score.value for score in score_system(*DOG)}
    hypotheses, references = DOG[0], [DOG[1]]
    assert tuple(found) == METRICS
    assert found["BLEU"] == round(sacrebleu.corpus_bleu(hypotheses, references).score, 2)
    assert found["TER"] == round(sacrebleu.corpus_ter(hypotheses, references).score, 2)
    chrf = sacrebleu.corpus_chrf(hypotheses, references, word_order=2).score
    assert found["chrF++"] == round(chrf, 2)
    # beta weighs recall: with more of it the score leans towards recall.
    assert len({found["chrF1"], found["chrF3"]}) == 2


def test_lists_of_different_length_are_refused_with_both_counts() -> None:
    with pytest.raises(DataError) as caught:
        score_system(["a"] * 203, ["a"] * 200)
    assert caught.value.message == "203 hypotheses cannot be scored against 200 references."


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(DataError, match="There are no segments to score"):
        score_system([], [])


def test_score_becomes_plain_values() -> None:
    score = Score("BLEU", 12.5, "BLEU|nrefs:1", 3)
    assert Score(**score.as_dict()) == score


def test_metrics_are_found_by_key_in_the_order_asked_for() -> None:
    assert [spec.name for spec in find_specs(["chrf++", "bleu-lc"])] == [
        "chrF++",
        "BLEU lowercased",
    ]
    assert [spec.key for spec in find_specs()] == [
        "bleu", "bleu-lc", "ter", "chrf1", "chrf2", "chrf3", "chrf++",
    ]  # fmt: skip
    assert [key for key, spec in SPECS.items() if spec.is_lower_better] == ["ter"]


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_tokenizer_concerns_bleu_alone(tokenizer: str) -> None:
    found = {spec.key: spec.tokenizer for spec in find_specs(tokenizer=tokenizer)}
    assert {key for key, name in found.items() if name} == {"bleu", "bleu-lc"}
    assert found["bleu"] == tokenizer


def test_unknown_metrics_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="There is no metric 'bleurt'. Choose from bleu, bleu-lc"):
        find_specs(["bleu", "bleurt"])
    with pytest.raises(ConfigError, match="There is no metric 'METEOR'. Choose from BLEU, BLEU lo"):
        score_system(*DOG, names=["METEOR"])


@pytest.mark.parametrize("tokenizer", ["flores200", "spm", "ja-mecab", "moses", ""])
def test_tokenizers_that_do_not_work_offline_are_refused(tokenizer: str) -> None:
    with pytest.raises(ConfigError, match=f"tokenizer {tokenizer!r} cannot be used.*13a, intl"):
        find_specs(["bleu"], tokenizer=tokenizer)
