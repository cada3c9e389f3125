from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.systems.clients.refusals import Refusals, named_parameter, without_quoted_texts
from core.systems.failures import AskError, from_status

SENT = {
    "temperature": 0.2,
    "top_p": 0.9,
    "top_k": 5,
    "max_tokens": 16,
    "seed": 1,
    "stop": ["\n"],
    "presence_penalty": 0.5,
    "stream_options": {"include_usage": True},
}

COMPLAINTS = [
    ("Unsupported value: 'temperature' does not support 0.2 with this model.", "temperature"),
    ("Unsupported parameter: `top_p`", "top_p"),
    ('Unrecognized request argument supplied: "top_k"', "top_k"),
    ("Unrecognized request argument supplied: top_k", "top_k"),
    ("Unexpected fields in the request: {'top_k'}", "top_k"),
    ("Unexpected fields in the request: {'stream_options'}", "stream_options"),
    ("'seed': Extra inputs are not permitted", "seed"),
    ("body.top_k: Extra inputs are not permitted", "top_k"),
    ("'stop.0': Input should be a valid string", "stop"),
    ("temperature must be 1", "temperature"),
    ("top_p and temperature cannot both be set", "top_p"),
    ("temperature and top_p cannot both be set", "temperature"),
    # Everyday words count only where they are marked as a name.
    ("Unknown parameter: 'seed'", "seed"),
    ("Unrecognized request argument supplied: seed", "seed"),
    ("The parameter stop is not supported", "stop"),
    ("The model could not stop", ""),
    ("Please stop sending requests", ""),
    ("The seed of doubt", ""),
    # Parts of other words.
    ("max_tokens_total is wrong", ""),
    ("my_temperature is wrong", ""),
    ("Use 'max_completion_tokens' instead", ""),
    ("TEMPERATURE", ""),
    ("top_pé", ""),
    ("frequency_penalty is not supported", ""),  # was not sent
    ("Invalid request", ""),
    ("", ""),
    ("'" * 100_000, ""),
]


@pytest.mark.parametrize(("complaint", "name"), COMPLAINTS, ids=range(len(COMPLAINTS)))
def test_complaint_names_a_parameter(complaint: str, name: str) -> None:
    assert named_parameter(complaint, SENT) == name


def test_nothing_is_named_where_nothing_was_sent() -> None:
    assert named_parameter("temperature", {}) == ""


def refused(text: str, status: int = 400, name: str = "Mine", param: Any = None) -> AskError:
    body = {"error": {"message": text, "param": param}}
    return from_status(status, {}, body, name=name, secrets=())


Lessons = list[dict[str, Any]]


@pytest.fixture
def lessons() -> Lessons:
    """What was to be remembered, in order."""
    return []


def test_refused_parameter_is_left_out_from_then_on(lessons: Lessons) -> None:
    refusals = Refusals({}, lessons.append)
    assert refusals.accepted(SENT) == (SENT, set())
    assert refusals.learn_from(refused("'temperature' is not supported"), SENT)
    assert refusals.learn_from(refused("Unknown parameter: 'seed'", 422), SENT)
    sent, ignored = refusals.accepted(SENT)
    assert sent == {k: v for k, v in SENT.items() if k not in ("temperature", "seed")}
    assert ignored == {"temperature", "seed"}
    assert refusals.accepted({"top_p": 1}) == ({"top_p": 1}, set())
    assert lessons == [
        {"ignored": ["temperature"], "renamed": {}},
        {"ignored": ["seed", "temperature"], "renamed": {}},
    ]


def test_what_was_learned_before_counts(lessons: Lessons) -> None:
    refusals = Refusals(
        {"ignored": ["top_k"], "renamed": {"max_tokens": "max_completion_tokens"}, "probe": {}},
        lessons.append,
    )
    sent, ignored = refusals.accepted({"top_k": 5, "max_tokens": 16, "top_p": 1})
    assert sent == {"max_completion_tokens": 16, "top_p": 1}
    assert ignored == {"top_k"}
    assert refusals.learn_from(refused("'top_p' no"), sent)
    assert lessons[-1] == {
        "ignored": ["top_k", "top_p"],
        "renamed": {"max_tokens": "max_completion_tokens"},
    }


RENAME = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. "
    "Use 'max_completion_tokens' instead."
)


def test_new_name_of_a_parameter_is_used_where_the_complaint_gives_it(lessons: Lessons) -> None:
    refusals = Refusals({}, lessons.append)
    wanted = {"max_tokens": 16}
    assert refusals.learn_from(refused(RENAME), wanted)
    assert refusals.learn_from(refused(RENAME), wanted)  # a call that was under way
    assert refusals.accepted(wanted) == ({"max_completion_tokens": 16}, set())
    assert lessons[-1] == {"ignored": [], "renamed": {"max_tokens": "max_completion_tokens"}}


