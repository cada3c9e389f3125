"""The access part of the Settings page: how the server can be reached, and who may work in it."""

from __future__ import annotations

import streamlit as st

from app.access import provider
from app.access.entrance import entrance
from app.access.visiting import address, require_owner
from app.problem_views import problem, shown_in_place
from app.state import session
from app.text import ago
from core.access.members import (
    MAX_EMAIL_LENGTH,
    MAX_NAME_LENGTH,
    MEMBER_ROLES,
    add_member,
    renew_member_link,
    revoke_member,
)
from core.access.signing import member_link
from core.storage.member_records import Member
from core.storage.workspace import Workspace

ROLE_NAMES = {"member": "Member", "owner": "Owner"}
ROLE_HELP = (
    "Members use every page; they neither let others in nor set up endpoints with keys. An owner "
    "may do that, too. Raters are not added here: each campaign gives them links of their own."
)


def access_view(workspace: Workspace) -> None:
    """Shows everything about access; for owners alone.

    Raises:
        ConfigError: Somebody else looks.
    """
    require_owner()
    _server_state()
    st.subheader("Members", anchor=False)
    _new_member(workspace)
    members = workspace.members.all()
    if not members:
        st.info(
            "Nobody but you works here yet. A member gets a personal link that can be shown again "
            "at any time, and taken back."
        )
    for member in members:
        _member_card(workspace, member)


def _server_state() -> None:
    here = entrance()
    st.subheader("This server", anchor=False)
    if here is None:
        st.text("No server runs around this page.")
        return
    door = here.door
    with st.container(border=True):
        st.text(f"Address: {door.url}")
        if door.is_local:
            st.text("Only this machine can reach it; whoever uses it is the owner.")
            st.text(
                "Links work for others once it is started so that they can reach it, as with "
                "HOST=0.0.0.0, or better behind a proxy: docs/access.md."
            )
        else:
            st.text("Others can reach it; everybody needs a link, a sign-in, or the owner's token.")
            st.text(
                "Encrypted (https)."
                if door.is_https
                else "Not encrypted: others on the way can read links, tokens and texts."
            )
        if fault := provider.fault():
            st.text(f"Nobody can sign in by OpenID Connect. {fault}")
        elif provider.is_configured():
            st.text("Members who have an e-mail address can sign in by OpenID Connect.")
        else:
            st.text("No identity provider is configured ([auth] in .streamlit/secrets.toml).")


def _new_member(workspace: Workspace) -> None:
    tab = session()
    key = f"access.new.{tab.member_version}"
    with st.expander("Let somebody in", icon=":material/person_add:"):
        columns = st.columns(3)
        with columns[0]:
            name = st.text_input("Name of the member", key=f"{key}.name", max_chars=MAX_NAME_LENGTH)
        with columns[1]:
            email = st.text_input(
                "E-mail address (optional)",
                key=f"{key}.email",
                max_chars=MAX_EMAIL_LENGTH,
                help="By which an identity provider knows the member; nothing is sent to it.",
            )
        with columns[2]:
            role = st.selectbox(
                "Role",
                MEMBER_ROLES,
                format_func=lambda each: ROLE_NAMES[each],
                key=f"{key}.role",
                help=ROLE_HELP,
            )
        if st.button("Add member", type="primary", icon=":material/person_add:", key=f"{key}.go"):
            if not name.strip():
                problem("Nobody was added", "The name is empty: type it first.")
                return
            with shown_in_place("Nobody was added"):
                member = add_member(workspace, name, role=role, email=email)
                tab.member_version += 1  # a double click must not add a second one
                tab.notice = f"Added {member.name}. The link stands below."
                st.rerun()


def _member_card(workspace: Workspace, member: Member) -> None:
    is_revoked = member.revoked_at is not None
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(member.name, width="content")
            st.badge(ROLE_NAMES.get(member.role, "Member"), color="gray")
            if is_revoked:
                st.badge("Revoked", color="red")
        told = f"Added {ago(member.created_at)}"
        seen = f"last here {ago(member.seen_at)}" if member.seen_at else "not here yet"
        st.text(" · ".join(each for each in (member.email, told, seen) if each))
        if is_revoked:
            st.text(f"May not enter since {ago(member.revoked_at)}.")
        else:
            st.code(address() + member_link(workspace, member), language=None, wrap_lines=True)
        with st.container(horizontal=True):
            is_renewed = st.button(
                "Let in again" if is_revoked else "Renew link",
                icon=":material/autorenew:",
                key=f"access.renew.{member.id}",
                help="Makes a new link; the old one and every device that used it are shut out.",
            )
            is_ended = not is_revoked and st.button(
                "Revoke", icon=":material/person_off:", key=f"access.revoke.{member.id}"
            )
    if is_renewed:
        with shown_in_place("The link was not renewed"):
            renew_member_link(workspace, member.id)
            session().notice = f"{member.name} has a new link; the old one is worthless."
            st.rerun()
    if is_ended:
        with shown_in_place("The access was not revoked"):
            revoke_member(workspace, member.id)
            session().notice = f"{member.name} may not enter any more."
            st.rerun()
