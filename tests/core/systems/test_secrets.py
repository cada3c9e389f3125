from __future__ import annotations

import traceback
from typing import Any

import pytest

from core.errors import ConfigError
from core.systems.endpoint import EndpointSettings
from core.systems.secrets import (
    HIDDEN,
    Credentials,
    credentials_of,
    scrubbed,
    scrubbed_message,
)

KEY = "sk-4fJ8kQ2mZx7Lq9"
OTHER = "hunter2-hunter2"


def endpoint(**values: Any) -> EndpointSettings:
    return EndpointSettings(name="Mine", base_url="https://example.org/v1", model="m", **values)


def test_key_of_the_session_goes_before_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_KEY", f" {KEY}\n")
    settings = endpoint(key_env="MY_KEY")
    assert credentials_of(settings) == Credentials(KEY, {}, (KEY,))
    assert credentials_of(settings, f" {OTHER} ") == Credentials(OTHER, {}, (OTHER,))
    assert credentials_of(settings, " \n").key == KEY


def test_key_of_the_session_needs_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    assert credentials_of(endpoint(key_env="MY_KEY"), OTHER).key == OTHER
    assert credentials_of(endpoint(), OTHER).key == OTHER


def test_endpoint_without_a_key_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)  # nothing is taken that was not named
    assert credentials_of(endpoint()) == Credentials("", {}, ())


def test_headers_get_the_values_of_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_A", KEY)
    monkeypatch.setenv("TOKEN_B", "${TOKEN_A}")  # a value is never read as a reference
    settings = endpoint(
        headers="X-Title: ${TITLE} of {TOKEN_A}\nAuthorization: Bearer ${TOKEN_A}${TOKEN_B}",
    )
    monkeypatch.setenv("TITLE", "a\\1b")
    found = credentials_of(settings)
    assert found.headers == {
        "X-Title": "a\\1b of {TOKEN_A}",
        "Authorization": f"Bearer {KEY}${{TOKEN_A}}",
    }
    assert found.key == ""
    assert set(found.secrets) == {KEY, "${TOKEN_A}", "a\\1b"}


