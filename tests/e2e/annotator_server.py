"""Serves annotator_app.py together with the routes of app.assets."""

from pathlib import Path

import streamlit as st

from app.assets import routes

app = st.App(Path(__file__).with_name("annotator_app.py"), routes=routes())
