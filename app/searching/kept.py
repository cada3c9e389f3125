"""What the pages of studies keep between reruns, all of it bounded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from app import cache
from app.searching.chart_looks import dressed
from core.search.forecast import Forecast, forecast
from core.search.plan import Plan
from core.search.trials import Trial, read_trials
from core.storage.study_records import Study

SHORT_S = 15
LONG_S = 120


def trials_of(study: Study) -> Sequence[Trial]:
    """Gives the trials of a study for a list; of one that has ended they are read once."""
    if not study.job.has_ended:
        return read_trials(cache.workspace(), study)
    stamp = repr((study.job.state, study.job.ended_at, study.wanted, study.settings["study"]))
    return _trials(str(cache.workspace().root), study.id, stamp)


@st.cache_resource(max_entries=256, ttl=LONG_S, show_spinner=False)
def _trials(root: str, study_id: str, stamp: str) -> Sequence[Trial]:
    del root, stamp
    workspace = cache.workspace()
    return tuple(read_trials(workspace, workspace.studies.get(study_id)))


def foretold(plan: Plan, num_trials: int | None = None) -> Forecast | None:
    """Gives what a study will take; the form asks again at every change of a field."""
    values = json.dumps(plan.as_dict(), sort_keys=True)
    return _foretold(str(cache.workspace().root), values, num_trials)


@st.cache_data(max_entries=64, ttl=SHORT_S, show_spinner=False)
def _foretold(root: str, values: str, num_trials: int | None) -> Forecast | None:
    del root
    return forecast(cache.workspace(), Plan.parse(json.loads(values)), num_trials=num_trials)


def figure(study: Study, name: str, params: Sequence[str], stamp: str) -> Any:
    """Gives a chart of a study; drawn anew when its trials have changed.

    Args:
        study: The study.
        name: One of the names of `core.search.charts`.
        params: The parameters that it shows.
        stamp: Changes whenever the trials do.

    Raises:
        DataError: There is nothing to show yet.
    """
    return _figure(str(cache.workspace().root), study.id, name, tuple(params), stamp)


@st.cache_resource(max_entries=32, show_spinner="Drawing …")
def _figure(root: str, study_id: str, name: str, params: tuple[str, ...], stamp: str) -> Any:
    from core.search import charts

    del root, stamp
    workspace = cache.workspace()
    study = workspace.studies.get(study_id)
    return dressed(charts.figure(workspace, study, name, params=params), name)


def trial_number(study_id: str, run_id: str) -> int | None:
    """Gives the number of the trial that a run is; None where its study has none of it."""
    return _trial_number(str(cache.workspace().root), study_id, run_id)


@st.cache_data(max_entries=512, ttl=LONG_S, show_spinner=False)
def _trial_number(root: str, study_id: str, run_id: str) -> int | None:
    del root
    workspace = cache.workspace()
    trials = read_trials(workspace, workspace.studies.get(study_id))
    return next((each.number for each in trials if each.run_id == run_id), None)
