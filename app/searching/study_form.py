"""The form of a new study: what it starts from, what it varies, how it searches, what it costs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.access.visiting import visitor_name
from app.finetuning.form import starter_button
from app.navigation import page_path
from app.problem_views import shown_in_place
from app.searching.kept import foretold
from app.searching.space_editor import space_editor
from app.searching.space_fields import fields_of, space_values
from app.searching.starting import starting_point
from app.searching.study_fields import effective, study_fields
from app.searching.wording import forecast_words
from app.state import SearchDraft, session
from app.text import plain
from core.errors import AdaptMLLMError, ConfigError
from core.finetune.settings import FineTuneSettings
from core.search import studies
from core.search.plan import Plan, check_plan
from core.search.presets import PRESETS
from core.search.settings import StudySettings
from core.search.space import parse_space
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

NOTHING_KNOWN = (
    "No run of this model on this corpus has finished here yet, so nothing can be forecast; the "
    "study page forecasts after the first trial."
)


def study_form(workspace: Workspace, corpora: Sequence[Corpus]) -> None:
    """Shows the form of a new study, and starts it."""
    tab = session()
    draft = tab.search
    draft.name = st.text_input(
        "Name of the study",
        value=draft.name,
        key=f"search.name.{tab.study_id}",
        max_chars=studies.MAX_NAME,
        placeholder="Such as: learning rate of NLLB for English-Irish",
    )
    key = f"search.{draft.version}"
    base = starting_point(workspace, corpora, draft, key=key)
    _preset_buttons(draft)
    space_editor(draft, _known(base), key=key)
    with st.expander("How it searches", expanded=True):
        draft.study = study_fields(draft.study, key=f"{key}.study")
    plan, problem = _checked(workspace, draft, base)
    if plan is not None:
        found = foretold(plan)
        st.caption(plain(forecast_words(found) if found else NOTHING_KNOWN))
        _grid_note(plan)
    if problem:
        _problem(problem, base)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _start_button(workspace, plan, draft, problem)
        if plan is not None:
            _downloads(plan)
    if plan is not None:
        with st.expander("The same from the terminal"):
            st.code(_command(draft.name, plan), language=None, wrap_lines=True)


def _preset_buttons(draft: SearchDraft) -> None:
    """Shows the presets; a click replaces what is varied and how, and keeps where it starts."""
    st.markdown("**What to search**")
    for column, (name, preset) in zip(st.columns(len(PRESETS)), PRESETS.items(), strict=True):
        with column, st.container(border=True, height="stretch"):
            if st.button(name, key=f"search.preset.{name}", width="stretch"):
                fields = {each: fields_of(given, each) for each, given in preset.space.items()}
                draft.fill(fields, preset.study, preset.base)
                st.rerun()
            st.caption(preset.purpose)


def _known(base: dict[str, Any]) -> FineTuneSettings:
    """Gives the settings to start values from; the defaults where they contradict each other."""
    try:
        return FineTuneSettings.parse(base)
    except ConfigError:
        return FineTuneSettings()


def _checked(
    workspace: Workspace, draft: SearchDraft, base: dict[str, Any]
) -> tuple[Plan | None, str]:
    """Gives the plan, None where it cannot be read, and what prevents a start, if anything."""
    plan = None
    try:
        if not draft.varied:
            raise ConfigError(
                "Nothing is varied yet.", hint="Choose a preset, or settings under Vary."
            )
        space = parse_space({each: space_values(each, draft.fields[each]) for each in draft.varied})
        study = StudySettings.parse(effective(draft.study))
        plan = Plan(study, space, FineTuneSettings.parse(base))
        check_plan(workspace, plan)
        _check_name(workspace, draft.name)
    except AdaptMLLMError as error:
        return plan, str(error)
    return plan, ""


def _check_name(workspace: Workspace, name: str) -> None:
    name = " ".join(name.split())
    if not name:
        raise ConfigError("The study has no name.", hint="Give it one at the top of the form.")
    if name in workspace.studies.names().values():
        raise ConfigError(f"There is a study {name!r} already.", hint="Choose another name.")


def _problem(problem: str, base: dict[str, Any]) -> None:
    with st.container(border=True, key="search.problem"):
        st.badge("Cannot be started yet", icon=":material/error:", color="red")
        st.text(problem)
        if "tarter model" in problem:
            starter_button(_known(base))


def _grid_note(plan: Plan) -> None:
    if plan.study.sampler == "grid" and plan.grid_size:
        st.caption(f"The grid has {plan.grid_size:,} combinations; {plan.num_trials:,} are tried.")


def _start_button(
    workspace: Workspace, plan: Plan | None, draft: SearchDraft, problem: str
) -> None:
    pressed = st.button(
        "Start",
        type="primary",
        icon=":material/manage_search:",
        key="search.start",
        disabled=bool(problem) or plan is None,
        help=plain(problem) or "Starts a process of its own; closing this page does not end it.",
    )
    if not pressed or plan is None:
        return
    tab = session()
    with shown_in_place("The study was not started"):
        study = studies.start(workspace, draft.name, plan, study_id=tab.study_id, by=visitor_name())
        tab.renew_study_id()
        draft.name, draft.is_open = "", False
        tab.notice = f"Started {study.name}."
        st.switch_page(page_path("study"), query_params={"id": study.id})


def _downloads(plan: Plan) -> None:
    space = {name: each.as_dict() for name, each in plan.space.items()}
    files = {"settings.json": plan.base.model_dump(), "space.json": space}
    for name, values in files.items():
        st.download_button(
            name,
            json.dumps(values, indent=1, ensure_ascii=False),
            file_name=name,
            mime="application/json",
            key=f"search.{name}",
            icon=":material/download:",
            on_click="ignore",
        )


def _command(name: str, plan: Plan) -> str:
    """Gives the command that starts the same study, with the two files beside it."""
    words = ["python", "-m", "core", "search", "start", "--study", name.strip() or "NAME"]
    words += ["--settings", "settings.json", "--space", "space.json"]
    words += ["--trials", str(plan.study.num_trials)]
    default = StudySettings()
    for field, value in plan.study.model_dump().items():
        if field != "num_trials" and value != getattr(default, field):
            option = f"--{field.replace('_', '-')}"
            words += [option] if value is True else [option, str(value)]
    return shlex.join(words)