def test_parameter_that_is_refused_under_both_names_is_left_out(lessons: Lessons) -> None:
    refusals = Refusals({}, lessons.append)
    wanted = {"max_tokens": 16}
    refusals.learn_from(refused(RENAME), wanted)
    sent, _ = refusals.accepted(wanted)
    assert refusals.learn_from(refused("Unknown parameter: 'max_completion_tokens'"), sent)
    assert refusals.accepted(wanted) == ({}, {"max_tokens"})
    assert not refusals.learn_from(refused("Unknown parameter: 'max_completion_tokens'"), {})


def test_parameter_without_a_new_name_is_left_out(lessons: Lessons) -> None:
    refusals = Refusals({}, lessons.append)
    assert refusals.learn_from(refused("'max_tokens' is not supported"), {"max_tokens": 16})
    assert refusals.accepted({"max_tokens": 16}) == ({}, {"max_tokens"})


def test_counting_tokens_is_nothing_that_the_user_asked_for(lessons: Lessons) -> None:
    refusals = Refusals({}, lessons.append)
    wanted = {"stream_options": {"include_usage": True}}
    assert refusals.learn_from(refused("Unexpected fields: {'stream_options'}", 422), wanted)
    assert refusals.accepted(wanted) == ({}, set())


@pytest.mark.parametrize("status", [401, 402, 403, 404, 408, 413, 429, 500, 502, 503])
def test_nothing_is_learned_from_other_statuses(status: int, lessons: Lessons) -> None:
    refusals = Refusals({}, lessons.append)
    assert not refusals.learn_from(refused("'temperature' is not supported", status), SENT)
    assert refusals.accepted(SENT) == (SENT, set())
    assert lessons == []


NOT_ABOUT_PARAMETERS = [
    # One prompt that is too long says nothing of the next one.
    refused(
        "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context "
        "length is 4096 tokens and your request has 100 input tokens."
    ),
    refused("The model does not exist", name="GPT with temperature 0"),
    refused("No.", name="'seed'"),
    AskError("temperature", kind="protocol"),
    AskError("temperature"),
]


@pytest.mark.parametrize("error", NOT_ABOUT_PARAMETERS, ids=range(len(NOT_ABOUT_PARAMETERS)))
def test_nothing_is_learned_from_what_is_no_complaint_about_a_parameter(
    error: AskError, lessons: Lessons
) -> None:
    refusals = Refusals({}, lessons.append)
    assert not refusals.learn_from(error, SENT)
    assert lessons == []


def test_complaint_counts_beyond_what_is_shown_of_it(lessons: Lessons) -> None:
    refusals = Refusals({}, lessons.append)
    assert refusals.learn_from(refused("Please read on. " * 50 + "'top_k' is unknown"), SENT)
    assert refusals.ignored == {"top_k"}


PARAMS = [
    # The field of its own says it better than the sentence.
    ("top_p and temperature cannot both be set", "temperature", "temperature"),
    ("It is not supported", "top_k", "top_k"),
    ("'stop' may not be set", "stop[0]", "stop"),
    ("Unknown: stream_options", "body.stream_options.include_usage", "stream_options"),
    ("temperature is not supported", None, "temperature"),
    ("temperature is not supported", "", "temperature"),
    ("temperature is not supported", 7, "temperature"),
    # A complaint about something else that names a parameter on the way.
    ("The model takes no temperature", "model", ""),
    ("Say less, or set another temperature", "messages[3].content", ""),
    ("frequency_penalty and temperature clash", "frequency_penalty", ""),  # was not sent
]


@pytest.mark.parametrize(("complaint", "param", "name"), PARAMS)
def test_parameter_in_a_field_of_its_own_goes_before_the_sentence(
    complaint: str, param: Any, name: str, lessons: Lessons
) -> None:
    refusals = Refusals({}, lessons.append)
    assert refusals.learn_from(refused(complaint, param=param), SENT) == bool(name)
    assert refusals.ignored == ({name} if name else set())
    assert len(lessons) == bool(name)


WRONG_VALUES = [
    "temperature must be between 0 and 2",
    "temperature must be in the range [0, 1]",
    "temperature must be positive",
    "temperature must be non-negative",
    "temperature must be nonnegative",
    "temperature must be > 0",
    "Invalid 'temperature': decimal above maximum value. Expected <= 2, but got 3 instead.",
    "'temperature': Input should be less than or equal to 1",
    "'temperature': Input should be greater than 0",
    "temperature is out of range",
    "'temperature' is too large: 3",
    "The value of 'temperature' is too high",
    "temperature must be at least 0",
    "At most 1 is allowed for temperature",
    "Invalid 'stop': array too long. Expected an array with maximum length 4",
]


