"""Campaigns: human evaluations - set up, given to raters, watched, closed."""

from app.text import page_header

page_header("Campaigns", "People judge translations: set up, share, watch, close.")
