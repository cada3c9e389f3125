from __future__ import annotations

import pytest

from core.errors import DataError
from core.evaluate.causes.term_hits import find_term_hits
from core.text.glossary import Term

HANDS, HOME = Term("hands", "lámha"), Term("home", "baile")


def test_hits_are_counted_for_each_term_and_system() -> None:
    sources = ["Wash your hands, hands!", "Stay home", "Hands off", "Nothing"]
    hypotheses = {
        "A": ["Nigh do lámha", "Fan sa bhaile", "Bain díot na LÁMHA", ""],
        "B": ["Nigh iad", "Fan anseo", "na lámha", "lámha"],
    }
    found = find_term_hits(sources, hypotheses, [HOME, HANDS, Term("cat", "cat")])
    assert [hits.term for hits in found] == [HANDS, HOME]
    hands, home = found
    assert hands.positions.tolist() == [0, 2]
    assert (hands.percent("A"), hands.percent("B")) == (100, 50)
    assert hands.missed["B"].tolist() == [0]
    # "bhaile" is a form of "baile", but does not hold it.
    assert home.percent("A") == 0


def test_terms_of_any_writing_are_found() -> None:
    found = find_term_hits(
        ["東京へ行く", "मला घर हवे"],
        {"A": ["I go to Tokyo", "I want a flat"]},
        [Term("東京", "Tokyo"), Term("घर", "house")],
    )
    assert {hits.term.source: hits.percent("A") for hits in found} == {"東京": 100, "घर": 0}


def test_bad_and_no_input() -> None:
    assert find_term_hits(["hands"], {"A": [""]}, []) == []
    with pytest.raises(DataError, match="0 hypotheses of 'A' do not go with 1 sources"):
        find_term_hits(["hands"], {"A": []}, [HANDS])
