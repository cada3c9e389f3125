from __future__ import annotations

from typing import Any

import pytest

from core.systems.clients.refusals import Refusals, named_parameter
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


def refused(text: str, status: int = 400, name: str = "Mine") -> AskError:
    return from_status(status, {}, {"error": {"message": text}}, name=name, secrets=())


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
