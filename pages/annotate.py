"""Annotate: one segment after the other, marked and scored by a rater."""

import streamlit as st

from app import cache
from app.access.visiting import visitor
from app.judging.rate_head import head, progress_line
from app.judging.rate_item import rate_item
from app.judging.rate_overview import finished, overview
from app.judging.rate_welcome import welcome
from app.judging.rate_who import campaign_of, chosen_rater, is_onlooker
from app.judging.wording import wording as wording_of
from app.state import session
from core.annotate.asking import settings_of
from core.annotate.privacy import needs_consent

workspace = cache.workspace()
who = visitor()
rater = chosen_rater(workspace, who)
campaign = campaign_of(workspace, rater)
wording = wording_of(rater.language)
onlooker = is_onlooker(who, rater)

if not onlooker and needs_consent(rater, settings_of(campaign)):
    welcome(workspace, campaign, rater, wording)
    st.stop()

states = workspace.ratings.states(rater.id)
if not states:
    st.info(wording.t("rate.nothing"))
    st.stop()
head(workspace, campaign, rater, wording)
if onlooker:
    st.info(wording.t("rate.onlooker"), icon=":material/visibility:")
elif campaign.state != "open":
    st.info(wording.t("rate.closed"), icon=":material/lock:")

draft = session().rate
open_places = (place for _, place, is_done in states if not is_done)
place = next(open_places, None) if draft.place is None else draft.place
if draft.view != "work" or place is None:
    progress_line(wording, states)
if draft.view == "pause":
    st.info(wording.t("rate.paused"), icon=":material/pause_circle:")
elif draft.view == "overview":
    overview(workspace, campaign, rater, wording, states)
elif place is None:
    finished(workspace, campaign, rater, wording, states)
else:
    draft.place = place
    rate_item(
        workspace,
        campaign,
        rater,
        wording,
        is_locked=onlooker or campaign.state != "open",
    )
