"""Mending a text instead of dropping its pair: each way of it is switched on by itself."""

from __future__ import annotations

import unicodedata

from core.corpora.doctor.settings import DoctorSettings
from core.corpora.doctor.text_checks import without_controls
from core.text.spans import body_of


def repaired(text: str, settings: DoctorSettings) -> str:
    """Gives a text mended as the settings say; garbled encoding first, as it hides the rest."""
    if settings.fix_mojibake and not text.isascii():
        text = _decoded(text)
    if settings.remove_controls:
        text = without_controls(text)
    if settings.strip_spaces:
        start, end = body_of(text)
        text = text[start:end]
    if settings.compose:
        text = unicodedata.normalize("NFC", text)
    return text


def _decoded(text: str) -> str:
    """Gives a text with garbled encoding mended, and nothing else changed."""
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    return fix_encoding(text) if is_bad(text) else text
