"""The dialog that starts an ablation around a finished run."""

from __future__ import annotations

import streamlit as st

from app.access.visiting import visitor_name
from app.errors import shown_to_user
from app.navigation import page_path
from app.searching.kept import foretold
from app.searching.space_fields import VALUES, fields_of, named_choices, space_values
from app.searching.wording import field_title, forecast_words, value_words
from app.state import session
from app.text import counted, plain
from core.errors import AdaptMLLMError, ConfigError
from core.finetune.settings import FineTuneSettings
from core.search.ablation import (
    MAX_SEEDS,
    Ablation,
    default_values,
    factors_of,
    plan_ablation,
    start_ablation,
)
from core.search.space import Value
from core.storage.run_records import Run
from core.storage.workspace import Workspace

FIRST_FACTORS = ("learning_rate", "weight_decay")


@st.dialog("Ablate this run", width="large")
def ablate(workspace: Workspace, run: Run) -> None:
    """Asks for factors, values and seeds, says what it will take, and starts it."""
    with shown_to_user():
        st.text(run.name)
        st.write(
            "One setting at a time is changed, all others stay as they were in this run. Each "
            "value is tried with several seeds, so that an effect can be told from chance."
        )
        typed, num_seeds = _fields(FineTuneSettings.parse(run.settings))
        problem = ""
        factors: dict[str, list[Value]] = {}
        try:
            factors = {name: _read(name, each) for name, each in typed.items()}
            _say(plan_ablation(workspace, run.id, factors, num_seeds))
        except AdaptMLLMError as error:
            problem = str(error)
            st.text(problem)
        if st.button(
            "Start",
            type="primary",
            icon=":material/science:",
            key="ablate.start",
            disabled=bool(problem),
            help=plain(problem) or None,
        ):
            _start(workspace, run, factors, num_seeds)


def _fields(settings: FineTuneSettings) -> tuple[dict[str, list[str] | str], int]:
    offered = factors_of(settings)
    factors = st.multiselect(
        "Factors",
        offered,
        default=[each for each in FIRST_FACTORS if each in offered],
        format_func=field_title,
        key="ablate.factors",
        wrap=True,
    )
    typed = {name: _values(name, settings) for name in factors}
    num_seeds = st.number_input(
        "Seeds",
        1,
        MAX_SEEDS,
        2,
        key="ablate.seeds",
        help="Each value is tried so often. With one seed there are no intervals.",
    )
    return typed, int(num_seeds)


def _values(name: str, settings: FineTuneSettings) -> list[str] | str:
    own = getattr(settings, name)
    title = f"{field_title(name)} · {value_words(own)} in the run"
    others = default_values(settings, name)
    if named := named_choices(name):
        return st.multiselect(
            title, [each for each in named if each != own], default=others, key=f"ablate.{name}"
        )
    first = fields_of({"choices": others}, name)["values"]
    return st.text_input(
        title, value=first, key=f"ablate.{name}", help="Values to try instead, by commas."
    )


def _read(name: str, typed: list[str] | str) -> list[Value]:
    values: list[Value] = space_values(name, {"kind": VALUES, "values": typed})["choices"]
    if not values:
        raise ConfigError(
            f"{field_title(name)} has no other value to try.", hint="Give one, or leave it out."
        )
    return values


def _say(planned: Ablation) -> None:
    count = len(planned.trials)
    st.caption(f"It takes {counted(count, 'run')}; the run itself is the first trial.")
    found = foretold(planned.plan, count)
    if found is not None:
        st.caption(plain(forecast_words(found)))


def _start(workspace: Workspace, run: Run, factors: dict[str, list[Value]], num_seeds: int) -> None:
    tab = session()
    study = start_ablation(
        workspace,
        run.id,
        factors,
        num_seeds=num_seeds,
        name="",
        study_id=tab.study_id,
        by=visitor_name(),
    )
    tab.renew_study_id()
    tab.notice = f"Started {study.name}."
    st.switch_page(page_path("study"), query_params={"id": study.id})
