from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.systems.endpoint import (
    DEFAULT_URLS,
    EndpointSettings,
    checked_url,
    is_loopback,
    references_of,
)

PLAIN: dict[str, Any] = {"name": "Mine", "base_url": "https://example.org/v1", "model": "m"}
SECRET = "sk-proj-4fJ8kQ2mZx7"


def parsed(**values: Any) -> EndpointSettings:
    return EndpointSettings.parse({**PLAIN, **values})


def refused(**values: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parsed(**values)
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 300
    return caught.value


ADDRESSES = [
    ("https://api.openai.com/v1", "https://api.openai.com/v1"),
    ("  https://api.openai.com/v1/\n", "https://api.openai.com/v1"),
    ("HTTPS://Example.ORG/v1", "https://Example.ORG/v1"),
    ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
    ("http://[::1]:8000/v1/", "http://[::1]:8000/v1"),
    ("http://localhost", "http://localhost"),
    ("http://example.org/", "http://example.org"),
    ("https://пример.рф/v1", "https://пример.рф/v1"),
    # What people copy from documentation.
    ("https://example.org/v1/chat/completions", "https://example.org/v1"),
    ("https://example.org/v1/chat/completions/", "https://example.org/v1"),
    ("https://example.org/v1/completions", "https://example.org/v1"),
    ("https://example.org/v1/models", "https://example.org/v1"),
    ("https://example.org/models/v1", "https://example.org/models/v1"),
    ("https://example.org/v1#fragment", "https://example.org/v1"),
    (
        "https://me.openai.azure.com/openai/deployments/x/chat/completions?api-version=2024-10-21",
        "https://me.openai.azure.com/openai/deployments/x?api-version=2024-10-21",
    ),
]


@pytest.mark.parametrize(("typed", "stored"), ADDRESSES)
def test_address_is_stored_as_the_api_needs_it(typed: str, stored: str) -> None:
    assert checked_url(typed) == stored
    settings = parsed(base_url=typed)
    assert settings.base_url == stored
    assert settings.url == stored.partition("?")[0]
    assert checked_url(stored) == stored


def test_query_of_an_address_is_sent_with_every_call() -> None:
    settings = parsed(base_url="https://example.org/v1?api-version=2024-10-21&region=eu%20west")
    assert settings.query == {"api-version": "2024-10-21", "region": "eu west"}
    assert settings.url == "https://example.org/v1"
    assert parsed().query == {}


NO_URL = "is the port a number"
NO_HOST = "begins with http:// or https://"
SPACE = "white space or control characters"
USER = "key or password does not belong into the address"
QUERY = "key does not belong into the address; use a header"

WRONG_ADDRESSES = [
    ("example.org/v1", NO_HOST),
    ("example.org:8000/v1", NO_HOST),
    ("//example.org/v1", NO_HOST),
    ("/v1", NO_HOST),
    ("http://", NO_HOST),
    ("http:///v1", NO_HOST),
    ("http:example.org", NO_HOST),
    ("ftp://example.org/v1", NO_HOST),
    ("file:///etc/passwd", NO_HOST),
    ("javascript:alert(1)", NO_HOST),
    ("http://[::1/v1", NO_URL),
    ("http://::1/v1", NO_URL),
    ("http://example.org:http/v1", NO_URL),
    ("http://example.org:99999/v1", NO_URL),
    (f"http://example.org:{SECRET}", NO_URL),
    ("http://[hello]/v1", NO_URL),
    ("http://example.org/v 1", SPACE),
    ("http://exam\u00a0ple.org/v1", SPACE),
    ("http://example.org/\u2028v1", SPACE),
    (f"https://{SECRET}@example.org/v1", USER),
    (f"https://user:{SECRET}@example.org/v1", USER),
    (f"https://:{SECRET}@example.org/v1", USER),
    ("https://@example.org/v1", USER),
    ("http://example.org\\@evil.org/v1", USER),
    (f"https://user:{SECRET}\u2100@example.org/v1", NO_URL),  # a wide "a/c": NFKC makes a slash
    (f"https://example.org/v1?key={SECRET}", QUERY),
    (f"https://example.org/v1?a=b&API_KEY={SECRET}", QUERY),
    (f"https://example.org/v1?subscription-key={SECRET}", QUERY),
    (f"https://example.org/v1?access_token={SECRET}", QUERY),
    (f"https://example.org/v1?%6Bey={SECRET}", QUERY),
    (f"https://example.org/v1?sig={SECRET}", QUERY),
    (f"https://example.org/v1?code={SECRET}", QUERY),
    # Of any name, and in the path.
    (f"https://example.org/v1?version={SECRET}", QUERY),
    (f"https://example.org/v1?{SECRET}", QUERY),
    (f"https://example.org/v1?a=x%20{SECRET}", QUERY),
    (f"https://example.org/v1?a=x+{SECRET}", QUERY),
    (f"https://example.org/v1?a=%73{SECRET[1:]}", QUERY),
    ("https://example.org/v1?a=Bearer+4fJ8kQ2mZx7", QUERY),
    (f"https://example.org/{SECRET}/v1", QUERY),
    (f"https://example.org/v1/{SECRET}/chat/completions", QUERY),
    (f"https://example.org/a%2F{SECRET}", QUERY),
    (f"https://example.org/{SECRET.replace('-', '%2D')}", QUERY),
]


@pytest.mark.parametrize(("url", "sentence"), WRONG_ADDRESSES)
def test_wrong_address_is_refused_and_no_secret_of_it_repeated(url: str, sentence: str) -> None:
    error = refused(base_url=url)
    assert sentence in error.message
    assert error.message.startswith("base_url: ")
    assert SECRET not in str(error)
    with pytest.raises(ValueError, match=sentence.partition("(")[0]):
        checked_url(url)


ADDRESS_PARTS = st.sampled_from(
    ["http://", "HTTPS://", "example.org", "[::1]", ":80", ":", "/", "//", "/v1", "/models",
     "/chat", "/completions", "?", "#", "=", "&", "%2F", "%", "a", "É", ".", "..", ";", "@", " ",
     "\n", "\\", "\u3000", "\u2100", "key", SECRET, SECRET[:7], "-"]
)  # fmt: skip


@given(st.lists(ADDRESS_PARTS, max_size=14).map("".join), st.booleans())
@example("/v1//models/chat/completions/?a=/completions", True)
@example("/completions/completions//#/v1", True)
def test_address_that_is_stored_stays_what_it_is(text: str, has_host: bool) -> None:
    try:
        stored = checked_url(f"http://example.org{text}" if has_host else text)
    except ValueError as error:
        assert SECRET not in str(error)
        return
    assert checked_url(stored) == stored


@pytest.mark.parametrize(
    "url", ["https://sk-learn.org/hf-inference/v1", "https://example.org/v1?a=task-oriented-model"]
)
def test_words_that_only_begin_like_keys_are_no_keys(url: str) -> None:
    assert checked_url(url) == url
    assert parsed(headers="X-Model: hf-inference-api").headers == "X-Model: hf-inference-api"


@pytest.mark.parametrize("char", ["\x00", "\x1f", "\x7f", "\x1b"])
def test_control_characters_are_refused(char: str) -> None:
    for name in ("name", "model", "base_url", "key_env"):
        value = f"{PLAIN.get(name, 'A')}{char}a"
        if char != "\x7f" or name == "base_url":
            assert "control characters" in refused(**{name: value}).message


def test_endless_text_is_refused_without_repeating_it() -> None:
    for name in ("base_url", "key_env", "headers"):
        error = refused(**{name: "https://e.org/" + SECRET * 10_000})
        assert f"{name}: 190014 characters are too many; 4000 are allowed." in error.message
        assert SECRET not in error.message


KEYS = [
    "sk-proj-4fJ8kQ2mZx7",
    "sk-" + "a" * 3990,
    "sk-" + "a" * 9000,
    "gsk_4fJ8kQ2mZx7Lq",
    "hf_AbCdEfGhIjKlMnOpQrStUvWxYz",
    "AIzaSyA4fJ8kQ2mZx7_Lq9",
    "a3f94c0de1b24f7f9e1a5a8f2b6c7d8e",  # only letters and digits, as of Mistral
    "A3F94C0DE1B24F7F9E1A5A8F2B6C7D8E",
    "AKIAIOSFODNN7EXAMPLE",
    "0f8fad5b-d9cb-469f-a165-70867728950e:fx",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "ключ",
    "OPENAI_KEY=sk-4fJ8kQ",
    "$MY_API_KEY",
    "MY KEY",
    "A" * 101,
]


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_key_in_the_place_of_its_variable_is_never_repeated(key: str) -> None:
    for values in ({"key_env": key}, {"headers": f"Authorization: Bearer ${{{key}}}"}):
        error = refused(**values)
        sentences = ("NAME of an environment variable", "too many", "other than printable ASCII")
        assert any(sentence in error.message for sentence in sentences)
        shown = str(error) + repr(error.__cause__) + repr(error.__context__)
        assert not any(part in shown for part in (key, key[:14], key[-14:]))


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "KEY", "_K", "K2", "DEEPL_KEY_2", "AZURE_OPENAI_API_KEY_EU_WEST_1"]
)
def test_variable_is_taken(name: str) -> None:
    assert parsed(key_env=f" {name} ").key_env == name
    assert references_of(parsed(headers=f"X-Key: ${{{name}}}").header_lines()) == [name]


