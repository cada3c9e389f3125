"""The entry script of every page view: page settings, who looks, menu, one place for errors."""

from pathlib import Path

import streamlit as st

from app.access.visiting import identified
from app.errors import shown_to_user
from app.navigation import menu, page_frame, page_name
from app.news import tell_news
from app.text import page_style
from core.access.roles import check_may_see

# A file of our own: Streamlit's named icons would be fetched from a font server.
ICON = Path(__file__).with_name("icon.svg")
st.set_page_config(page_title="adaptMLLM", page_icon=str(ICON), layout="wide")
page_style()
with shown_to_user():
    who = identified()
    page = menu(who)
    check_may_see(who, page_name(who, page))
    tell_news(who)
    with page_frame(who):
        page.run()
