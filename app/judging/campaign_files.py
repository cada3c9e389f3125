"""Campaigns out of files of other tools, and into them."""

from __future__ import annotations

import streamlit as st

from app import cache
from app.judging.chosen_campaign import CAMPAIGN
from app.problem_views import shown_in_place
from app.state import session
from core.annotate.creating import MAX_NAME
from core.annotate.formats.reading import read_campaign
from core.annotate.formats.registry import FORMATS
from core.annotate.formats.writing import write_campaign
from core.annotate.stored import store_campaign
from core.languages import language_name, selectable_languages
from core.storage.campaign_records import Campaign
from core.storage.workspace import Workspace

GUESSED = ""


def import_form(workspace: Workspace, num_campaigns: int) -> None:
    """Shows the fields that make a closed campaign of a finished file.

    Args:
        workspace: Where it is stored.
        num_campaigns: How many there are: after an import the fields start empty.
    """
    key = f"campaigns.import.{num_campaigns}"
    file = st.file_uploader(
        "File",
        key=f"{key}.file",
        help="; ".join(f"{each.title}: {each.description}" for each in FORMATS.values()),
    )
    kind, name, src_lang, tgt_lang = _told_fields(key)
    is_asked = st.button(
        "Open as a campaign",
        type="primary",
        icon=":material/upload_file:",
        key=f"{key}.go",
        disabled=file is None,
        help="Choose a file." if file is None else "It opens closed, with all its results.",
    )
    if is_asked and file is not None:
        with shown_in_place("Nothing was stored"):
            told = {"kind": kind, "name": name, "src_lang": src_lang, "tgt_lang": tgt_lang}
            stored = store_campaign(workspace, read_campaign(file.getvalue(), file.name, **told))
            st.query_params[CAMPAIGN] = stored.id
            session().notice = f"Opened {stored.name}."
            st.rerun()


def export_view(campaign: Campaign) -> None:
    """Writes the campaign as a file of another tool, to download."""
    kinds = [
        name
        for name, each in FORMATS.items()
        if each.can_write and campaign.protocol in each.protocols
    ]
    kind = st.selectbox(
        "Format",
        kinds,
        format_func=lambda each: f"{FORMATS[each].title} · {FORMATS[each].description}",
        key=f"campaigns.export.{campaign.id}",
    )
    are_named = st.toggle(
        "With the names of raters",
        value=bool(campaign.origin),
        key=f"campaigns.export.named.{campaign.id}",
        help="Without, they are rater1, rater2 and so on.",
    )
    if st.button(
        "Write the file", icon=":material/file_export:", key=f"campaigns.export.go.{campaign.id}"
    ):
        with shown_in_place("No file was written"):
            data = cache.campaign(campaign.id)
            file = write_campaign(data, kind, are_raters_named=are_named)
            st.download_button(
                f"Download {file.name}",
                file.content,
                file_name=file.name,
                mime=file.media_type,
                key=f"campaigns.export.file.{campaign.id}",
                icon=":material/download:",
            )


def _told_fields(key: str) -> tuple[str, str, str, str]:
    """Gives format, name and the two languages, where the file's own are not taken."""
    readable = {name: each.title for name, each in FORMATS.items() if each.can_read}
    columns = st.columns(4)
    with columns[0]:
        kind = st.selectbox(
            "Format",
            [GUESSED, *readable],
            format_func=lambda each: readable.get(each, "as the file looks"),
            key=f"{key}.format",
        )
    with columns[1]:
        name = st.text_input(
            "Name", key=f"{key}.name", max_chars=MAX_NAME, placeholder="that of the file"
        )
    with columns[2]:
        src_lang = _language("Source language", f"{key}.src")
    with columns[3]:
        tgt_lang = _language("Target language", f"{key}.tgt")
    return kind, name, src_lang, tgt_lang


def _language(label: str, key: str) -> str:
    """Shows a language picker that may stay open."""
    names = {"": "as the file says"} | {
        each.code: language_name(each.code) for each in selectable_languages()
    }
    chosen: str = st.selectbox(label, list(names), format_func=lambda each: names[each], key=key)
    return chosen
