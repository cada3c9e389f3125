"""Tokens, tries, roles and members: the small rules of who may do what."""

from __future__ import annotations

import threading
import time

import pytest

from core.access.attempts import Allowance, Attempts
from core.access.members import add_member, checked_name, renew_member_link
from core.access.owner_token import TOKEN_VARIABLE, OwnerToken, take_token
from core.access.roles import Visitor, check_may_manage_access, check_may_see, may_see
from core.access.visits import note_visit
from core.errors import ConfigError, DataError
from core.storage.campaign_records import Rater
from core.storage.member_records import Member
from core.storage.workspace import Workspace


def test_each_start_has_another_token() -> None:
    first, second = take_token({}), take_token({})
    assert first.value != second.value and len(first.value) == 32
    assert first.is_same(f" {first.value}\n")
    assert (
        not first.is_same(second.value) and not first.is_same("") and not first.is_same("é\ud800")
    )
    assert first.value not in repr(first) and first.value not in first.start_id


def test_a_token_from_the_environment_is_taken_out_of_it() -> None:
    environment = {TOKEN_VARIABLE: "chosen-by-the-owner-1"}
    assert take_token(environment).is_same("chosen-by-the-owner-1")
    assert environment == {}  # jobs inherit the environment


@pytest.mark.parametrize("chosen", ["short", "x" * 201, "with blanks in between it", "é" * 30])
def test_a_token_that_can_be_guessed_or_not_be_typed_is_refused(chosen: str) -> None:
    with pytest.raises(ConfigError, match=f"has {len(chosen)} characters"):
        take_token({TOKEN_VARIABLE: chosen})


def test_an_address_has_few_tries_and_all_together_have_a_limit() -> None:
    attempts = Attempts(per_minute=3, all_per_minute=5)
    assert [attempts.take("a") > 0 for _ in range(4)] == [False, False, False, True]
    assert [attempts.take(f"b{n}") > 0 for n in range(3)] == [False, False, True]
    assert 1 <= attempts.take("a") <= 21


def test_tries_come_back_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = time.monotonic()
    monkeypatch.setattr("core.access.attempts.monotonic", lambda: now_s)
    attempts = Attempts(per_minute=2, all_per_minute=100)
    assert [attempts.take("a") for _ in range(3)] == [0, 0, 30]
    now_s += 31
    assert attempts.take("a") == 0


def test_no_try_is_lost_between_threads() -> None:
    attempts = Attempts(per_minute=50, all_per_minute=1000)
    allowed: list[bool] = []

    def attack() -> None:
        allowed.extend(attempts.take("a") == 0 for _ in range(40))

    threads = [threading.Thread(target=attack) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 50 <= sum(allowed) <= 51


def test_an_amount_above_the_allowance_passes_when_it_is_full() -> None:
    allowance = Allowance(10)
    assert allowance.take(25, 10) == 0
    assert allowance.take(1, 10) > 0


@pytest.mark.parametrize("page", ["home", "runs", "campaigns", "agreement", "settings", "", "../x"])
def test_raters_see_annotate_alone(page: str) -> None:
    rater = Visitor("rater", "Áine", rater_id="r1", campaign_id="c1")
    assert may_see(rater, "annotate") and not may_see(rater, page)
    with pytest.raises(ConfigError, match="not open to raters"):
        check_may_see(rater, page)


def test_members_see_all_pages_and_let_nobody_in() -> None:
    member = Visitor("member", "Marta", member_id="m1")
    assert may_see(member, "runs") and may_see(member, "settings")
    with pytest.raises(ConfigError, match="Only the owner"):
        check_may_manage_access(member)
    check_may_manage_access(Visitor("owner"))


WRONG_MEMBERS = (  # name, address, what is said
    ("", "", "1 to 100 characters, not 0"),
    ("x" * 101, "", "not 101"),
    ("Anna\u202etxt.exe", "", r"U\+202E"),
    ("An\u200bna", "", r"U\+200B"),
    ("An\x00na", "", r"U\+0000"),
    ("Anna", "anna", "not like name@example.org"),
    ("Anna", "a@b\nBcc: c@d", "not like name@example.org"),
    ("Anna", "marta@EXAMPLE.org", "is that of 'Marta'"),
    ("Marta", "", "a member 'Marta' already"),
)


def test_a_wrong_member_is_refused_and_nothing_stored(workspace: Workspace, member: Member) -> None:
    for name, email, match in WRONG_MEMBERS:
        with pytest.raises(ConfigError, match=match):
            add_member(workspace, name, email=email)
    assert [each.name for each in workspace.members.all()] == [member.name]


def test_names_of_every_script_are_fine() -> None:
    for name in ("Áine Ní Mhurchú", "मराठी", "محمد", "O'Neil <b>", "山田"):
        assert checked_name(f"  {name} ") == name


def test_a_renewed_link_lets_a_revoked_member_in_again(
    workspace: Workspace, member: Member
) -> None:
    workspace.members.change(member.id, revoked_at="2026-01-01T00:00:00+00:00")
    assert renew_member_link(workspace, member.id) == workspace.members.get(member.id)
    assert workspace.members.get(member.id).revoked_at is None
    with pytest.raises(DataError, match="no member"):
        renew_member_link(workspace, "nobody")


def test_visits_of_raters_and_members_are_noted(
    workspace: Workspace, member: Member, rater: Rater
) -> None:
    note_visit(workspace, Visitor("owner"))
    assert workspace.members.get(member.id).seen_at is None
    note_visit(workspace, Visitor("member", member_id=member.id))
    note_visit(workspace, Visitor("rater", rater_id=rater.id))
    assert workspace.members.get(member.id).seen_at and workspace.raters.get(rater.id).seen_at


def test_the_token_shows_in_no_text_of_its_holder() -> None:
    assert str(OwnerToken("a-secret-of-some-length")) == "OwnerToken()"
