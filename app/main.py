"""The entry script of every page view: page settings, menu, one place for errors."""

from pathlib import Path

import streamlit as st

from app.errors import shown_to_user
from app.navigation import menu
from app.text import page_style

# A file of our own: Streamlit's named icons would be fetched from a font server.
ICON = Path(__file__).with_name("icon.svg")
st.set_page_config(page_title="adaptMLLM", page_icon=str(ICON), layout="wide")
page_style()
page = menu()
with shown_to_user():
    page.run()
