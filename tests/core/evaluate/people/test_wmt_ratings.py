from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import AdaptMLLMError, ConfigError, DataError
from core.evaluate.people.wmt_ratings import Rating, read_ratings, segment_scores, system_scores

MQM = (
    "system\tdoc\tdoc_id\tseg_id\trater\tsource\ttarget\tcategory\tseverity\n"
    "sysA\ttalk.9\t1\t1\trater1\tTá an cat dubh.\tThe <v>dog</v> is black."
    "\tAccuracy/Mistranslation\tMajor\n"
    "sysA\ttalk.9\t1\t1\trater2\tTá an cat dubh.\tThe dog is black<v>.</v>"
    "\tFluency/Punctuation\tMinor\n"
    "sysB\ttalk.9\t1\t1\trater1\tTá an cat dubh.\tThe cat is black."
    "\tNo-error\tNo-error\n"
)
LATER = (
    "system\tdoc\tdocSegId\tglobalSegId\trater\tsource\ttarget\tcategory\tseverity\tmetadata"
    "\t# Documentation: one row an error\n"
    'sysA\td1\t1\t17\tr1\t"Tá" sé.\t<v>"He</v> is.\tFluency/Grammar\tmajor\t{"note": "x"}\n'
    'sysA\td1\t1\t17\tr1\t<v>"Tá"</v> sé.\t"He is.\tSource issue\tmajor\t{}\n'
    "sysA\td1\t2\t18\tr1\tIs ea.\tYes.\tNo-error\tNo-error\t{}\n"
)


def mqm(*rows: str) -> str:
    return MQM.splitlines()[0] + "\n" + "".join(f"{row}\n" for row in rows)


def test_the_worked_example_gives_the_published_scores() -> None:
    ratings = read_ratings(MQM, "mqm.tsv")
    assert (ratings.kind, ratings.preset, ratings.notes) == ("mqm", "wmt21", ())
    assert segment_scores(ratings.rows) == {
        ("sysA", "talk.9", "1", "1"): -2.55,
        ("sysB", "talk.9", "1", "1"): 0,
    }
    assert system_scores(ratings.rows) == {"sysA": -2.55, "sysB": 0}
    assert [row.num_errors for row in ratings.rows] == [1, 1, 0]
    assert {row.target for row in ratings.rows} == {"The dog is black.", "The cat is black."}


def test_errors_are_added_per_rater_before_raters_are_averaged() -> None:
    row = "sysA\td\t1\t1\t{}\tFoinse.\tThe <v>dog</v>.\tAccuracy/Mistranslation\t{}"
    ratings = read_ratings(
        mqm(row.format("r1", "Major"), row.format("r1", "Minor"), row.format("r2", "Minor")), "m"
    )
    assert [(each.rater, each.score, each.num_errors) for each in ratings.rows] == [
        ("r1", -6, 2),
        ("r2", -1, 1),
    ]
    assert system_scores(ratings.rows) == {"sysA": -3.5}  # pooled it would be -7 / 3


def test_systems_are_averaged_over_segments_not_over_ratings() -> None:
    text = "system\tsegment\trater\tscore\nA\t1\tr1\t2\nA\t1\tr2\t4\nA\t2\tr1\t6\n"
    assert system_scores(read_ratings(text, "s.tsv").rows) == {"A": 4.5}


def test_the_later_form_is_read_with_its_eleventh_header_cell_and_its_own_weights() -> None:
    ratings = read_ratings("\ufeff" + LATER.replace("\n", "\r\n"), "later.tsv")
    assert ratings.preset == "wmt23"
    assert ratings.rows == (
        Rating("sysA", "17", "r1", -5, 2, "d1", "1", '"Tá" sé.', '"He is.'),
        Rating("sysA", "18", "r1", 0, 0, "d1", "2", "Is ea.", "Yes."),
    )
    assert read_ratings(LATER, "later.tsv", preset="wmt21").rows[0].score == -10


def test_bytes_may_begin_with_a_byte_order_mark() -> None:
    assert read_ratings(b"\xef\xbb\xbf" + MQM.encode(), "m").rows == read_ratings(MQM, "m").rows


def test_the_papers_preset_counts_words_of_the_translation() -> None:
    ratings = read_ratings(MQM, "mqm.tsv", preset="adaptmllm")
    assert [row.score for row in ratings.rows] == [-150, 75, 100]


def test_segments_of_two_documents_with_the_same_id_stay_apart() -> None:
    row = "sysA\t{}\t1\t0\tr1\tFoinse.\tThe <v>dog</v>.\tAccuracy/Mistranslation\tMajor"
    ratings = read_ratings(mqm(row.format("d1"), row.format("d2")), "m")
    assert [(each.document, each.score) for each in ratings.rows] == [("d1", -5), ("d2", -5)]


def test_checks_and_lost_marks_are_counted() -> None:
    start = "sysA\td\t1\t1\tr1\tFoinse.\t"
    ratings = read_ratings(
        mqm(
            f"{start}The dog.\tMissed\tHOTW-test",
            f"{start}The <v>dog.\tFluency/Grammar\tMinor",
            f"{start}The dog.\tFluency/Grammar\tMinor",
            f"{start}The <v>dog</v>.\tFluency/Grammar\tMinor",
        ),
        "m",
    )
    assert [(row.score, row.num_errors) for row in ratings.rows] == [(-3, 3)]
    assert ratings.notes == (
        "1 rows are checks with an injected error (HOTW-test); they cost nothing.",
        "2 errors lack one <v> and one </v>; they count, but cannot be shown.",
    )


