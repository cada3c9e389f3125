from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluate.scorers.judge.answers import AnswerError
from core.evaluate.scorers.judge.error_answers import MAX_ERRORS, read_errors
from core.evaluate.scorers.judge.spans import JudgedError

HYPOTHESIS = "Scríobhann an altra litir fhada."
ALTRA = JudgedError("major", "fluency/grammar", "an altra", 11, 19)


@pytest.mark.parametrize(
    "answer",
    [
        '{"errors": [{"span": "an altra", "category": "fluency/grammar", "severity": "major"}]}',
        '```json\n{"errors": [\n  {"span": "an altra",\n   "category": "fluency/grammar",\n'
        '   "severity": "major",},\n]}\n```',
        "{'errors': [{'span': 'an altra', 'category': 'fluency/grammar', 'severity': 'Major'}]}",
        '[{"text": "an altra", "type": "fluency/grammar", "severity": "MAJOR"}]',
        '{"span": "an altra", "category": "fluency/grammar", "severity": "major error"}',
        '{"critical": [], "major": [{"span": "an altra", "category": "fluency/grammar"}], '
        '"minor": []}',
        'I found one:\n{"errors": [{"span": “an altra”, "category": "fluency/grammar", '
        '"severity": "major"}]}\nAnything else?',
        'major: fluency/grammar - "an altra"',
        '- **Major**: fluency/grammar – "an altra"',
        "1. Major: fluency/grammar: “an altra”",
        'Critical:\nno-error\nMajor:\nfluency/grammar - "an altra"\nMinor:\nno-error\n\n'
        "Overall it is a fair translation.",
        "**Critical errors:**\n- none\n\n**Major errors:**\n- fluency/grammar - 'an altra'\n",
        '<think>minor: style - "litir"?</think>major: fluency/grammar - `an altra`',
        "Major: fluency/grammar - an altra",
    ],
)
def test_error_is_found_in_many_shapes(answer: str) -> None:
    assert read_errors(answer, HYPOTHESIS) == (ALTRA,)


@pytest.mark.parametrize(
    "answer",
    [
        '{"errors": []}', "[]", '{"errors": null}', '{"errors": "none"}', '```json\n[]\n```',
        "No errors.", "no-error", "**None**", "There are no errors.", "Major: none\nMinor: none",
        "Critical:\nno-error\nMajor:\nno-error\nMinor:\nno-error", '{"major": [], "minor": []}',
        '{"errors": [{"span": "", "category": "no-error", "severity": "neutral"}]}',
        '{"errors": [],}',
    ],
)  # fmt: skip
def test_no_error_is_said_in_many_ways(answer: str) -> None:
    assert read_errors(answer, HYPOTHESIS) == ()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("", "holds no list of errors"),
        ("The translation is quite good.", "holds no list of errors"),
        ('{"errors": [{"span": "an altra", "category": "grammar"}]}', "has no severity"),
        ('{"errors": [{"span": "x", "severity": "trivial"}]}', "'trivial' is none of minor, major"),
        ('{"errors": ["an altra"]}', "'an altra' has no severity"),
        ('{"errors": 3}', "no list but 3"),
        ('{"errors": [{"span": "an al', "holds no list of errors"),
        ('{"verdict": "good"}', "holds no list of errors"),
        (str([{"span": "x", "severity": "minor"}] * (MAX_ERRORS + 1)), "are the most"),
    ],
)
def test_answer_without_a_usable_list_is_refused(answer: str, sentence: str) -> None:
    with pytest.raises(AnswerError, match=sentence):
        read_errors(answer, HYPOTHESIS)


def places(hypothesis: str, *spans: str) -> list[tuple[int | None, int | None]]:
    listed = [{"span": span, "category": "c", "severity": "minor"} for span in spans]
    errors = read_errors(str({"errors": listed}), hypothesis)
    return [(error.start, error.end) for error in errors]


def test_span_has_its_place_in_code_points() -> None:
    hindi = "नर्स एक लंबा पत्र लिखती है।"
    (place,) = places(hindi, "लंबा पत्र")
    assert place == (hindi.index("लंबा"), hindi.index("पत्र") + len("पत्र"))
    assert places("a 😀 b", "b") == [(4, 5)]


def test_span_is_found_whatever_its_case_and_keeps_the_places_of_the_hypothesis() -> None:
    assert places("Die STRASSE ist GROß.", "straße", "gross") == [(4, 11), (16, 20)]
    assert places("İstanbul und Ankara", "ankara") == [(13, 19)]


def test_same_words_twice_are_two_places() -> None:
    assert places("an an", "an", "an", "an") == [(0, 2), (3, 5), (0, 2)]


def test_span_that_is_not_there_is_kept_without_a_place() -> None:
    errors = read_errors('major: accuracy/omission - "the letter"\nminor: style', HYPOTHESIS)
    assert errors == (
        JudgedError("major", "accuracy/omission", "the letter"),
        JudgedError("minor", "style", ""),
    )


def test_apostrophes_and_quotes_inside_a_span_survive_wrong_quoting() -> None:
    text = 'Dúirt sé "t-altra" d\'fhear'
    answer = "{'errors': [{'span': \"\\\"t-altra\\\" d'fhear\", 'severity': 'minor'}]}"
    assert read_errors(answer, text)[0].start == 9
    answer = '{"errors": [{"span": ""t-altra" d\'fhear", "severity": "minor"}]}'
    assert read_errors(answer, text)[0].text == '"t-altra" d\'fhear'


PIECES = st.sampled_from(
    ['{"errors": ', "[", "]", "{", "}", '"span": ', '"severity": ', '"minor"', "'", '"', ",", ":",
     "Major: ", "\n- ", "none", "an altra", "\\", "\ud800", "İ", "null", "```", "(", "1.", " – "]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)), st.text())
def test_any_text_gives_errors_inside_the_hypothesis_or_the_own_error(
    answer: str, hypothesis: str
) -> None:
    try:
        errors = read_errors(answer, hypothesis)
    except AnswerError as error:
        assert error.message
        return
    for error in errors:
        assert error.severity in ("minor", "major", "critical")
        if error.start is not None and error.end is not None:
            found = hypothesis[error.start : error.end].casefold()
            assert 0 <= error.start < error.end <= len(hypothesis)
            assert error.text.strip().casefold() in (found, found.strip())


@pytest.mark.parametrize(
    "piece", ["[", '{"a":', "{'", "[1,", "'x", '"', "{“", "major: ", "\\", " ", "- ", "(", "0-100"]
)
def test_long_nonsense_is_read_in_a_moment(piece: str) -> None:
    answer = piece * (100_000 // len(piece))
    began_s = time.process_time()
    with pytest.raises(AnswerError):
        read_errors("x" + answer, HYPOTHESIS)
    assert time.process_time() - began_s < 2.0
