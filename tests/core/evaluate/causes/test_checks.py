from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, DataError
from core.evaluate.causes.checks import CHECKS, Finding, run_checks
from core.evaluate.causes.defects import examined, is_repetitive
from core.evaluate.causes.defects import given as seen
from core.text.glossary import Term
from core.text.repetition import is_degenerate

LONG = "The council will publish all results of the survey on its pages in the coming week."
LONG_GA = "Foilseoidh an chomhairle torthaí uile an tsuirbhé ar a leathanaigh an tseachtain seo."


def verdict(
    key: str,
    source: str,
    reference: str,
    hypothesis: str,
    tgt_lang: str = "gle_Latn",
    terms: tuple[Term, ...] = (),
) -> bool | None:
    """Whether a check finds something; None where it does not apply."""
    found = run_checks([source], [reference], {"A": [hypothesis]}, tgt_lang=tgt_lang, terms=terms)
    finding = found["A"][key]
    return bool(finding.flags[0]) if finding.is_applicable[0] else None


@pytest.mark.parametrize(
    ("key", "source", "reference", "hypothesis", "lang", "expected"),
    [
        ("empty", "Yes", "Is ea", " \u200b\n", "gle_Latn", True),
        ("empty", "Yes", "Is ea", ".", "gle_Latn", False),
        ("copy", "The cat", "An cat", "the  CAT!", "gle_Latn", True),
        ("copy", "The cat", "An cat", "An cat", "gle_Latn", False),
        ("copy", "Microsoft", "Microsoft", "Microsoft", "gle_Latn", None),
        ("copy", "12.5", "12,5", "12.5", "gle_Latn", None),
        ("copy", "https://a.org", "ar a.org", "https://a.org", "gle_Latn", None),
        ("wrong_script", "The cat", "मांजर", "The cat", "mar_Deva", True),
        ("wrong_script", "The cat", "मांजर", "मांजर", "mar_Deva", False),
        ("wrong_script", "TV", "TV", "TV", "mar_Deva", False),
        ("wrong_script", "Install it", "ते स्थापित करा", "ते app स्थापित करा", "mar_Deva", False),
        ("wrong_script", "See it", "انظر", "انظر https://example.org/a", "arb_Arab", False),
        ("wrong_script", "The cat", "猫です", "кошка", "jpn_Jpan", True),
        ("wrong_script", "5", "5", "5", "tha_Thai", None),
        ("repetition", LONG, LONG_GA, "an cat " * 5, "gle_Latn", True),
        ("repetition", LONG, "ha ha ha ha ha", "ha ha ha ha ha", "gle_Latn", False),
        ("repetition", LONG, "แมว", "แมวแมวแมวแมวแมว", "tha_Thai", True),
        ("repetition", LONG, LONG_GA, LONG_GA, "gle_Latn", False),
        ("too_long", "Yes", "Is ea", "Sea, is ea, go deimhin is ea.", "gle_Latn", True),
        ("too_long", LONG, LONG_GA, LONG_GA + " Agus.", "gle_Latn", False),
        ("too_short", LONG, LONG_GA, "Foilseoidh.", "gle_Latn", True),
        ("too_short", LONG, LONG_GA, "", "gle_Latn", False),
        ("too_short", "Yes", "Is ea", "Sea", "gle_Latn", False),
        ("lost_number", "It is 1,000.5", "1.000,5 é", "1 000,5 atá ann", "gle_Latn", False),
        ("lost_number", "In 2021", "२०२१ मध्ये", "२०२१ साली", "mar_Deva", False),
        ("lost_number", "In 2021", "२०२१ मध्ये", "२०१२ मध्ये", "mar_Deva", True),
        ("lost_number", "In 2021", "في عام ٢٠٢١", "في ذلك العام", "arb_Arab", True),
        ("lost_number", "3 cats", "trí chat", "trí chat", "gle_Latn", None),
        ("lost_number", "cats", "cait", "cait", "gle_Latn", None),
        ("invented_number", "In 2021", "२०२१ मध्ये", "२०१२ मध्ये", "mar_Deva", True),
        ("invented_number", "three cats", "3 chat", "3 chat", "gle_Latn", False),
        ("invented_number", "24/7", "24 uair, 7 lá", "24 uair, 24 uair, 7", "gle_Latn", False),
        ("invented_number", "cats", "cait", "cait {0} %2d", "gle_Latn", None),
        ("lost_placeholder", "Hi {name}", "Haigh {name}", "Haigh", "gle_Latn", True),
        ("lost_placeholder", "Hi {name}", "Haigh {name}", "Haigh {name}", "gle_Latn", False),
        ("lost_placeholder", "See www.a.org", "Féach leis", "Féach", "gle_Latn", None),
        ("lost_placeholder", "Mail a@b.org", "راسل a@b.org", "راسل", "arb_Arab", True),
        ("lost_placeholder", "<b>x</b>", "<b>y</b>", "<b>y", "gle_Latn", True),
        ("unbalanced", "A (b)", "Á (b)", "Á (b", "gle_Latn", True),
        ("unbalanced", "a) b", "á) b", "á) b", "gle_Latn", False),
        ("unbalanced", '"A"', "「あ」", "「あ", "jpn_Jpan", True),
        ("unbalanced", "(A)", "（あ）", "（あ)", "jpn_Jpan", False),
        ("unbalanced", 'Say "no"', 'Abair "ná"', 'Abair "ná', "gle_Latn", True),
        ("unbalanced", "A", "Á", "Á", "gle_Latn", None),
    ],
)  # fmt: skip
def test_a_check_finds_what_it_says(
    key: str, source: str, reference: str, hypothesis: str, lang: str, expected: bool | None
) -> None:
    assert verdict(key, source, reference, hypothesis, lang) is expected


