from __future__ import annotations

import numpy as np
import pytest

from core.errors import DataError
from core.evaluate.people.rating_join import join_ratings
from core.evaluate.people.wmt_ratings import Rating, Ratings, read_ratings

SOURCES = ["Tá an cat dubh.", "Tá an madra bán.", "Is ea."]
HYPOTHESES = {
    "Base": ["The dog is black.", "The dog is white.", "Yes."],
    "tuned": ["The cat is black.", "The  dog is white!", "It is."],
}
NAN = float("nan")


def rated(
    system: str, segment: object, score: float = 1, rater: str = "r1", **texts: str
) -> Rating:
    return Rating(system, str(segment), rater, score, **texts)  # type: ignore[arg-type]


def of(*rows: Rating, notes: tuple[str, ...] = ()) -> Ratings:
    return Ratings("score", rows, notes=notes)


def same(found: np.ndarray, expected: list[list[float]]) -> bool:
    return np.array_equal(found, np.array(expected, float), equal_nan=True)


def test_the_published_example_stands_beside_its_hypotheses() -> None:
    text = (
        "system\tdoc\tdoc_id\tseg_id\trater\tsource\ttarget\tcategory\tseverity\n"
        "base\tt\t1\t1\tr1\tTá an cat dubh.\tThe <v>dog</v> is black.\tAccuracy/Addition\tMajor\n"
        "base\tt\t1\t1\tr2\tTá an cat dubh.\tThe dog is black<v>.</v>\tFluency/Punctuation\tMinor\n"
        "tuned\tt\t1\t1\tr1\tTá an cat dubh.\tThe cat is black.\tNo-error\tNo-error\n"
    )
    joined = join_ratings(read_ratings(text, "mqm.tsv"), HYPOTHESES, SOURCES)
    assert joined.systems == ("Base", "tuned")
    assert same(joined.human, [[-2.55, 0], [NAN, NAN], [NAN, NAN]])
    assert same(joined.by_rater["r1"], [[-5, 0], [NAN, NAN], [NAN, NAN]])
    assert same(joined.by_rater["r2"], [[-0.1, NAN], [NAN, NAN], [NAN, NAN]])
    assert (joined.num_ratings, joined.num_left_out, joined.notes) == (3, 0, ())


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("column", ["source", "target"])
def test_the_texts_tell_from_which_number_ids_count(first: int, column: str) -> None:
    rows = []
    for position in (1, 2):
        text = SOURCES[position] if column == "source" else HYPOTHESES["Base"][position]
        rows.append(rated("Base", position + first, position, **{column: text}))
    joined = join_ratings(of(*rows), HYPOTHESES, SOURCES)
    assert same(joined.human, [[NAN, NAN], [1, NAN], [2, NAN]])
    assert joined.matched_by == f"segment ids, counted from {first}"


@pytest.mark.parametrize(("ids", "first"), [((0, 1), 0), ((1, 2), 1), ((1, 3), 1)])
def test_without_texts_ids_count_from_one_unless_there_is_a_zero(
    ids: tuple[int, int], first: int
) -> None:
    joined = join_ratings(of(*(rated("Base", each) for each in ids)), HYPOTHESES, SOURCES)
    assert np.flatnonzero(np.isfinite(joined.human[:, 0])).tolist() == [
        each - first for each in ids
    ]


def test_ids_that_start_again_in_each_document_give_way_to_source_texts() -> None:
    rows = [
        rated("Base", 1, score, source=source, document=f"d{score}")
        for score, source in enumerate(SOURCES)
    ]
    joined = join_ratings(of(*rows), HYPOTHESES, SOURCES)
    assert same(joined.human, [[0, NAN], [1, NAN], [2, NAN]])
    assert joined.matched_by == "source texts"


def test_white_space_and_the_form_of_letters_do_not_matter() -> None:
    row = rated("tuned", 2, 4, source="Ta\u0301 an  madra bán. ", target="The dog\u00a0is white!")
    joined = join_ratings(of(row), HYPOTHESES, SOURCES)
    assert same(joined.human, [[NAN, NAN], [NAN, 4], [NAN, NAN]])