@pytest.mark.parametrize("value", [None, "", "  \n"])
@pytest.mark.parametrize("values", [{"key_env": "MY_KEY"}, {"headers": "X-Key: ${MY_KEY}"}])
def test_variable_that_is_not_set_is_named(
    value: str | None, values: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("MY_KEY", value)
    with pytest.raises(ConfigError) as caught:
        credentials_of(endpoint(**values))
    assert caught.value.message == (
        "The environment variable MY_KEY of the endpoint 'Mine' is not set."
    )
    assert "key for this session" in caught.value.hint


@pytest.mark.parametrize(
    "key",
    [
        "sk-with space",
        "sk-two\nlines",
        "sk-tab\tbed",
        "sk-\x00null",
        "sk-\x7fdel",
        "sk-\x1b[31m",
        "ключ-для-api",
        "sk-“quoted”",
        "sk-zero\u200bwidth",
        "sk-no\u00a0break",
        "sk-👩🏽‍🔬",
        "sk-half\ud800",
    ],
)
def test_what_cannot_be_a_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        credentials_of(endpoint(), key)
    assert caught.value.message == (
        "The key of 'Mine' has white space or other than ASCII characters."
    )
    assert key not in "".join(traceback.format_exception(caught.value))


def test_value_of_a_header_is_checked_like_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-two\r\nX-Evil: 1")
    with pytest.raises(ConfigError, match="white space or other than ASCII"):
        credentials_of(endpoint(headers="X-Key: ${MY_KEY}"))


def test_credentials_give_nothing_away_when_they_are_printed() -> None:
    credentials = Credentials(KEY, {"X-Key": OTHER}, (KEY, OTHER))
    for text in (repr(credentials), str(credentials), f"{credentials}", repr([credentials])):
        assert KEY not in text and OTHER not in text
    assert repr(credentials) == f"Credentials(key={HIDDEN!r})"
    assert repr(Credentials("", {}, ())) == "Credentials(key='')"
    with pytest.raises(TypeError) as caught:
        credentials + 1  # type: ignore[operator]
    assert KEY not in "".join(traceback.format_exception(caught.value))


SPECIAL = 'a/b+c=="d\\e&f?'

SCRUBBED = [
    ("", (KEY,), ""),
    ("nothing to hide", (KEY,), "nothing to hide"),
    (f"key {KEY}, again {KEY}!", (KEY,), "key •••, again •••!"),
    (f"x{KEY}y", (KEY,), "x•••y"),
    (f"{KEY}{OTHER}", (OTHER, KEY), "••••••"),
    # One secret is part of another.
    ("hunter2-hunter2", ("hunter2", "hunter2-hunter2"), "•••"),
    (f"raw {SPECIAL}", (SPECIAL,), "raw •••"),
    ("url a%2Fb%2Bc%3D%3D%22d%5Ce%26f%3F", (SPECIAL,), "url •••"),
    ("url a%2fb%2bc%3d%3d%22d%5ce%26f%3f", (SPECIAL,), "url •••"),
    ("path a/b%2Bc%3D%3D%22d%5Ce%26f%3F", (SPECIAL,), "path •••"),
    ('json "a/b+c==\\"d\\\\e&f?"', (SPECIAL,), 'json "•••"'),
    # Shorter ones would be replaced inside ordinary words.
    ("the cat sat", ("at", "cat s"), "the cat sat"),
    ("नमस्ते 👩🏽‍🔬 \ud800", (KEY,), "नमस्ते 👩🏽‍🔬 \ud800"),
    (f"sk-other-key-of-somebody {KEY}", (KEY,), "sk-other-key-of-somebody •••"),
    (HIDDEN, (KEY,), HIDDEN),
]


@pytest.mark.parametrize(("text", "secrets", "shown"), SCRUBBED)
def test_text_is_shown_without_its_secrets(text: str, secrets: tuple[str, ...], shown: str) -> None:
    assert scrubbed(text, secrets) == shown
    assert scrubbed(text, iter(secrets)) == shown


KEY_SHAPES = [
    ("Incorrect API key provided: sk-proj-4fJ8kQ2mZx7.", "Incorrect API key provided: •••."),
    ("key=sk_live_4fJ8kQ2mZx7&x=1", "key=•••&x=1"),
    ("'pk-4fJ8kQ2mZx7'", "'•••'"),
    ("rk_live_4fJ8kQ2mZx7Lq9", "•••"),
    ("gsk_4fJ8kQ2mZx7Lq9", "•••"),
    ("(hf_AbCdEfGhIjKlMnOp)", "(•••)"),
    ("xai-4fJ8kQ2mZx7", "•••"),
    ("AIzaSyA4fJ8kQ2mZx7_Lq9-4fJ8kQ2mZx7", "•••"),
    ("authorization: Bearer eyJhbGci.eyJzdWIi.c2ln==", "authorization: •••"),
    ("BEARER  abcdefgh/+", "•••"),
    # No keys.
    ("the bearer of bad news", "the bearer of bad news"),
    ("sk-learn and task-oriented", "sk-learn and task-oriented"),
    ("AIza", "AIza"),
    ("Hello", "Hello"),
]


@pytest.mark.parametrize(("text", "shown"), KEY_SHAPES)
def test_message_shows_no_key_that_we_never_had(text: str, shown: str) -> None:
    assert scrubbed_message(text, ()) == shown


def test_message_has_no_half_character_that_could_not_be_stored() -> None:
    assert scrubbed_message(f"half \ud800 {OTHER}", (OTHER,)) == f"half ? {HIDDEN}"
    assert scrubbed_message("नमस्ते 👩🏽‍🔬", ()) == "नमस्ते 👩🏽‍🔬"


def test_message_shows_none_of_our_keys_of_any_shape() -> None:
    assert scrubbed_message(f"{OTHER} sk-4fJ8kQ2mZx7Lq9", (OTHER,)) == f"{HIDDEN} {HIDDEN}"