WRONG_HEADERS = [
    ("Authorization Bearer x", "each line of headers is `Name: value`"),
    ("X-A: 1\nnonsense", "each line of headers is `Name: value`"),
    (": x", "each line of headers is `Name: value`"),
    ("Bad Name: x", "each line of headers is `Name: value`"),
    ("X-Größe: x", "each line of headers is `Name: value`"),
    ("X" * 101 + ": x", "each line of headers is `Name: value`"),
    ("X-Name: für", "the header X-Name has other than printable ASCII characters"),
    ("X-Name: a\x00b", "the header X-Name has other than printable ASCII characters"),
    ("X-Name: a\tb", "the header X-Name has other than printable ASCII characters"),
    (f"Authorization: Bearer {SECRET}", "the header Authorization looks secret"),
    (f"authorization: {SECRET}", "the header authorization looks secret"),
    (f"Proxy-Authorization: Basic {SECRET}", "the header Proxy-Authorization looks secret"),
    (f"X-API-Key: {SECRET}", "the header X-API-Key looks secret"),
    (f"api-key:{SECRET}", "the header api-key looks secret"),
    (f"Ocp-Apim-Subscription-Key: {SECRET}", "looks secret; give it as ${VARIABLE}"),
    (f"X-Auth-Token: {SECRET}", "the header X-Auth-Token looks secret"),
    (f"Cookie: session={SECRET}", "the header Cookie looks secret"),
    (f"X-Client-Secret: {SECRET}", "the header X-Client-Secret looks secret"),
    (f"X-Amz-Credential: {SECRET}", "the header X-Amz-Credential looks secret"),
    # Of any name, and in the place of the name.
    (f"X-Title: {SECRET}", "the header X-Title looks secret"),
    (f"X-Title: my {SECRET}, or so", "the header X-Title looks secret"),
    ("X-Title: AKIAIOSFODNN7EXAMPLE", "the header X-Title looks secret"),
    ("X-Title: Bearer 4fJ8kQ2mZx7", "the header X-Title looks secret"),
    ("X-Title: bearer letters-only", "the header X-Title looks secret"),
    ("X-Title: sk-abcdEfghijkl", "the header X-Title looks secret"),
    (f"X-Title: ${{A}} {SECRET}", "the header X-Title looks secret"),
    (f"{SECRET}: x", "a header's name looks like a key"),
    (f"X-{SECRET}: x", "a header's name looks like a key"),
    (f"{SECRET}: ${{A}}", "a header's name looks like a key"),
    # Beside a variable, nothing but the word that says what it is.
    (f"Authorization: Bearer ${{A}} {SECRET[3:]}", "the header Authorization looks secret"),
    (f"Authorization: {SECRET[3:]}${{A}}", "the header Authorization looks secret"),
    ("Authorization: Bearer${A}hunter2", "the header Authorization looks secret"),
    ("Authorization: Bearer", "the header Authorization looks secret"),
    ("Cookie: session=${A}", "the header Cookie looks secret"),
    ("X-Password: ${A}x", "the header X-Password looks secret"),
    ("X-Key: $KEY", "the header X-Key looks secret"),
    ("X-Key: ${KEY", "the header X-Key looks secret"),
    ("X-Key: ${}", "the header X-Key is wrong: give the NAME of an environment variable"),
    ("X-Key: ${A} ${not one}", "the header X-Key is wrong"),
]


