"""Keys and limits."""

import time

import pytest

from core.errors import ConfigError
from core.serving.access import Access, AccessError, hash_of, new_key
from core.serving.settings import ServeSettings
from core.storage.workspace import Workspace


def test_a_key_is_stored_as_a_hash_and_found_again(workspace: Workspace) -> None:
    secret, key = new_key(workspace.keys, "  Clinic ")
    assert key.name == "Clinic" and key.key_hash == hash_of(secret) != secret
    database = workspace.root / "adaptmllm.db"
    stored = b"".join(path.read_bytes() for path in database.parent.glob("adaptmllm.db*"))
    assert secret.encode() not in stored and key.key_hash.encode() in stored
    caller = Access(ServeSettings(require_key=True), workspace.keys).caller(secret, "1.2.3.4")
    assert caller == (f"key {key.id}", key)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_key_needs_a_name(workspace: Workspace, name: str) -> None:
    with pytest.raises(ConfigError, match="A key's name has 1 to 200 characters"):
        new_key(workspace.keys, name)


def test_negative_limits_are_refused(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="requests_per_minute is -1"):
        new_key(workspace.keys, "a", requests_per_minute=-1)
    assert workspace.keys.all() == []


def test_without_keys_on_loopback_everybody_is_served(workspace: Workspace) -> None:
    # deep-translator sends a key even where none is wanted.
    access = Access(ServeSettings(), workspace.keys)
    assert access.caller("whatever", "127.0.0.1") == ("address 127.0.0.1", None)
    access.check_start()


def test_a_wrong_key_is_refused_once_there_are_keys(workspace: Workspace) -> None:
    new_key(workspace.keys, "a")
    access = Access(ServeSettings(), workspace.keys)
    assert access.caller("", "127.0.0.1")[1] is None
    for wrong in ("amt-wrong", "ü", "x" * 10_000):
        with pytest.raises(AccessError, match="Invalid API key"):
            access.caller(wrong, "127.0.0.1")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7"])
def test_another_address_demands_a_key(workspace: Workspace, host: str) -> None:
    settings = ServeSettings(host=host)
    with pytest.raises(ConfigError, match="demands an API key, and there is none"):
        Access(settings, workspace.keys).check_start()
    _, key = new_key(workspace.keys, "a")
    access = Access(settings, workspace.keys)
    access.check_start()
    with pytest.raises(AccessError, match="demands an API key"):
        access.caller("", "192.168.0.9")
    workspace.keys.revoke(key.prefix)
    # The last key is gone: closed to all, not open to all.
    with pytest.raises(AccessError, match=r"demands|Invalid"):
        Access(settings, workspace.keys).caller("anything", "192.168.0.9")


def test_limits_count_a_caller_alone_and_say_when_to_come_back(workspace: Workspace) -> None:
    settings = ServeSettings(requests_per_minute=2, characters_per_minute=100)
    access = Access(settings, workspace.keys)
    first, second = ("address a", None), ("address b", None)
    access.take(first, 40)
    access.take(first, 40)
    with pytest.raises(AccessError) as refused:
        access.take(first, 1)
    assert refused.value.status == 429 and 1 <= refused.value.retry_after_s <= 31
    access.take(second, 90)
    with pytest.raises(AccessError, match="100 characters a minute"):
        access.take(second, 50)


def test_a_text_longer_than_the_allowance_passes_with_a_full_one(workspace: Workspace) -> None:
    access = Access(ServeSettings(characters_per_minute=10), workspace.keys)
    access.take(("a", None), 1000)
    with pytest.raises(AccessError):
        access.take(("a", None), 1)


def test_an_allowance_fills_up_again(workspace: Workspace) -> None:
    access = Access(ServeSettings(requests_per_minute=600), workspace.keys)
    for _ in range(600):
        access.take(("a", None), 0)
    with pytest.raises(AccessError):
        access.take(("a", None), 0)
    time.sleep(0.15)
    access.take(("a", None), 0)


def test_revoking_names_what_fits(workspace: Workspace) -> None:
    new_key(workspace.keys, "twice")
    new_key(workspace.keys, "twice")
    with pytest.raises(ConfigError, match="2 keys fit 'twice'"):
        workspace.keys.revoke("twice")
    with pytest.raises(ConfigError, match="no valid key 'nobody'"):
        workspace.keys.revoke("nobody")
