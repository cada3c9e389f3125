"""What was published for this direction: beside our scores, never among them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.evaluate.published import published_scores
from core.evaluate.results import EvaluationResult
from core.languages import language_name


def published_box(result: EvaluationResult) -> None:
    """Shows the published table of the paper's test sets, if there is one of this direction."""
    rows = published_scores(result.src_lang, result.tgt_lang)
    if not rows:
        return
    direction = f"{language_name(result.src_lang)} → {language_name(result.tgt_lang)}"
    with st.expander(f"Published for {direction}, on other segments", icon=":material/menu_book:"):
        st.caption(
            "For orientation only: other test sets, casing and tokenisation. None of it is ranked "
            "with the systems above."
        )
        table = pd.DataFrame(
            [
                {
                    "System": each.system,
                    "BLEU": each.bleu,
                    "chrF": each.chrf,
                    "TER": each.ter,
                    "Casing": each.casing,
                    "Status": each.status,
                    "Source": each.source,
                    "Caveat": each.caveat,
                }
                for each in rows
            ]
        )
        st.dataframe(
            table,
            hide_index=True,
            width="stretch",
            placeholder="–",
            column_config={"Caveat": st.column_config.TextColumn(width="large")},
            key="evaluate.published",
        )
        for caveat in dict.fromkeys(each.caveat for each in rows):
            st.caption(caveat)
