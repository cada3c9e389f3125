from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.text.glossary import Term
from core.text.protection import Protected, Reply, Request, protected
from core.text.spans import is_mark, spans_in

Model = Callable[[str], list[str]]


def talk(
    sentence: str, model: Model, terms: Sequence[Term] = ()
) -> tuple[Protected, list[Request]]:
    """Answers the requests with a model; gives the result and the requests."""
    conversation = protected(sentence, terms)
    requests: list[Request] = []
    try:
        request = next(conversation)
        while True:
            requests.append(request)
            request = conversation.send([model(text) for text in request])
    except StopIteration as end:
        assert isinstance(end.value, Protected)
        return end.value, requests


def upper(text: str) -> list[str]:
    """Stands for a model: changes all letters, placeholders too."""
    return [text.upper()]


def dropping(*lost: str) -> Model:
    """Gives a model that translates into capitals and loses some texts."""

    def translate(text: str) -> list[str]:
        for part in lost:
            text = text.replace(part, "")
        return [text.upper()]

    return translate


def test_plain_sentence_is_one_request() -> None:
    assert talk("good day", upper) == (Protected("GOOD DAY"), [["good day"]])


@pytest.mark.parametrize(
    "sentence",
    ["", "  \n", "...", "12 %", "https://a.ie/b", "{a} {b}", "\ue000\ue001", "<b> {x} </b>!", "🎉"],
)
def test_nothing_to_translate_is_no_request(sentence: str) -> None:
    assert talk(sentence, upper) == (Protected(sentence), [])


@pytest.mark.parametrize("blank", ["\ufeff", "\u200b", "\u2060", "\x00", "\x85"])
def test_link_before_an_invisible_end_is_kept(blank: str) -> None:
    assert talk(f"see https://a.ie/b{blank}", upper)[0].text == f"SEE https://a.ie/b{blank}"


def test_white_space_and_tags_at_the_ends_stay_outside_the_model() -> None:
    result, requests = talk("  <p>\ue000good day\ue001 </p>\t", upper)
    assert result.text == "  <p>\ue000GOOD DAY\ue001 </p>\t"
    assert requests == [["good day"]]


def test_number_is_taken_from_a_later_hypothesis() -> None:
    result, requests = talk("it costs 1,500", lambda _: ["a 1,600", "b 1.500", "c"])
    assert result == Protected("b 1.500", (), ("a 1,600", "c"))
    assert len(requests) == 1


def test_lost_number_is_a_warning_that_names_it() -> None:
    result, _ = talk("it costs 1,500", lambda _: ["much", "a lot"])
    assert result.text == "much"
    assert result.warnings == ("The number 1,500 may be missing from the translation.",)


def test_copied_placeholders_are_accepted_at_once() -> None:
    result, requests = talk("hi {name}, %s new", lambda _: ["{NAME} x %s", "heil {name}, %s nua"])
    assert result == Protected("heil {name}, %s nua")
    assert requests == [["hi {name}, %s new"]]


@pytest.mark.parametrize(
    "reply",
    ["{b} agus {a}", "{a} agus", "{a} agus {a} {b}", "{a} agus { b }", "{a} agus {b} \ue000", ""],
)
def test_lost_doubled_moved_and_changed_placeholders_are_masked(reply: str) -> None:
    result, requests = talk("{a} and {b}", lambda text: [reply] if "{" in text else upper(text))
    if "\ue000" in reply:  # a mark nobody asked for is only left out
        assert result == Protected("{a} agus {b} ")
    else:
        assert result == Protected("{a} AND {b}")
        assert requests == [["{a} and {b}"], ["[1] and [2]"]]


def test_markers_may_come_back_in_other_digits_and_with_spaces() -> None:
    result, _ = talk("go to {x} now", lambda text: ["y"] if "{" in text else ["الآن [ ١ ] اذهب"])
    assert result.text == "الآن {x} اذهب"


def test_markers_do_not_collide_with_the_sentence() -> None:
    sentence = "as [1] says, 2 of {x} and 3"
    result, requests = talk(sentence, upper)
    assert requests[1] == ["as [1] says, 2 of [4] and 3"]
    assert result == Protected("AS [1] SAYS, 2 OF {x} AND 3")


def test_lost_markers_lead_to_parts() -> None:
    result, requests = talk("Dear {name}, see  <b>this</b> page.", dropping("{name}", "[1]"))
    assert result == Protected("DEAR {name}, SEE  <b>THIS</b> PAGE.")
    assert requests[2] == ["Dear", ", see", "this", "page."]


def test_space_inside_a_restored_tag_moves_outside() -> None:
    def model(text: str) -> list[str]:
        return ["x"] if "<" in text else ["féach[1] anseo [2]anois"]

    assert talk("see <b>here</b> now", model)[0].text == "féach <b>anseo</b> anois"


def test_neighbouring_tags_share_a_marker() -> None:
    _, requests = talk("see <b><i>here</i></b> now", upper)
    assert requests[1] == ["see [1]here[2] now"]


