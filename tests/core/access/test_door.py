from __future__ import annotations

import socket

import pytest

from core.access.door import Door, checked_public_url, host_name, is_loopback
from core.access.owner_token import OwnerToken
from core.errors import ConfigError

TOKEN = OwnerToken("a-token-that-nobody-guesses")


@pytest.mark.parametrize(
    ("address", "is_alone"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("10.0.0.7", False),
        ("localhost.example.org", False),
    ],
)
def test_only_loopback_addresses_are_this_machine_alone(address: str, is_alone: bool) -> None:
    assert is_loopback(address) is is_alone
    assert Door(address, 8501, "", TOKEN).is_local is is_alone


def test_a_public_url_makes_a_loopback_address_a_place_that_others_reach() -> None:
    assert not Door("127.0.0.1", 8501, "https://mt.example.org", TOKEN).is_local


@pytest.mark.parametrize(
    ("host", "is_local_allowed", "is_public_allowed"),
    [
        ("localhost:8501", True, True),
        ("127.0.0.1", True, True),
        ("[::1]:8501", True, True),
        ("mt.example.org", False, True),
        ("MT.example.org.:443", False, True),
        ("10.0.0.7:8501", False, True),
        (socket.gethostname(), socket.gethostname() == "localhost", True),
        ("evil.example", False, False),
        ("mt.example.org.evil.example", False, False),
        ("mt.example.org@evil.example", False, False),
        ("localhost/x", False, False),
        ("localhost:eighty", False, False),
        ("", False, False),
    ],
)
def test_requests_under_foreign_names_are_told_apart(
    host: str, is_local_allowed: bool, is_public_allowed: bool
) -> None:
    assert Door("127.0.0.1", 8501, "", TOKEN).allows_host(host) is is_local_allowed
    public = Door("0.0.0.0", 8501, "https://mt.example.org", TOKEN)
    assert public.allows_host(host) is is_public_allowed


def test_the_own_origin_is_host_or_public_url() -> None:
    door = Door("127.0.0.1", 8501, "https://mt.example.org", TOKEN)
    assert door.is_own_origin("http://10.0.0.7:8501", "10.0.0.7:8501")
    assert door.is_own_origin("https://mt.example.org", "localhost:8501")
    assert not door.is_own_origin("https://evil.example", "localhost:8501")
    assert not door.is_own_origin("null", "localhost:8501")


@pytest.mark.parametrize(
    ("address", "public_url", "url"),
    [
        ("127.0.0.1", "", "http://localhost:8501"),
        ("10.0.0.7", "", "http://10.0.0.7:8501"),
        ("fe80::1", "", "http://[fe80::1]:8501"),
        ("0.0.0.0", "https://mt.example.org", "https://mt.example.org"),
        ("0.0.0.0", "", f"http://{socket.gethostname()}:8501"),
    ],
)
def test_the_address_is_what_one_types(address: str, public_url: str, url: str) -> None:
    assert Door(address, 8501, public_url, TOKEN).url == url


def test_a_public_url_is_scheme_and_host() -> None:
    assert checked_public_url(" https://MT.example.org/ ") == "https://mt.example.org"
    assert checked_public_url("http://10.0.0.7:8501") == "http://10.0.0.7:8501"


@pytest.mark.parametrize(
    "url",
    [
        "mt.example.org", "ftp://mt.example.org", "https://", "https://a/b", "https://u@a.org",
        "https://a.org?x=1", "https://a.org:port", "https://[", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_other_public_urls_are_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is not like https"):
        checked_public_url(url)


def test_a_host_header_with_more_than_a_host_has_no_name() -> None:
    assert host_name("A.org:80") == "a.org"
    assert [host_name(each) for each in ("a.org/b", "u@a.org", "a.org?x", "[", " ")] == [""] * 4 + [
        " "
    ]
