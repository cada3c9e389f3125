"""Serves live_charts_app.py with the routes of app.assets, under the application's own policy."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from app.access.headers import ClosingHeaders
from app.assets import routes

app = st.App(
    Path(__file__).with_name("live_charts_app.py"),
    routes=routes(),
    middleware=[Middleware(ClosingHeaders)],
)
