"""How often each term of a glossary is translated as it is to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app.evaluation.choice import Choice
from app.evaluation.positions import segments_button
from app.problem_views import shown_in_place
from core.evaluate.causes.counting_texts import term_hits
from core.evaluate.causes.term_hits import TermHits
from core.evaluate.evaluating import Evaluated
from core.text.glossary import read_glossary

KEPT = 6


def glossary_view(choice: Choice, found: Evaluated) -> None:
    """Shows a field for a glossary and, for each of its terms, who has its target."""
    text = st.text_area(
        "Glossary",
        key="glossary.text",
        placeholder="vaccine\tvacsaín",
        height=120,
        persist_state="session",
        help="One term a line: source, tab, target. A term counts as kept if its target stands in "
        "the hypothesis, also inside a word; case does not count.",
    )
    if not text.strip():
        st.caption("Paste terms to see which systems keep to them.")
        return
    with shown_in_place("The glossary cannot be read"):
        hits = _hits(found.result.made_at, text, found)
        if not hits:
            st.caption("None of the terms stands in a source.")
            return
        _table(choice, found, hits)


@st.cache_data(max_entries=KEPT, show_spinner="Looking for the terms …")
def _hits(made_at: str, text: str, _found: Evaluated) -> list[TermHits]:
    return term_hits(_found, read_glossary(text.encode()))


def _table(choice: Choice, found: Evaluated, hits: list[TermHits]) -> None:
    ids = [each.set_id for each in found.result.scored]
    rows: list[dict[str, Any]] = [
        {"Term": each.term.source, "Target": each.term.target, "Segments": len(each.positions)}
        | {set_id: each.percent(set_id) for set_id in ids}
        for each in hits
    ]
    event = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        column_config={
            each: st.column_config.NumberColumn(choice.names[each], format="%.0f %%", width=110)
            for each in ids
        },
        on_select="rerun",
        selection_mode="single-row",
        key=f"glossary.table.{len(rows)}",
    )
    picked = event.selection.rows
    if picked and picked[0] < len(hits):
        term = hits[picked[0]]
        missed = np.unique(np.concatenate([term.missed[each] for each in ids]))
        segments_button(
            f"{term.term.source} is not {term.term.target}", missed, key="glossary.show"
        )
    else:
        st.caption("Percent of the segments with the term. Click a row to see where it is missed.")
