from __future__ import annotations

from dataclasses import replace

from core.access.door import Door
from core.access.identifying import Shown, identify, visitor_of
from core.access.members import add_member, renew_member_link, revoke_member
from core.access.owner_token import OwnerToken
from core.access.roles import Visitor
from core.access.signing import JOIN_PATH, Pass, cookie_of, pass_of_link, rater_link
from core.storage.campaign_records import Rater
from core.storage.files import utc_now
from core.storage.member_records import Member
from core.storage.workspace import Workspace

HERE = Shown(host="localhost:8501")


def rater_cookie(workspace: Workspace, version: int = 1) -> Shown:
    return Shown(rater_cookie=cookie_of(workspace, Pass("rater", "r1", version)))


def member_cookie(workspace: Workspace, member: Member) -> Shown:
    return Shown(owner_cookie=cookie_of(workspace, Pass("member", member.id, 1)))


STRANGERS = (
    Shown(host="evil.example"),
    Shown(host="localhost.evil.example"),
    Shown(host="10.0.0.7:8501"),
    Shown(host=""),
    Shown(host="localhost@evil.example"),
    replace(HERE, is_forwarded=True),
)


def test_whoever_sits_at_the_machine_is_the_owner_without_a_token_and_nobody_else(
    workspace: Workspace, local_door: Door
) -> None:
    for host in ("localhost:8501", "127.0.0.1:8501", "[::1]:8501", "LOCALHOST"):
        assert identify(workspace, local_door, Shown(host=host)) == Visitor("owner"), host
    for shown in STRANGERS:
        assert identify(workspace, local_door, shown) is None, shown


def test_nobody_is_the_owner_without_a_token_where_others_come_in(
    workspace: Workspace, door: Door
) -> None:
    assert identify(workspace, door, HERE) is None
    # A proxy on this machine need not say that it passed a request on.
    assert identify(workspace, replace(door, address="127.0.0.1"), HERE) is None


def test_the_tokens_cookie_ends_with_the_start(workspace: Workspace, door: Door) -> None:
    shown = Shown(owner_cookie=cookie_of(workspace, Pass("owner", door.token.start_id)))
    assert identify(workspace, door, shown) == Visitor("owner")
    next_start = replace(door, token=OwnerToken("another-token-of-another-start"))
    assert identify(workspace, next_start, shown) is None


def test_a_rater_is_a_rater_even_at_the_owners_machine(
    workspace: Workspace, local_door: Door, rater: Rater
) -> None:
    shown = replace(rater_cookie(workspace), host="localhost")
    found = identify(workspace, local_door, shown)
    assert found == Visitor("rater", "Áine", rater_id="r1", campaign_id="c1")


def test_a_revoked_raters_cookie_is_worthless_at_once(
    workspace: Workspace, door: Door, rater: Rater
) -> None:
    shown = rater_cookie(workspace)
    assert identify(workspace, door, shown) is not None
    workspace.raters.change(rater.id, revoked_at=utc_now())
    assert identify(workspace, door, shown) is None


def test_after_a_renewal_only_the_new_link_holds(
    workspace: Workspace, door: Door, rater: Rater
) -> None:
    old_link = rater_link(workspace, rater)
    old_cookie = rater_cookie(workspace)
    workspace.raters.change(rater.id, link_version=2)
    new_link = rater_link(workspace, workspace.raters.get(rater.id))

    def enters(link: str) -> bool:
        granted = pass_of_link(workspace, link.removeprefix(JOIN_PATH))
        return visitor_of(workspace, door, granted) is not None

    assert not enters(old_link)
    assert enters(new_link)
    assert identify(workspace, door, old_cookie) is None
    assert identify(workspace, door, rater_cookie(workspace, 2)) is not None


def test_an_imported_rater_has_no_link(workspace: Workspace, door: Door, rater: Rater) -> None:
    workspace.raters.change(rater.id, link_version=0)
    assert identify(workspace, door, rater_cookie(workspace, 0)) is None


def test_a_deleted_raters_cookie_is_worthless(
    workspace: Workspace, door: Door, rater: Rater
) -> None:
    workspace.raters.erase(rater.id)
    assert identify(workspace, door, rater_cookie(workspace)) is None


def test_a_raters_pass_opens_nothing_as_a_member(
    workspace: Workspace, door: Door, rater: Rater
) -> None:
    forged = Shown(owner_cookie=cookie_of(workspace, Pass("member", rater.id, 1)))
    assert identify(workspace, door, forged) is None


def test_members_come_in_by_cookie_until_they_are_revoked_or_renewed(
    workspace: Workspace, door: Door, member: Member
) -> None:
    shown = member_cookie(workspace, member)
    assert identify(workspace, door, shown) == Visitor("member", "Marta", member_id=member.id)
    revoke_member(workspace, member.id)
    assert identify(workspace, door, shown) is None
    assert renew_member_link(workspace, member.id).link_version == 2
    assert identify(workspace, door, shown) is None


def test_an_identity_provider_lets_known_addresses_in(
    workspace: Workspace, door: Door, member: Member
) -> None:
    assert identify(workspace, door, Shown(email="MARTA@example.org")) == Visitor(
        "member", "Marta", member_id=member.id
    )
    assert identify(workspace, door, Shown(email="other@example.org")) is None
    revoke_member(workspace, member.id)
    assert identify(workspace, door, Shown(email="marta@example.org")) is None


def test_a_member_who_is_an_owner_may_manage_access(workspace: Workspace, door: Door) -> None:
    second = add_member(workspace, "Liam", role="owner")
    found = identify(workspace, door, member_cookie(workspace, second))
    assert found is not None and found.may_manage_access


def test_what_a_request_shows_tells_no_cookie(workspace: Workspace) -> None:
    shown = rater_cookie(workspace)
    assert shown.rater_cookie not in repr(shown)
