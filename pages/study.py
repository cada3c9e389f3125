"""Study: one search or ablation: how far it is, its trials, its charts, and what one can do."""

import streamlit as st

from app import cache
from app.errors import shown_to_user
from app.navigation import page_path
from app.searching.effect_views import effect_views
from app.searching.promoting import best_card
from app.searching.standing import standing_of
from app.searching.study_actions import action_bar
from app.searching.study_charts import study_charts
from app.searching.study_head import head, subtitle
from app.searching.trial_table import trial_table
from app.text import page_header, plain
from core.errors import ConfigError

INTERVAL_S = 3

workspace = cache.workspace()
study_id = st.query_params.get("id", "")
st.page_link(page_path("search"), label="All studies", icon=":material/arrow_back:")
if not study_id:
    raise ConfigError("No study was chosen.", hint="Choose one on the Search page.")
standing = standing_of(workspace, study_id)
is_live = standing.is_at_work

page_header(plain(standing.study.name), subtitle(workspace, standing))
action_bar(workspace, standing)


@st.fragment(run_every=INTERVAL_S if is_live else None)
def course() -> None:
    """Shows state, costs and trials; when the work has ended, the whole page is shown anew."""
    with shown_to_user():
        now = standing_of(workspace, study_id)
        head(workspace, now)
        # Also when another tab or the first finished trial gives the buttons other meanings.
        was = (standing.is_at_work, standing.study.wanted, standing.best is None)
        if (now.is_at_work, now.study.wanted, now.best is None) != was:
            st.rerun()
        if now.is_ablation:
            effect_views(now)
        else:
            best_card(now)
        trial_table(workspace, now)


@st.fragment(run_every=INTERVAL_S if is_live else None)
def drawings() -> None:
    """Shows the charts."""
    with shown_to_user():
        study_charts(standing_of(workspace, study_id))


course()
drawings()
