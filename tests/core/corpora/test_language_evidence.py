from __future__ import annotations

from collections import Counter

import pytest

from core.corpora.language_evidence import foreign_letters, guess_language, script_shares

ENGLISH = ["The committee will publish its report on the vaccine next week."] * 3
IRISH = ["Foilseoidh an coiste a thuarascáil faoin vacsaín an tseachtain seo chugainn."]


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("abcγ 12.!", [("Latin", 0.75), ("Greek", 0.25)]),
        ("हिन्दी", [("Devanagari", 1.0)]),  # vowel signs are letters of their script
        ("漢字かな", [("Han", 0.5), ("Hiragana", 0.5)]),
        ("e\u0301", [("Latin", 1.0)]),  # an accent is of any script
        ("ꓐ", [("Other", 1.0)]),
        ("12 .", []),
    ],
)
def test_letters_are_of_scripts(text: str, shares: list[tuple[str, float]]) -> None:
    assert list(script_shares(Counter(text))) == shares


def test_letters_of_other_scripts_are_counted() -> None:
    assert foreign_letters(Counter("मराठी word word"), "mar_Deva") == (
        Counter({"w": 2, "o": 2, "r": 2, "d": 2}),
        13,
    )


def test_the_declared_language_is_recognised() -> None:
    found = guess_language(ENGLISH + IRISH, "gle_Latn")
    assert (found.is_known, found.num_segments, found.share) == (True, 4, 0.25)
    assert found.guesses == (("eng_Latn", 0.75), ("gle_Latn", 0.25))
    assert found.note == ""


def test_a_language_that_the_identifier_does_not_know_is_not_guessed() -> None:
    found = guess_language(ENGLISH, "ban_Latn")
    assert (found.is_known, found.share, found.guesses) == (False, None, ())
    assert found.note == (
        "The language identifier does not know Balinese: only the script was checked."
    )


def test_without_segments_nothing_is_guessed() -> None:
    found = guess_language([], "eng_Latn")
    assert (found.is_known, found.share) == (True, None)
    assert found.note == "No segment has the 20 characters that a guess needs."
