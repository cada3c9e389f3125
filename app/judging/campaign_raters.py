"""The raters of a campaign: their links, reminders, replacements, and more of them."""

from __future__ import annotations

import streamlit as st

from app.access.entrance import entrance
from app.access.visiting import address
from app.judging.wording import interface_languages, wording
from app.navigation import page_path
from app.problem_views import shown_in_place
from app.state import session
from app.text import plain
from core.access.signing import rater_link
from core.annotate.creating import MAX_NAME, OWN
from core.annotate.privacy import delete_my_data, pseudonymise
from core.annotate.progress import RaterRow, campaign_progress
from core.annotate.staffing import add_rater, renew_link, replace_rater, revoke_rater
from core.storage.campaign_records import Campaign, Rater
from core.storage.workspace import Workspace


def rater_view(workspace: Workspace, campaign: Campaign) -> None:
    """Shows one rater at a time with everything that can be done, and a field for a new one."""
    rows = {row.rater.id: row for row in campaign_progress(workspace, campaign).rows}
    if rows:
        chosen = st.selectbox(
            "Rater",
            list(rows),
            format_func=lambda each: f"{rows[each].rater.name} · {rows[each].state}",
            key=f"campaigns.rater.{campaign.id}.{len(rows)}",
        )
        with shown_in_place():
            _rater(workspace, campaign, rows[chosen])
    if not campaign.origin:
        with shown_in_place("Nobody was added"):
            _new_rater(workspace, campaign, rows)


def link_of(workspace: Workspace, rater: Rater) -> str:
    """Gives the whole address of a rater's personal link."""
    return address() + rater_link(workspace, rater)


def reminder(workspace: Workspace, campaign: Campaign, row: RaterRow, *, language: str) -> str:
    """Gives a message to a rater in a language: an invitation, or a reminder."""
    return wording(language).t(
        "remind.again" if row.num_done else "remind.first",
        done=row.num_done,
        total=row.num_items,
        link=link_of(workspace, row.rater),
        campaign=campaign.name,
        name=row.rater.name,
    )


def _rater(workspace: Workspace, campaign: Campaign, row: RaterRow) -> None:
    rater, is_own = row.rater, bool(row.rater.profile.get(OWN))
    if not is_own and rater.link_version:
        _link(workspace, campaign, row)
    with st.container(horizontal=True):
        if st.button(
            "Rate" if is_own else "See it as the rater",
            icon=":material/edit_note:" if is_own else ":material/visibility:",
            key=f"campaigns.see.{rater.id}",
            disabled=not row.num_items,
            help=None if row.num_items else "There is no work for this rater.",
        ):
            st.switch_page(page_path("annotate"), query_params={"rater": rater.id})
        if not is_own:
            _link_buttons(workspace, rater)
        if st.button("Replace", icon=":material/swap_horiz:", key=f"campaigns.replace.{rater.id}"):
            _confirm_replacement(workspace, rater)
        if st.button("Privacy", icon=":material/shield_person:", key=f"campaigns.data.{rater.id}"):
            _confirm_deletion(workspace, rater)


def _link(workspace: Workspace, campaign: Campaign, row: RaterRow) -> None:
    """Shows the link to copy, and a message with it."""
    if row.rater.revoked_at:
        st.caption("The link was taken back. A new one lets this rater in again.")
        return
    st.code(link_of(workspace, row.rater), language=None, wrap_lines=True)
    here = entrance()
    if here and here.door.is_local:
        st.caption(
            "Only this machine can open it. For others, start the application by "
            "`make run HOST=0.0.0.0 PUBLIC_URL=https://…`, then copy the link again."
        )
    with st.expander("A message to copy", icon=":material/mail:"):
        languages = interface_languages()
        code = st.selectbox(
            "In",
            list(languages),
            index=list(languages).index(row.rater.language)
            if row.rater.language in languages
            else 0,
            format_func=lambda each: languages[each],
            key=f"campaigns.remind.{row.rater.id}",
        )
        if code != row.rater.language and not row.rater.seen_at:
            # Who was never here meets the pages in the language of the invitation.
            workspace.raters.change(row.rater.id, language=code)
        st.code(reminder(workspace, campaign, row, language=code), language=None, wrap_lines=True)


def _link_buttons(workspace: Workspace, rater: Rater) -> None:
    if st.button(
        "New link",
        icon=":material/link:",
        key=f"campaigns.renew.{rater.id}.{rater.link_version}",
        help="Ends the link before, wherever it is open; the work stays.",
    ):
        renew_link(workspace, rater.id)
        session().notice = f"{rater.name} has a new link."
        st.rerun()
    if not rater.revoked_at and st.button(
        "Take the link back",
        icon=":material/link_off:",
        key=f"campaigns.revoke.{rater.id}",
        help="What was judged stays; nothing more can be.",
    ):
        revoke_rater(workspace, rater.id)
        session().notice = f"The link of {rater.name} was taken back."
        st.rerun()


def _new_rater(workspace: Workspace, campaign: Campaign, rows: dict[str, RaterRow]) -> None:
    with st.expander("Add a rater", icon=":material/person_add:", expanded=not rows):
        st.caption(
            "A new rater gets as much work as the others have on average: what all judge, then "
            "what the fewest judge. To hand over what is open instead, replace somebody."
        )
        key = f"campaigns.add.{campaign.id}.{len(rows)}"
        name = st.text_input("Name", key=f"{key}.name", max_chars=MAX_NAME)
        has_own = any(row.rater.profile.get(OWN) for row in rows.values())
        is_own = not has_own and st.toggle("It is me: I rate it myself", key=f"{key}.own")
        if st.button(
            "Add",
            icon=":material/person_add:",
            key=f"{key}.go",
            disabled=not name.strip(),
            help=None if name.strip() else "Type a name.",
        ):
            added = add_rater(workspace, campaign.id, name, is_own=is_own)
            session().notice = f"Added {added.name}."
            st.rerun()


def _confirm_replacement(workspace: Workspace, rater: Rater) -> None:
    @st.dialog("Replace a rater")
    def window() -> None:
        with shown_in_place("Nobody was replaced"):
            st.text(f"Somebody else takes over what {rater.name} has not finished.")
            st.write(
                "What was finished stays and counts; what was begun starts anew. The old link ends."
            )
            name = st.text_input(
                "Name", key=f"campaigns.replace.name.{rater.id}", max_chars=MAX_NAME
            )
            if st.button("Replace", type="primary", key=f"campaigns.replace.go.{rater.id}"):
                new = replace_rater(workspace, rater.id, name)
                session().notice = f"{new.name} goes on for {rater.name}."
                st.rerun()

    window()


def _confirm_deletion(workspace: Workspace, rater: Rater) -> None:
    @st.dialog("What is stored of a rater")
    def window() -> None:
        with shown_in_place():
            st.text(rater.name)
            agreed = rater.consented_at[:10] if rater.consented_at else "not yet"
            st.write(f"Agreed to the terms: {plain(agreed)}.")
            st.write(
                "A pseudonym takes name, profile and link away and keeps what was judged. Deletion "
                "takes everything that this rater judged, too. Neither can be undone."
            )
            with st.container(horizontal=True):
                if st.button("Give a pseudonym", key=f"campaigns.pseudonym.{rater.id}"):
                    session().notice = f"Now called {pseudonymise(workspace, rater.id)}."
                    st.rerun()
                if st.button("Delete for good", type="primary", key=f"campaigns.erase.{rater.id}"):
                    delete_my_data(workspace, rater.id)
                    session().notice = f"Deleted {rater.name} and all that they judged."
                    st.rerun()

    window()
