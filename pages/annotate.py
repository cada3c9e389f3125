"""Annotate: one segment after the other, marked and scored by a rater."""

from app.text import page_header

page_header("Annotate", "Judge translations, one segment after the other.")
