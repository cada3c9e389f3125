"""The head of a study's page: how far it is, what it took, who works on it, and what is left."""

from __future__ import annotations

import socket

import streamlit as st

from app.corpora.leak_badge import leak_note
from app.emissions.badges import badge_row
from app.energy_figures import figure
from app.navigation import page_path
from app.problem_views import why_it_ended
from app.searching.kept import foretold
from app.searching.standing import Standing
from app.searching.wording import forecast_words, study_badge
from app.text import ago, counted, duration, plain
from core.emissions.amounts import co2_words, kwh_words
from core.emissions.carbon import Basis, chosen_basis
from core.emissions.stored import of_record
from core.errors import ConfigError, DataError
from core.languages import language_name
from core.search.trials import spent
from core.storage.workspace import Workspace


def subtitle(workspace: Workspace, standing: Standing) -> str:
    """Gives what is searched, how, around which run, and who wanted it; as Markdown."""
    plan, study = standing.plan, standing.study
    base = plan.base
    try:
        corpus = workspace.corpora.get(base.corpus).name
    except DataError:  # it was deleted
        corpus = "a deleted corpus"
    how = [plan.study.sampler, f"pruner {plan.study.pruner}"]
    parts = [
        "Ablation" if standing.is_ablation else " and ".join(plan.study.objective_names),
        *([plan.study.objective_names[0]] if standing.is_ablation else how),
        base.base_model,
        corpus,
        f"{language_name(base.src_lang)} → {language_name(base.tgt_lang)}",
        *([f"by {study.job.person}"] if study.job.person else []),
        ago(study.created_at),
    ]
    return " · ".join(plain(each) for each in parts)


def head(workspace: Workspace, standing: Standing) -> None:
    """Shows state, progress, leaks of what trials are scored on, costs and workers of a study."""
    _state(standing)
    total, done = standing.num_trials, standing.num_done
    st.progress(done / total, text=_progress_words(standing, done, total))
    leak_note(workspace, standing.plan.base.corpus, "dev")
    _costs(workspace, standing)
    _workers(standing)
    left = total - done
    if left > 0 and standing.state.state != "stopped":
        found = foretold(standing.plan, left)
        if found is not None:
            st.caption(plain(f"What is left: {forecast_words(found)}"))


def _state(standing: Standing) -> None:
    state, wanted = standing.state, standing.study.wanted
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        study_badge(state.state)
        if standing.is_at_work and wanted != "running":
            is_pausing = wanted == "paused"
            st.caption(
                "Pausing: the running trial saves a checkpoint."
                if is_pausing
                else "Stopping: the running trial is given up."
            )
    why_it_ended(state)


def _progress_words(standing: Standing, done: int, total: int) -> str:
    words = f"{done:,} of {counted(total, 'trial')}"
    states = [standing.state_of(each) for each in standing.trials]
    for state in ("running", "interrupted", "pruned", "failed", "waiting"):
        if number := states.count(state):
            words += f" · {number:,} {state}"
    left_s = standing.state.progress.get("seconds_left")
    if standing.state.state == "searching" and left_s and left_s > 0:
        words += f" · about {duration(left_s)} left"
    return words


def _costs(workspace: Workspace, standing: Standing) -> None:
    """Shows what the trials took together; with PUE, as the page Emissions tells it."""
    limits = standing.plan.study
    hours, kwh = spent(standing.trials)
    basis = _basis(workspace)
    with st.container(horizontal=True):
        figure(
            "Time of trials",
            duration(hours * 3600),
            f"of at most {limits.max_hours:g} h" if limits.max_hours else "no limit",
            "Of all trials together, those that failed or were pruned too.",
        )
        figure(
            "Energy",
            kwh_words(basis.facility_kwh(kwh) if basis else kwh),
            f"limit {limits.max_kwh:g} kWh without PUE" if limits.max_kwh else "no limit",
            f"What the devices took, {kwh_words(kwh)}"
            + (f", × PUE {basis.pue:g}." if basis else ": without PUE."),
        )
        if basis is not None:
            figure("CO2eq", co2_words(basis.co2_kg(kwh)).removesuffix(" CO2eq"), basis.label, "")
    energies = [of_record(each) for each in workspace.energy.of_study(standing.study.id)]
    badge_row(energies, "Energy")
    st.page_link(page_path("emissions"), label="All figures in Emissions", icon=":material/eco:")


def _basis(workspace: Workspace) -> Basis | None:
    try:
        return chosen_basis(workspace)
    except ConfigError:  # its table was removed: the settings of Emissions say so
        return None


def _workers(standing: Standing) -> None:
    """Names the workers, unless there is one on this machine, as there is most of the time."""
    here = socket.gethostname()
    hosts = [str(each.process["host"]) for each in standing.workers]
    if not hosts or hosts == [here]:
        return
    for host, worker in zip(hosts, standing.workers, strict=True):
        doing = "between two trials" if worker.trial is None else f"trial {worker.trial}"
        st.text(f"Worker on {'this machine' if host == here else host}: {doing}")
