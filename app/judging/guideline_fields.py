"""What raters read and agree to before they begin, by language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.judging.wording import interface_languages
from core.annotate.settings import MAX_GUIDELINES
from core.annotate.sources import CampaignSources
from core.languages import language_name, selectable_languages


def guideline_fields(
    stored: Mapping[str, Any], texts: CampaignSources | None = None, *, key: str
) -> dict[str, Any]:
    """Shows guidelines, consent and the notice about AI, and gives their settings.

    Args:
        stored: Settings to start from.
        texts: What is judged; its target language is offered where raters' pages speak it.
        key: Prefix of the widget keys.
    """
    with st.expander("Guidelines and terms", icon=":material/menu_book:"):
        guidelines = _guidelines(stored.get("guidelines", {}), texts, key)
        consent = st.text_area(
            "Consent",
            stored.get("consent_text", ""),
            key=f"{key}.consent",
            height=110,
            max_chars=MAX_GUIDELINES,
            help="What raters agree to before they begin; empty: a general sentence.",
        )
        no_ai = st.toggle(
            "Tell raters that no AI may help them",
            value=bool(stored.get("no_ai_notice", True)),
            key=f"{key}.no_ai",
        )
    return {"guidelines": guidelines, "consent_text": consent, "no_ai_notice": no_ai}


def _guidelines(
    given: Mapping[str, str], texts: CampaignSources | None, key: str
) -> dict[str, str]:
    """Shows a field for each language that is chosen."""
    usual = [*given] or ["eng_Latn"]
    if texts is not None and texts.tgt_lang in interface_languages():
        usual = list(dict.fromkeys([*usual, texts.tgt_lang]))
    languages = st.multiselect(
        "Guidelines in",
        [each.code for each in selectable_languages()],
        default=usual,
        format_func=language_name,
        key=f"{key}.languages.{'.'.join(usual)}",
        help="A rater reads those in the language of their pages, else the English ones.",
    )
    return {
        code: st.text_area(
            f"Guidelines in {language_name(code)}",
            given.get(code, ""),
            key=f"{key}.guidelines.{code}",
            height=160,
            max_chars=MAX_GUIDELINES,
            placeholder="What counts as an error here, and how severe it is, with examples.",
        )
        for code in languages
    }
