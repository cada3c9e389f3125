from __future__ import annotations

import pytest
import sacrebleu

from core.metrics.segment import score_segment

VERSION = f"version:{sacrebleu.__version__}"

SEGMENTS = [
    ("The dog bit the man.", "The dog bit the man."),
    ("The dog bit the man.", "The man had just bitten him."),
    ("", "The dog bit the man."),
    ("The dog bit the man.", ""),
    ("", ""),
    (" \n\t", " "),
    ("THE DOG", "the dog"),
    ("a b c d e f", "x"),
    ("x", "a b c d e f"),
    ("two\nlines", "two lines"),
    ("Fuair na tuismitheoirí litir", "Fuair na tuismitheoirí an litir"),
    ("नर्स पत्र लिहिते.", "परिचारिका पत्र लिहिते."),
    ("看護師が手紙を書く", "看護師は手紙を書きます"),
    ("האחות כותבת", "האחות כותבת מכתב"),
    ("e\u0301", "\u00e9"),
    ("👩🏽‍🔬", "👩"),
    ("\x00\u2028 a", "a"),
    ("word " * 300, "word other " * 150),
]


@pytest.mark.parametrize(("hypothesis", "reference"), SEGMENTS, ids=range(len(SEGMENTS)))
def test_values_are_those_of_sacrebleu_itself(hypothesis: str, reference: str) -> None:
    chrf, ter = score_segment(hypothesis, reference)
    assert chrf.value == round(sacrebleu.sentence_chrf(hypothesis, [reference]).score, 2)
    assert ter.value == round(sacrebleu.sentence_ter(hypothesis, [reference]).score, 2)
    assert (chrf.name, ter.name) == ("chrF2", "TER")
    assert chrf.num_segments == ter.num_segments == 1


@pytest.mark.parametrize(
    ("hypothesis", "reference", "chrf", "ter"),
    [
        ("the cat sat on the mat", "the cat sat on the mat", 100.0, 0.0),
        ("the cat sat on a mat", "the cat sat on the mat", None, 16.67),  # one word of six
        ("abc", "xyz", 0.0, 100.0),
        ("a b c d e f", "x", 0.0, 600.0),
        ("", "a b", 0.0, 100.0),
    ],
)
def test_value_is_the_known_one(
    hypothesis: str, reference: str, chrf: float | None, ter: float
) -> None:
    found = score_segment(hypothesis, reference)
    assert chrf is None or found[0].value == chrf
    assert found[1].value == ter


def test_signature_says_how_to_compute_the_value_again() -> None:
    chrf, ter = score_segment("a", "b")
    assert chrf.signature == (f"chrF2|nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|{VERSION}")
    assert ter.signature == (f"TER|nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|{VERSION}")


def test_one_segment_says_nothing_of_the_next() -> None:
    first = [score_segment(*segment) for segment in SEGMENTS]
    assert [score_segment(*segment) for segment in reversed(SEGMENTS)] == first[::-1]
