"""How metrics agree with people, compared once for each evaluation and each file of ratings."""

from __future__ import annotations

import streamlit as st

from core.evaluate.evaluating import Evaluated
from core.evaluate.people.ratings import (
    MetricAgreement,
    PeopleResult,
    Ratings,
    compare_with_people,
    stored_ratings,
)
from core.storage.scoring_records import Scoring
from core.storage.workspace import Workspace

KEPT = 6


def ratings_of(workspace: Workspace, found: Evaluated, scoring: Scoring) -> Ratings:
    """Gives the stored ratings of the systems that are compared."""
    ids = [each.set_id for each in found.result.scored]
    return stored_ratings(workspace, scoring, ids, found.texts.num_segments)


def compared_with_people(workspace: Workspace, found: Evaluated, scoring: Scoring) -> PeopleResult:
    """Gives how every metric agrees with the people of a scoring."""
    ratings = ratings_of(workspace, found, scoring)
    # Ratings of a campaign may be taken again: the same scoring, made later.
    of_scoring = scoring.id, scoring.created_at
    return _compared(found.result.made_at, of_scoring, found.result.seed, found, ratings)


@st.cache_data(max_entries=KEPT, show_spinner="Comparing metrics with people …")
def _compared(
    made_at: str, of_scoring: tuple[str, str], seed: int, _found: Evaluated, _ratings: Ratings
) -> PeopleResult:
    return compare_with_people(_found, _ratings, seed=seed)


def agreement_words(agreement: MetricAgreement) -> str:
    """Gives the statistics of single segments in words, with their intervals."""
    parts = []
    for each in agreement.found.segments:
        if each.value is None:
            parts.append(f"{each.name} undefined")
        elif each.low is None or each.high is None:
            parts.append(f"{each.name} {each.value:.2f}")
        else:
            parts.append(f"{each.name} {each.value:.2f} [{each.low:.2f}, {each.high:.2f}]")
    return f"{'; '.join(parts)}, on {agreement.found.num_segments} segments."