@pytest.mark.parametrize("complaint", WRONG_VALUES)
def test_complaint_about_a_value_is_told_and_teaches_nothing(
    complaint: str, lessons: Lessons
) -> None:
    refusals = Refusals({}, lessons.append)
    for param in (None, "temperature", "stop"):
        assert not refusals.learn_from(refused(complaint, param=param), SENT)
        assert not refusals.learn_from(refused(complaint, 422, param=param), SENT)
    assert refusals.accepted(SENT) == (SENT, set())
    assert lessons == []


PROMPT = "Translate at a low temperature, please, and do not stop"  # longer than any name


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_name_inside_a_long_quotation_is_not_what_is_complained_about(
    quote: str, lessons: Lessons
) -> None:
    refusals = Refusals({}, lessons.append)
    quoted = f"{quote}{PROMPT}{quote}"
    assert not refusals.learn_from(refused(f"Invalid content: {quoted}."), SENT)
    assert not refusals.learn_from(refused(f"Invalid content: {quote}{PROMPT}"), SENT)  # cut off
    assert lessons == []
    assert refusals.learn_from(refused(f"In {quoted} it's {quote}top_k{quote} we don't take"), SENT)
    assert refusals.ignored == {"top_k"}


def test_value_that_is_quoted_at_length_does_not_excuse_a_refusal(lessons: Lessons) -> None:
    refusals = Refusals({}, lessons.append)
    complaint = f"'top_k' is unknown, in 'at most {PROMPT}'"
    assert refusals.learn_from(refused(complaint), SENT)


QUOTED = [
    ("", ""),
    ("don't, it's the models' fault", "don't, it's the models' fault"),
    ("'a' \"b\" `c`", "'a' \"b\" `c`"),
    (f"a '{'x' * 40}' b", f"a '{'x' * 40}' b"),
    (f"a '{'x' * 41}' b", "a   b"),
    (f"a '{'x' * 40}", "a "),
    (f"a '{'x' * 39}", f"a '{'x' * 39}"),
    (f"a '{'x' * 20}\" {'x' * 20}' b", "a   b"),
    (f"a '{'x' * 20}\\' {'x' * 20}' b", "a   b"),
    (f"a '{'x' * 20}'s {'x' * 20}' b", "a   b"),
    (f"don't '{'x' * 50}' b", "don't   b"),
    ("'" * 9, "'" * 9),
]


@pytest.mark.parametrize(("complaint", "kept"), QUOTED, ids=range(len(QUOTED)))
def test_long_quotations_are_left_out(complaint: str, kept: str) -> None:
    assert without_quoted_texts(complaint) == kept


WORDS = st.text(st.sampled_from("ab _\u00e9.,"))
ANYTHING = st.text(st.sampled_from("ab _\u00e9.,'\"`\\"), max_size=200)


@given(ANYTHING)
@example("'" * 50 + "a" * 50)
def test_nothing_is_added_and_what_is_left_out_once_is_all(complaint: str) -> None:
    kept = without_quoted_texts(complaint)
    assert len(kept) <= len(complaint)
    assert without_quoted_texts(kept) == kept


@given(WORDS, ANYTHING, WORDS, st.sampled_from("'\"`"))
@example("", "it's " * 10, "", "'")
def test_whatever_a_long_quotation_holds_only_the_rest_counts(
    before: str, text: str, after: str, quote: str
) -> None:
    # Of the same quotes, only those inside words do not end it.
    text = text.replace(quote, f"a{quote}a").rstrip("\\") + "b" * 41
    assert without_quoted_texts(f"{before} {quote}{text}{quote} {after}") == f"{before}   {after}"


@given(WORDS, st.text(st.sampled_from("ab_ "), max_size=40), WORDS, st.sampled_from("'\"`"))
def test_short_quotation_is_kept(before: str, name: str, after: str, quote: str) -> None:
    complaint = f"{before} {quote}{name}{quote} {after}"
    assert without_quoted_texts(complaint) == complaint


def test_calls_that_learn_at_the_same_time_lose_nothing() -> None:
    names = ["temperature", "top_p", "top_k", "seed", "presence_penalty"]
    all_in = threading.Barrier(len(names))

    def on_learn(_: dict[str, Any]) -> None:
        with suppress(threading.BrokenBarrierError):
            all_in.wait(1)  # none ends before all have begun

    refusals = Refusals({}, on_learn)
    with ThreadPoolExecutor(len(names)) as pool:
        errors = [refused(f"'{name}' is not supported") for name in names]
        assert all(pool.map(lambda error: refusals.learn_from(error, SENT), errors))
    assert refusals.accepted(SENT)[1] == set(names)


def test_call_under_way_may_complain_about_what_is_known(lessons: Lessons) -> None:
    refusals = Refusals({}, lessons.append)
    error = refused("'temperature' is not supported")
    assert refusals.learn_from(error, SENT) and refusals.learn_from(error, SENT)
    assert refusals.accepted(SENT)[1] == {"temperature"}
    # Only who sent it can ask again without it.
    assert not refusals.learn_from(error, refusals.accepted(SENT)[0])
