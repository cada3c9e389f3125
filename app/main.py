"""The entry script of every page view: page settings, menu, one place for errors."""

import streamlit as st

from app.errors import shown_to_user
from app.navigation import menu
from app.text import page_style

st.set_page_config(page_title="adaptMLLM", page_icon=":material/translate:", layout="wide")
page_style()
page = menu()
with shown_to_user():
    page.run()
