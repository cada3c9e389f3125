"""The first thing a rater sees: what is asked, in which language, under which terms."""

from __future__ import annotations

import streamlit as st

from app.judging.wording import Wording, interface_languages
from app.state import session
from core.annotate.asking import settings_of
from core.annotate.privacy import give_consent
from core.storage.campaign_records import Campaign, Rater
from core.storage.workspace import Workspace


def language_choice(workspace: Workspace, rater: Rater, wording: Wording) -> None:
    """Shows the languages of the rater's pages; another one is kept and shown at once."""
    names = interface_languages()
    chosen = st.segmented_control(
        wording.t("rate.language"),
        list(names),
        default=rater.language if rater.language in names else next(iter(names)),
        format_func=lambda code: names[code],
        key="rate.language",
        required=True,
    )
    if chosen and chosen != rater.language:
        workspace.raters.change(rater.id, language=chosen)
        st.rerun()


def welcome(workspace: Workspace, campaign: Campaign, rater: Rater, wording: Wording) -> None:
    """Shows the campaign and its terms; agreeing starts the work."""
    settings = settings_of(campaign)
    t = wording.t
    st.title(t("rate.welcome"), anchor=False)
    language_choice(workspace, rater, wording)
    with st.container(border=True, key="bidi-welcome"):
        st.text(campaign.name)
        languages = {
            "source": wording.language(campaign.src_lang) or "–",
            "target": wording.language(campaign.tgt_lang) or "–",
        }
        st.write(t("rate.direction", **languages))
        count = len(workspace.raters.items(rater.id))
        st.write(t("rate.amount", count=count))
        st.write(t(f"rate.task.{campaign.protocol}"))
        st.write(t("rate.saved_always"))
        if settings.no_ai_notice:
            st.info(t("rate.no_ai"), icon=":material/psychology_alt:")
    guidelines = settings.guidelines_for(rater.language)
    if guidelines:
        with st.expander(t("rate.guidelines"), expanded=True):
            st.text(guidelines)
    st.subheader(t("rate.consent"), anchor=False)
    terms = settings.consent_text or t("rate.consent_text")
    st.text(terms)
    agrees = st.checkbox(t("rate.agree"), key="rate.agree")
    if st.button(
        t("rate.start"),
        type="primary",
        key="rate.start",
        disabled=not agrees,
        help=None if agrees else t("rate.agree_first"),
    ):
        give_consent(workspace, rater.id, terms)
        session().rate.go_to(None)
        st.rerun()
