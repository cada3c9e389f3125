from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluate.scorers.judge.answers import AnswerError
from core.evaluate.scorers.judge.score_answers import read_score


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ('{"score": 87}', 87),
        ('{"score": 0}', 0),
        ('{"score": 100}', 100),
        ('```json\n{"score": 87}\n```', 87),
        ('Here is my judgement:\n\n```\n{"score": 87.5}\n```\nI hope this helps!', 87.5),
        ("{'score': 87}", 87),
        ('{"score": 87,}', 87),
        ("{score: 87}", 87),
        ("{“score”: 87}", 87),
        ('{"score": "87"}', 87),
        ('{"score": "87/100"}', 87),
        ('{"score": "87 %"}', 87),
        ('{"Score": 87, "explanation": "The word "nurse" is right."}', 87),
        ('{"explanation": "I first thought of 40.", "score": 87}', 87),
        ('{"evaluation": {"score": 87}}', 87),
        ('[{"score": 87}]', 87),
        ('{"overall_score": 87}', 87),
        ('{"score": 87 /100}', 87),
        ('For example {"score": 10} would be harsh. My answer: {"score": 87}', 87),
        ('<think>{"score": 3}? No.</think>{"score": 87}', 87),
        ('{"score": 87', 87),  # cut
        ("87", 87),
        ("87.", 87),
        ("**87**", 87),
        ("87/100", 87),
        ("87 %", 87),
        ("87 / 100 points", 87),
        ("Score: 87", 87),
        ("score = 87", 87),
        ("**Score:** 87/100", 87),
        ("**Score**: `87`", 87),
        ("Score - 87", 87),
        ("Score (0-100): 87", 87),
        ("On a scale from 0 to 100, the score is 87.", 87),
        ("I would give this translation a score of 87/100.", 87),
        ("Score: 20\n…on second thoughts:\nFinal score: 87", 87),
        ("Rating: 87 out of 100", 87),
        ("The verb is wrong.\n\nScore: 87,5", 87.5),
        ("Score: 87 because 3 words are missing", 87),
        ("८७", 87),
        ("अंक: ८७", 87),
        ("अनुवाद अच्छा है।\nScore: ८७/१००", 87),
        ('{"score": ८७}', 87),
        ("Scór: 87", 87),
        ('{"score": 8.7e1}', 87),
    ],
)
def test_score_is_found_in_many_shapes(answer: str, score: float) -> None:
    assert read_score(answer) == score


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("", "holds no score"),
        ("eighty", "holds no score"),
        ("Score: eighty", "holds no score"),
        ('{"score": "eighty"}', "'eighty' is no number"),
        ('{"score": null}', "None is no number"),
        ('{"score": true}', "True is no number"),
        ('{"score": NaN}', "'NaN' is no number"),
        ('{"score": 101}', "101 is not between 0 and 100"),
        ('{"score": -1}', "-1 is not between 0 and 100"),
        ('{"score": 1e999}', "inf is not between 0 and 100"),
        ("Score: -5", "-5 is not between"),
        ("Score: 150", "150 is not between"),
        ("Score: 8/10", "not on the scale from 0 to 100"),
        ('{"score": "4 out of 5"}', "not on the scale from 0 to 100"),
        ("Score: 80-90", "holds no score"),
        ("Score: 1,000", "holds no score"),
        ("The translation has 3 errors and 12 words.", "holds no score"),
        ("I cannot judge this text.", "holds no score"),
        ("<think>A score of 50 seems", "holds no score"),
        ("स्कोर नहीं", "holds no score"),
    ],
)
def test_answer_without_a_usable_score_is_refused(answer: str, sentence: str) -> None:
    with pytest.raises(AnswerError, match=sentence):
        read_score(answer)


PIECES = st.sampled_from(
    ['{"score": ', "Score: ", "87", "/100", "}", "]", "[", "{", '"', "'", "“", ",", ":", "-", "८",
     "\\", "\\u00", "\n", "```json", "<think>", "</think>", "score", "1e999", "NaN", " "]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_any_text_gives_a_score_in_range_or_the_own_error(answer: str) -> None:
    try:
        assert 0 <= read_score(answer) <= 100
    except AnswerError as error:
        assert error.message