@pytest.mark.parametrize(("headers", "sentence"), WRONG_HEADERS)
def test_wrong_headers_are_refused_and_no_secret_of_them_repeated(
    headers: str, sentence: str
) -> None:
    error = refused(headers=headers)
    assert sentence in error.message
    assert SECRET not in str(error) and SECRET[3:] not in str(error)


def test_key_with_a_colon_is_no_header() -> None:
    key = "0f8fad5b-d9cb-469f-a165-70867728950e:fx"  # of DeepL
    for line in (key, f" {key} ", key.replace(":", " : ")):
        error = refused(headers=f"X-Title: a\n{line}")
        assert "a header's name looks like a key" in error.message
        assert key[:8] not in str(error)


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: ${A}",
        "Authorization: Bearer ${A}",
        "authorization: basic ${A}",
        "Authorization: DeepL-Auth-Key ${A}",
        "X-Token: Token ${A};${B}",
        "X-Api-Key: key: ${A}",
        "X-Title: my ${A} app",
    ],
)
def test_secret_by_its_variable_is_taken_with_a_word_that_says_what_it_is(line: str) -> None:
    assert parsed(headers=line).headers == line


AROUND = st.text(st.sampled_from(" :/?=#@${}\n\t,.é"), max_size=12)


@given(st.sampled_from(sorted({*EndpointSettings.model_fields} - {"version"})), AROUND, AROUND)
@example("headers", "X-Title: ", "")
@example("headers", "", ": x")
@example("base_url", "https://example.org/", "/v1")
@example("base_url", "https://example.org:", "")
@example("kind", "", "")
def test_error_never_repeats_what_was_typed(name: str, before: str, after: str) -> None:
    for value in (f"{before}{SECRET}{after}", [SECRET], {SECRET: SECRET}):
        try:
            parsed(**{name: value})
        except ConfigError as error:
            shown = [error, error.__cause__, error.__context__, *error.args, error.hint]
            assert not any(SECRET in str(each) + repr(each) for each in shown)
        else:
            assert name in ("name", "model")  # which may be anything