def test_names_are_matched_by_hand_then_exactly_then_in_any_case() -> None:
    hypotheses = {"a": ["x"], "B": ["y"], "b": ["z"], "C": ["w"]}
    rows = of(rated("sys1", 1, 1), rated("b", 1, 2), rated("c", 1, 3))
    joined = join_ratings(rows, hypotheses, ["s"], system_names={"sys1": "a"})
    assert same(joined.human, [[1, NAN, 2, 3]])


def test_a_name_with_two_owners_in_any_case_is_not_guessed() -> None:
    with pytest.raises(DataError, match="None of the rated systems is here: they are 'SYS'."):
        join_ratings(of(rated("SYS", 1)), {"Sys": ["x"], "sys": ["y"]}, ["s"])


def test_what_does_not_match_is_left_out_and_counted() -> None:
    rows = (
        rated("Base", 1, 1, source=SOURCES[0], target=HYPOTHESES["Base"][0]),
        rated("Base", 2, 2, source=SOURCES[1], target=HYPOTHESES["Base"][1]),
        rated("Base", 3, 3, source=SOURCES[2], target="No."),
        rated("tuned", 3, 3, source="Ní hea."),
        rated("Base", 4, 3, source="Eile."),
        rated("ref-A", 1, 3),
    )
    joined = join_ratings(of(*rows, notes=("A note of the file.",)), HYPOTHESES, SOURCES)
    assert (joined.num_ratings, joined.num_left_out) == (2, 4)
    assert joined.notes == (
        "A note of the file.",
        "1 ratings were left out: there are no hypotheses of 'ref-A'.",
        "1 ratings were left out: their segment is not in the test set.",
        "1 ratings were left out: their source text is not that of the test set.",
        "1 ratings were left out: the translation that was rated is not the hypothesis.",
    )
    assert same(joined.human, [[1, NAN], [2, NAN], [NAN, NAN]])


def test_means_of_the_same_ratings_in_another_order_are_tied() -> None:
    scores = [-0.1, -0.2, -0.3, -1.1, -5.7]
    rows = [rated("Base", 1, score, f"r{n}") for n, score in enumerate(scores)]
    rows += [rated("tuned", 1, score, f"r{n}") for n, score in enumerate(reversed(scores))]
    joined = join_ratings(of(*rows), HYPOTHESES, SOURCES)
    assert joined.human[0, 0] == joined.human[0, 1] == -1.48


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (rated("other", 1), "None of the rated systems is here: they are 'other'."),
        (rated("Base", 9), "No rating is about the 3 segments of this test set."),
        (rated("Base", "doc1::1"), "No rating is about the 3 segments of this test set."),
        (
            rated("Base", 1, source="Eile."),
            "The source texts in all 1 ratings differ from the test set's.",
        ),
        (
            rated("Base", 1, source=SOURCES[0], target="Other."),
            "The translations in all 1 ratings differ from the hypotheses.",
        ),
    ],
)
def test_ratings_of_something_else_are_refused(row: Rating, expected: str) -> None:
    with pytest.raises(DataError) as caught:
        join_ratings(of(row), HYPOTHESES, SOURCES)
    assert caught.value.message == expected
    assert caught.value.hint


def test_wrong_names_given_by_hand_are_refused() -> None:
    rows = of(rated("x", 1), rated("base", 1))
    with pytest.raises(DataError, match="There is no system 'z' to match 'x' with 'z'."):
        join_ratings(rows, HYPOTHESES, SOURCES, system_names={"x": "z"})
    with pytest.raises(DataError, match="There is no system 'y' to match 'y' with 'Base'."):
        join_ratings(rows, HYPOTHESES, SOURCES, system_names={"y": "Base"})
    with pytest.raises(DataError, match="The file's systems 'x' and 'base' are both 'Base' here."):
        join_ratings(rows, HYPOTHESES, SOURCES, system_names={"x": "Base"})


def test_hypotheses_that_are_not_parallel_are_refused() -> None:
    with pytest.raises(DataError, match="'Base' has 1 hypotheses for 3 segments."):
        join_ratings(of(rated("Base", 1)), {"Base": ["x"]}, SOURCES)