def test_each_mark_comes_back_once_and_in_order() -> None:
    sentence = "see \ue000here\ue001 or \ue002\ue003there\ue004"
    result, _ = talk(sentence, lambda text: ["\ue001 \ue000 [2] [1]"])
    assert list(filter(is_mark, result.text)) == list(filter(is_mark, sentence))


BANK = [Term("bank", "banc"), Term("river bank", "bruach")]


def test_inflected_target_in_any_hypothesis_is_left_alone() -> None:
    result, requests = talk("the bank", lambda _: ["an teach", "sa Bhanc, na bancanna"], BANK)
    assert result == Protected("sa Bhanc, na bancanna")
    assert len(requests) == 1


def test_missing_target_is_inserted_with_a_warning() -> None:
    result, requests = talk("the river bank is near", upper, BANK)
    assert result.text == "THE bruach IS NEAR"
    assert requests == [["the river bank is near"], ["the [1] is near"]]
    assert result.warnings == (
        "“bruach” was inserted as the glossary has it; check its inflection.",
    )


def test_target_is_inserted_between_parts_at_last() -> None:
    result, requests = talk("the bank of {x}", dropping("{x}", "[1]", "[2]"), BANK)
    assert result.text == "THE banc OF {x}"
    assert len(requests) == 3
    assert len(result.warnings) == 1


def test_sentence_that_is_a_term_is_answered_from_the_glossary() -> None:
    result, requests = talk("Bank", lambda _: ["teach"], BANK)
    assert result.text == "banc"
    assert requests == [["Bank"]]


def test_terms_inside_protected_parts_are_left_alone() -> None:
    result, requests = talk("see https://bank.ie/bank", lambda text: [text], BANK)
    assert result == Protected("see https://bank.ie/bank")
    assert requests == [["see https://bank.ie/bank"]]


def test_digits_of_a_term_are_not_searched_in_its_target() -> None:
    result, _ = talk(
        "use WW2 now", lambda _: ["an Dara Cogadh anois"], [Term("ww2", "Dara Cogadh")]
    )
    assert result.warnings == ()


def test_silent_model_leaves_the_sentence_and_says_so() -> None:
    for reply in ([""], [], [" \n"]):
        result, _ = talk("good {x} day", lambda _, reply=reply: reply)  # type: ignore[misc]
        assert result.text == "good {x} day"
        assert result.warnings == ("A part could not be translated and was left as it is.",)


PARTS = st.sampled_from(
    ["{a}", "{b}", "%s", "%%", "%", "s", "<b>", "</b>", "<", "b>", "\ue000", "\ue001", "#ab", "#a"]
    + ["@me", "https://a.ie", ".", "[1]", "[2]", "[", "1", "]", " ", "bank", "banc", "12", "१", "a"]
    + ["\ufeff", "\u200b", "你", "\u0301", "\ud800", "\n", "{", "}", "$", ""]
)
SENTENCES = st.lists(PARTS, max_size=12).map("".join)
TERMS = st.lists(st.builds(Term, SENTENCES.filter(bool), SENTENCES.filter(bool)), max_size=3)


@settings(max_examples=500)
@given(SENTENCES, TERMS, st.lists(SENTENCES, max_size=8), st.integers(0, 2**32))
def test_no_answer_loses_a_protected_part(
    sentence: str, terms: list[Term], noise: list[str], seed: int
) -> None:
    chance = random.Random(seed)

    def adversary(text: str) -> list[str]:
        pieces = [*noise, text, text.upper(), text[::-1], text + text, text[: len(text) // 2]]
        return ["".join(chance.sample(pieces, chance.randint(0, 3))) for _ in range(3)]

    check_protection(sentence, adversary, terms)


@settings(max_examples=300)
@given(
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.lists(st.text(st.characters(exclude_categories=()), max_size=20), max_size=3),
)
def test_any_text_and_any_answer_are_survived(sentence: str, reply: list[str]) -> None:
    check_protection(sentence, lambda _: reply)


def check_protection(sentence: str, model: Model, terms: Sequence[Term] = ()) -> None:
    result, requests = talk(sentence, model, terms)
    assert len(requests) <= 3
    assert all(request and all(text.strip() for text in request) for request in requests)
    spans = [span.text for span in spans_in(sentence)]
    position = 0
    for text in (result.text, *result.alternatives):
        for span in spans:
            assert text.count(span) == sentence.count(span)
        assert list(filter(is_mark, text)) == list(filter(is_mark, sentence))
    for span in spans:
        position = result.text.index(span, position) + len(span)
    assert all(warning.endswith(".") for warning in result.warnings)


@pytest.mark.parametrize("reply", [[], [[]], [["x"], ["y"], ["z"]]])
def test_answers_of_the_wrong_length_are_survived(reply: Reply) -> None:
    conversation = protected("one {a} two {b} three")
    next(conversation)
    with pytest.raises(StopIteration) as end:
        for _ in range(5):
            conversation.send(reply)
    assert "{a}" in end.value.value.text