@pytest.mark.parametrize(
    ("hypothesis", "expected"),
    [("Nigh do lámha", False), ("nigh do LÁMHA.", False), ("Nigh iad", True)],
)
def test_a_term_is_missed_where_its_target_is_not_there(hypothesis: str, expected: bool) -> None:
    terms = (Term("hands", "lámha"),)
    assert verdict("missed_term", "Wash hands", "Nigh iad", hypothesis, terms=terms) is expected
    assert verdict("missed_term", "Wash it", "Nigh é", hypothesis, terms=terms) is None


def test_a_rate_is_of_the_segments_that_count() -> None:
    sources, references = ["7 cats", "5 dogs", "birds"], ["7 gcat", "5 mhadra", "éin"]
    found = run_checks(
        sources, references, {"A": ["7 gcat", "madraí", "éin"]}, tgt_lang="gle_Latn"
    )["A"]
    lost = found["lost_number"]
    assert (lost.num_found, lost.num_applicable, lost.percent) == (1, 2, 50)
    assert lost.positions.tolist() == [1]
    assert found["missed_term"].percent is None
    assert (found["empty"].num_applicable, found["empty"].percent) == (3, 0)


def test_equal_hypotheses_are_told_for_each_system() -> None:
    hypotheses = {"A": ["x", "y", "z"], "B": ["x", "Y", "w"], "C": ["v", "u", "z"]}
    found = run_checks(["a"] * 3, ["b"] * 3, hypotheses, tgt_lang="gle_Latn")
    positions = {system: found[system]["identical"].positions.tolist() for system in found}
    assert positions == {"A": [0, 2], "B": [0], "C": [2]}
    assert not found["A"]["identical"].check.is_defect
    alone = run_checks(["a"], ["b"], {"A": ["b"]}, tgt_lang="gle_Latn")
    assert alone["A"]["identical"].percent is None


def test_every_check_is_in_the_table_once_and_found_for_each_system() -> None:
    keys = [check.key for check in CHECKS]
    assert len(set(keys)) == len(keys)
    found = run_checks([], [], {"A": [], "B": []}, tgt_lang="gle_Latn")
    assert {system: list(of_system) for system, of_system in found.items()} == {
        "A": keys, "B": keys,
    }  # fmt: skip


def test_bad_input_is_refused() -> None:
    with pytest.raises(DataError, match=r"2 sources do not go with 1 references"):
        run_checks(["a", "b"], ["a"], {}, tgt_lang="gle_Latn")
    with pytest.raises(ConfigError, match="'ga' is not"):
        run_checks(["a"], ["a"], {"A": ["a"]}, tgt_lang="ga")


def test_progress_is_told_after_each_segment() -> None:
    told: list[tuple[int, int]] = []
    texts = ["a", "b"]
    run_checks(
        texts, texts, {"A": texts}, tgt_lang="gle_Latn",
        on_progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert told == [(1, 2), (2, 2)]


REPEATED = st.tuples(
    st.text(alphabet="aßAi İ한京ก ,ﬃ", min_size=1, max_size=14), st.integers(1, 12)
).map(lambda pair: pair[0] * pair[1])


@given(st.lists(REPEATED, max_size=4).map("".join), st.sampled_from(["", "a a a a", LONG]))
def test_repetition_is_what_the_service_calls_a_loop(hypothesis: str, source: str) -> None:
    segment = seen(source, "", lang="gle_Latn")
    expected = is_degenerate(source, hypothesis)
    assert is_repetitive(segment, examined(hypothesis)) is expected


TEXT = st.text(alphabet='aé1२ ("{x}<b>京ก،\n', max_size=12)


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=5))
def test_what_is_flagged_counts_for_the_rate(texts: list[tuple[str, str, str]]) -> None:
    columns = [list(column) for column in zip(*texts, strict=True)] or [[], [], []]
    found = run_checks(columns[0], columns[1], {"A": columns[2]}, tgt_lang="jpn_Jpan")["A"]
    for finding in found.values():
        assert not (finding.flags & ~finding.is_applicable).any()


def test_references_have_no_defects(loresmt: Path) -> None:
    sources, references = (
        (loresmt / f"test.en2ga.{lang}").read_text(encoding="utf-8").splitlines()[:200]
        for lang in ("en", "ga")
    )
    found: dict[str, Finding] = run_checks(
        sources, references, {"reference": references}, tgt_lang="gle_Latn"
    )["reference"]
    counts = {finding.check.key: finding.num_found for finding in found.values()}
    assert counts == dict(zip((check.key for check in CHECKS), itertools.repeat(0), strict=False))