def test_headers_are_lines_of_name_and_value() -> None:
    text = "\n  X-Title : My: app  \r\n\nAuthorization: Bearer ${TOKEN_A}${TOKEN_B}\nX-Empty:\n"
    lines = parsed(headers=text).header_lines()
    assert lines == {
        "X-Title": "My: app",
        "Authorization": "Bearer ${TOKEN_A}${TOKEN_B}",
        "X-Empty": "",
    }
    assert references_of(lines) == ["TOKEN_A", "TOKEN_B"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"base_url": ""}, "OpenAI-compatible endpoints need a base URL"),
        ({"kind": "libretranslate", "base_url": " "}, "LibreTranslate-compatible endpoints need"),
        ({"model": " "}, "OpenAI-compatible endpoints need a model"),
        ({"name": ""}, "name: "),
        ({"name": "x" * 201}, "name: "),
        ({"kind": "gemini"}, "kind: "),
        ({"concurrency": 0}, "concurrency: "),
        ({"deadline_s": 0}, "deadline_s: "),
        ({"stall_s": float("inf")}, "stall_s: "),
        ({"price_in_usd": -1}, "price_in_usd: "),
        ({"price_out_usd": float("nan")}, "price_out_usd: "),
        ({"key": "x"}, "key: Extra inputs are not permitted"),
    ],
)
def test_fields_that_do_not_fit_are_refused(values: dict[str, Any], sentence: str) -> None:
    assert sentence in refused(**values).message


@pytest.mark.parametrize("kind", ["google", "deepl"])
def test_services_of_one_vendor_need_no_address(kind: str) -> None:
    settings = parsed(kind=kind, base_url="", model="")
    assert settings.url == DEFAULT_URLS[kind]
    assert settings.query == {}
    assert parsed(kind=kind, base_url="https://proxy.org/x/", model="").url == "https://proxy.org/x"


def test_endpoint_comes_back_from_its_file(tmp_path: Path) -> None:
    settings = parsed(key_env="KEY", headers="X-Title: a\nX-Key: ${KEY}", price_in_usd=0.15)
    settings.save(tmp_path / "endpoint.json")
    assert EndpointSettings.load(tmp_path / "endpoint.json") == settings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8000/v1", True),
        ("http://LOCALHOST/v1", True),
        ("http://localhost./v1", True),
        ("http://box.localhost:8000", True),
        ("http://127.0.0.1", True),
        ("http://127.255.255.254:1/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://[0:0:0:0:0:0:0:1]/v1", True),
        ("http://[::ffff:127.0.0.1]/v1", True),
        ("http://0.0.0.0:8000/v1", True),
        ("http://[::]:8000/v1", True),
        ("http://localhost.evil.org/v1", False),
        ("http://127.0.0.1.evil.org/v1", False),
        ("http://notlocalhost/v1", False),
        ("http://128.0.0.1/v1", False),
        ("http://10.0.0.1/v1", False),
        ("http://192.168.1.4:8000/v1", False),
        ("http://169.254.169.254/v1", False),
        ("http://[::ffff:10.0.0.1]/v1", False),
        ("http://[fe80::1]/v1", False),
        ("https://api.openai.com/v1?host=localhost", False),
        ("https://api.openai.com/localhost", False),
        ("", False),
    ],
)
def test_this_machine_is_known(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected
    if url:
        assert parsed(base_url=url).is_loopback is expected
