from __future__ import annotations

import random

import pytest

from core.errors import DataError
from core.evaluate.formats.parallel import check_parallel


def refusal(
    hypotheses: list[str], num_segments: int, sources: list[str] | None = None
) -> DataError:
    with pytest.raises(DataError) as caught:
        check_parallel(hypotheses, num_segments, "nllb.txt", sources=sources or ())
    return caught.value


def test_equal_numbers_pass() -> None:
    check_parallel(["a", ""], 2, "nllb.txt")


@pytest.mark.parametrize(
    ("hypotheses", "num_segments", "hint"),
    [
        (["a", "b", ""], 2, "What is too much are blank lines at the end, from line 3 on."),
        (["a", "", "b", " ", "c"], 3, "As many lines are blank, the first is line 2: remove them."),
        (["a\u2028b", "c"], 3, "Only line feeds end a line; another line break stands in 1 of the"),
        (["", "a", "b", "", "c"], 2, "Line 1 is blank: a line feed inside a hypothesis may"),
        (["a"], 2, "There must be one hypothesis a segment"),
        (["a", "b"], 1, "There must be one hypothesis a segment"),
    ],
)
def test_hint_says_where_the_shift_may_be(
    hypotheses: list[str], num_segments: int, hint: str
) -> None:
    error = refusal(hypotheses, num_segments)
    assert error.message.startswith("'nllb.txt' holds ")
    assert error.hint.startswith(hint)


def test_both_numbers_are_named() -> None:
    assert refusal(["a"] * 1203, 1).message == (
        "'nllb.txt' holds 1,203 hypotheses; the test set has 1 segment."
    )


@pytest.mark.parametrize(("at", "words"), [(40, "one missing"), (150, "one too many")])
def test_shift_is_found_by_the_lengths(at: int, words: str) -> None:
    generator = random.Random(1)
    sources = ["x" * generator.randint(10, 200) for _ in range(200)]
    hypotheses = [text[: max(1, round(len(text) * generator.gauss(1, 0.1)))] for text in sources]
    if words == "one missing":
        del hypotheses[at]
    else:
        hypotheses.insert(at, "x" * 90)
    hint = refusal(hypotheses, 200, sources).hint
    assert hint.startswith(f"By their lengths there is probably {words} near line ")
    found = int(hint.rstrip(".").split()[-1])
    assert abs(found - (at + 1)) <= 2


def test_lengths_that_say_nothing_give_no_place() -> None:
    assert "lengths" not in refusal(["x" * 20] * 9, 10, ["y" * 20] * 10).hint
