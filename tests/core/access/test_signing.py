from __future__ import annotations

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access import signing
from core.access.signing import (
    JOIN_PATH,
    Pass,
    cookie_of,
    member_link,
    pass_of_cookie,
    pass_of_link,
    rater_link,
)
from core.errors import HostError
from core.storage.campaign_records import Rater
from core.storage.member_records import Member
from core.storage.workspace import Workspace

PASS = Pass("rater", "r1", 3)


def test_a_link_can_be_shown_again_and_says_whose_it_is(
    workspace: Workspace, rater: Rater, member: Member
) -> None:
    link = rater_link(workspace, rater)
    assert link == rater_link(workspace, rater)
    assert link.startswith(JOIN_PATH) and link.isascii()
    assert pass_of_link(workspace, link.removeprefix(JOIN_PATH)) == Pass("rater", "r1", 1)
    token = member_link(workspace, member).removeprefix(JOIN_PATH)
    assert pass_of_link(workspace, token) == Pass("member", member.id, 1)


def test_a_link_is_no_cookie_and_a_cookie_no_link(workspace: Workspace, rater: Rater) -> None:
    token = rater_link(workspace, rater).removeprefix(JOIN_PATH)
    assert pass_of_cookie(workspace, token) is None
    assert pass_of_link(workspace, cookie_of(workspace, PASS)) is None


def test_every_changed_letter_makes_a_cookie_worthless(workspace: Workspace) -> None:
    cookie = cookie_of(workspace, PASS)
    assert pass_of_cookie(workspace, cookie) == PASS
    # The last letter carries two bits that mean nothing, so its neighbours are the same signature.
    for place in range(len(cookie) - 1):
        forged = cookie[:place] + ("A" if cookie[place] != "A" else "B") + cookie[place + 1 :]
        assert pass_of_cookie(workspace, forged) is None, place


def test_a_cookie_of_another_workspace_is_worthless(workspace: Workspace, tmp_path: Path) -> None:
    other = Workspace(tmp_path / "other")
    assert pass_of_cookie(workspace, cookie_of(other, PASS)) is None
    other.database.dispose()


def test_a_cookie_ends_after_thirty_days(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie, now_s = cookie_of(workspace, PASS), time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + 30 * 86_400 - 5)
    assert pass_of_cookie(workspace, cookie) == PASS
    monkeypatch.setattr(time, "time", lambda: now_s + 30 * 86_400 + 5)
    assert pass_of_cookie(workspace, cookie) is None


@given(st.text(max_size=200))
def test_no_text_is_a_cookie(text: str) -> None:
    file = Path(__file__).parent  # a folder: the secret is given below
    workspace = type("Here", (), {"secret_file": file})()
    original, signing._secret = signing._secret, lambda file: "0" * 64
    try:
        assert pass_of_cookie(workspace, text) is None
        assert pass_of_link(workspace, text) is None
    finally:
        signing._secret = original


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(workspace: Workspace) -> None:
    with ThreadPoolExecutor(8) as pool:
        cookies = list(pool.map(lambda _: cookie_of(workspace, PASS), range(16)))
    assert all(pass_of_cookie(workspace, each) == PASS for each in cookies)
    assert stat.S_IMODE(workspace.secret_file.stat().st_mode) == 0o600
    beside = [each.name for each in workspace.root.iterdir() if "secret" in each.name]
    assert beside == [workspace.secret_file.name]


def test_a_new_secret_makes_all_links_worthless(workspace: Workspace, rater: Rater) -> None:
    token = rater_link(workspace, rater).removeprefix(JOIN_PATH)
    workspace.secret_file.unlink()
    assert pass_of_link(workspace, token) is None


def test_a_broken_secret_is_refused_in_one_sentence(workspace: Workspace) -> None:
    for content in (b"", b"short", b"\xff" * 64, b"g" * 64):
        workspace.secret_file.write_bytes(content)
        with pytest.raises(HostError, match=r"secret.key"):
            cookie_of(workspace, PASS)