def test_sqm_and_plain_scores_are_read() -> None:
    sqm = read_ratings(
        "system\tdoc\tdoc_id\tseg_id\trater\tsource\ttarget\tscore\n"
        "A\td1\t1\t1\tr1\tFoinse\tSource\t5.0\nA\td1\t1\t1\tr2\tFoinse\tSource\tNone\n",
        "psqm.tsv",
    )
    assert (sqm.kind, sqm.preset) == ("sqm", "")
    assert sqm.rows == (Rating("A", "1", "r1", 5, None, "d1", "1", "Foinse", "Source"),)
    assert sqm.notes == ("1 rows hold None instead of a score; they were left out.",)
    plain = read_ratings("Rater\tScore\tSegment\tSystem\nr1\t-0\t3\tA\n", "ours.tsv")
    assert plain.kind == "score"
    assert plain.rows == (Rating("A", "3", "r1", 0),)
    assert str(plain.rows[0].score) == "0.0"


def test_a_rater_who_rates_again_is_taken_at_the_last_word() -> None:
    text = "system\tsegment\trater\tscore\nA\t1\tr1\t2\nA\t1\tr1\t4\n"
    ratings = read_ratings(text, "s.tsv")
    assert [row.score for row in ratings.rows] == [4]
    assert ratings.notes == ("1 scores repeat a rater's score of a segment; the last one counts.",)


def test_published_means_are_read_with_blanks_and_tabs_at_will() -> None:
    text = "system mqm_avg_score seg_id\nref-A\t-0.000000 1\nref-A\tNone 2\nA\t-2.550000 1\n"
    ratings = read_ratings(text, "avg_seg_scores.tsv")
    assert ratings.rows == (Rating("ref-A", "1", "", 0), Rating("A", "1", "", -2.55))
    assert ratings.notes == ("1 segments hold None instead of a score; they were left out.",)


START = "system\tsegment\trater\tscore\n"
BROKEN = [
    ("", "holds no ratings; a header line and one line a rating were expected"),
    (START + "\n", "holds no ratings"),
    ("system\tsegment\trater\nA\t1\tr\n", "line 1 lacks the column score"),
    (
        "system\tdoc\trater\tsource\ttarget\tcategory\tseverity\nA\n",
        "line 1 lacks the column globalsegid/seg_id/segment/segment_id",
    ),
    (START + "A\t1\tr\t3\nA\t2\t4\n", "line 3 has 3 tab-separated cells where the header has 4"),
    (START + "A\t1\tr\t3\tx\n", "line 2 has 5 tab-separated cells where the header has 4"),
    (START + "A\t1\t \t3\n", "line 2 has no rater"),
    (START + "A\t1\tr\tgood\n", "line 2 has the score 'good', which is not a number"),
    (START + "A\t1\tr\t\n", "line 2 has the score '', which is not a number"),
    (START + "A\t1\tr\tNaN\n", "line 2 has the score 'NaN', which is not a number"),
    (START + "A\t1\tr\t-inf\n", "line 2 has the score '-inf', which is not a number"),
    (START + "A\t1\tr\tNone\n", "holds no scores: every row says None"),
    (START + "A\t1\tr\t3\0\n", "holds zero bytes"),
    (
        MQM.replace("Major", "Critical"),
        "line 2 has the severity 'Critical', which the preset wmt21",
    ),
    (MQM.replace("Major", ""), "line 2 has the severity ''"),
    (MQM.replace("\tNo-error\tNo-error", "\tNo-error"), "line 4 has 8 tab-separated cells"),
    (
        "system mqm_avg_score seg_id\nA\t1.0 1 2\n",
        "line 2 has 4 cells, not 3.",
    ),
    ("system mqm_avg_score seg_id\nA x 1\n", "line 2 has the score 'x'"),
    ("system mqm_avg_score seg_id\nA 1 1\nA 1 1\n", "line 3 scores segment 1 of A again"),
]


@pytest.mark.parametrize(("text", "expected"), BROKEN)
def test_a_broken_file_gives_one_sentence_with_its_line(text: str, expected: str) -> None:
    with pytest.raises(DataError) as caught:
        read_ratings(text, "ratings.tsv")
    assert caught.value.message.startswith("'ratings.tsv' ")
    assert expected in caught.value.message
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_an_unknown_severity_names_the_presets_that_know_it() -> None:
    with pytest.raises(DataError, match="The presets wmt23, mqm-core weigh it."):
        read_ratings(MQM.replace("Major", "Critical"), "m")


def test_a_file_that_is_not_utf_8_names_the_line() -> None:
    with pytest.raises(DataError, match="'m' is not UTF-8: line 2 holds the byte 0xe1."):
        read_ratings(MQM.encode("latin-1"), "m")


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ConfigError, match="no preset 'google'"):
        read_ratings(MQM, "m", preset="google")


@settings(max_examples=50)
@given(
    st.binary(max_size=80)
    | st.text(max_size=80)
    | st.lists(st.sampled_from(["A", "1", "\t", "\n", "None", "3", " ", "\r"]), max_size=30).map(
        lambda parts: START + "".join(parts)
    )
)
def test_whatever_is_given_there_is_a_reading_or_one_sentence(data: bytes | str) -> None:
    try:
        assert read_ratings(data, "x").rows
    except AdaptMLLMError as error:
        assert error.message.startswith("'x' ")
