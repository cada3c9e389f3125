"""More trials of a study: some that are drawn, or one with values chosen by hand."""

from __future__ import annotations

import streamlit as st

from app.access.visiting import visitor_name
from app.problem_views import shown_in_place
from app.searching.space_fields import named_choices, number
from app.searching.standing import Standing
from app.searching.wording import field_title, value_words
from app.text import plain
from core.search import studies
from core.search.settings import StudySettings
from core.search.space import Parameter, Value
from core.storage.workspace import Workspace

MOST = 10_000


def add_menu(workspace: Workspace, standing: Standing) -> None:
    """Offers more trials, which the sampler draws."""
    plan = standing.plan
    is_done = plan.study.sampler == "grid" and plan.num_trials >= plan.grid_size
    with st.popover(
        "Add trials …",
        icon=":material/add:",
        disabled=is_done,
        help=f"All {plan.grid_size:,} combinations of the grid are tried, or will be."
        if is_done
        else None,
        key=_key("add", standing),
    ):
        count = st.number_input("Further trials", 1, MOST, 5, key=_key("add.count", standing))
        limits = _limits(standing)
        if st.button("Add", type="primary", key="study.add.yes"):
            with shown_in_place("No trials were added"):
                studies.add_trials(workspace, standing.study.id, int(count), **limits)
                st.rerun()


def _limits(standing: Standing) -> dict[str, float]:
    """Shows the limits that the study has, which may be what ended it, and gives them."""
    found = {}
    for name in ("max_hours", "max_kwh"):
        now = float(getattr(standing.plan.study, name))
        if now:
            title = str(StudySettings.model_fields[name].title)
            key = _key(f"add.{name}", standing)
            found[name] = float(st.number_input(title, 0.0, value=now, format="%g", key=key))
    return found


def try_menu(workspace: Workspace, standing: Standing) -> None:
    """Offers one trial with values that people choose."""
    plan = standing.plan
    is_grid = plan.study.sampler == "grid"
    with st.popover(
        "Try values …",
        icon=":material/edit:",
        disabled=is_grid,
        help="A grid tries every combination; another study can try other values."
        if is_grid
        else None,
        key=_key("try", standing),
    ):
        st.caption("A trial made by hand is the next one that is taken. Empty values are drawn.")
        typed = {
            name: _field(parameter, key=_key(f"try.{name}", standing))
            for name, parameter in plan.space.items()
        }
        if st.button("Try these", type="primary", key="study.try.yes"):
            with shown_in_place("The trial was not added"):
                params = {name: _value(name, each) for name, each in typed.items() if each != ""}
                found = {name: value for name, value in params.items() if value is not None}
                studies.enqueue(workspace, standing.study.id, found, by=visitor_name())
                st.rerun()


def _field(parameter: Parameter, *, key: str) -> Value | None:
    title = field_title(parameter.name)
    if parameter.choices:
        return st.selectbox(
            title,
            parameter.choices,
            index=None,
            format_func=value_words,
            placeholder="drawn",
            key=key,
        )
    return st.text_input(
        title, key=key, placeholder="drawn", help=plain(f"From {parameter.in_words()}.")
    )


def _value(name: str, typed: Value | None) -> Value | None:
    """Reads what was typed; a choice is a value already.

    Raises:
        ConfigError: It is no number.
    """
    is_text = isinstance(typed, str) and named_choices(name) is None
    return number(name, str(typed)) if is_text else typed


def _key(name: str, standing: Standing) -> str:
    """Gives a key that changes once trials were added, so that the form starts anew."""
    waiting = sum(each.state == "waiting" for each in standing.trials)
    return f"study.{name}.{standing.plan.study.num_trials}.{waiting}"
