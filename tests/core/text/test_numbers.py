from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.numbers import missing_numbers, number_warning, numbers_in


@pytest.mark.parametrize(
    ("source", "hypothesis"),
    [
        ("1,234.5 kg", "1.234,5 kg"),
        ("1,234,567", "1 234 567"),
        ("1 234 567", "1,234,567"),
        ("1\u202f234", "1234"),
        ("12,34,567 rupees", "१२,३४,५६७ रुपये"),
        ("In 2024", "في ٢٠٢٤"),
        ("Pi is 3.14", "π هو ٣٫١٤"),
        ("At 10:30", "Ag 10.30"),
        ("pages 1,2,3", "leathanaigh 1, 2 agus 3"),
        ("on 05/06/2024", "ar 5.6.2024"),
        ("In 2020 300 people", "300 duine in 2020"),
        ("COVID-19 and B12", "B12 agus COVID-19"),
        ("5 and 5", "5 agus 5"),
        ("full １２", "12"),
        ("none", "12 more"),
    ],
)
def test_same_number_in_another_form_is_there(source: str, hypothesis: str) -> None:
    assert missing_numbers(source, hypothesis) == []


@pytest.mark.parametrize(
    ("source", "hypothesis", "missing"),
    [
        ("1,234 and 5", "1,235 and 5", ["1,234"]),
        ("5 and 5", "5", ["5"]),
        ("0.5 mg", "5 mg", ["0.5"]),
        ("७ दिवस", "days", ["७"]),
        ("2019 to 2021", "2019 to 2012", ["2021"]),
    ],
)
def test_lost_number_is_named_as_in_the_source(
    source: str, hypothesis: str, missing: list[str]
) -> None:
    assert [number.text for number in missing_numbers(source, hypothesis)] == missing


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_a_text_has_its_own_numbers(text: str) -> None:
    assert missing_numbers(text, text) == []


def test_warning_is_one_sentence_however_many_numbers() -> None:
    sentence = number_warning(numbers_in("1,5"))
    assert sentence == "The number 1,5 may be missing from the translation."
    sentence = number_warning(numbers_in("1 2 3"))
    assert sentence == "The numbers 1, 2 and 3 may be missing from the translation."
    sentence = number_warning(numbers_in(" ".join(map(str, range(1, 9)))))
    assert sentence == ("The numbers 1, 2, 3, 4, 5 and 3 more may be missing from the translation.")
    assert len(number_warning(numbers_in("7" * 9999))) < 120
