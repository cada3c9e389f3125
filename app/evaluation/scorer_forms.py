"""The forms of scorers: which LLM judges how, which command scores what."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.access.visiting import visitor_name
from app.evaluation.choice import Choice
from app.forms import field_problems, group_fields
from app.navigation import page_path
from app.problem_views import problem, shown_in_place
from app.state import session
from app.text import counted
from core.errors import AdaptMLLMError, ConfigError
from core.evaluate.scorers import scoring_jobs
from core.evaluate.scorers.external.settings import ExternalSettings
from core.evaluate.scorers.judge.forecast import forecast
from core.evaluate.scorers.judge.prompts import prompts_of
from core.evaluate.scorers.judge.settings import JudgeSettings
from core.storage.workspace import Workspace
from core.systems.batch.budget import usd
from core.systems.catalogue import all_systems

JUDGE_FIELDS = ["mode", "uses_reference", "max_segments", "selection", "budget_usd", "weights"]
JUDGE_LIMITS = ["max_errors", "max_attempts", "sample_seed", "uses_cache", "name"]
EXTERNAL_FIELDS = ["name", "is_lower_better", "needs_reference", "limit_s", "working_folder"]
SAMPLE_COMMAND = "~/comet/bin/python ~/comet/score.py {input} {output}"


def judge_form(workspace: Workspace, choice: Choice) -> None:
    """Shows which LLM judges the chosen systems, what it costs, and the button that starts it."""
    judges = {info.id: info.name for info in all_systems(workspace) if info.is_llm}
    if not judges:
        st.info("An LLM judges over an endpoint; none is set up yet.")
        st.page_link(page_path("settings"), label="Set up an endpoint", icon=":material/settings:")
        return
    values = _judge_fields(judges)
    values["translation_sets"] = choice.settings.systems
    st.caption(
        "A judge has habits of its own, such as a liking for longer or its own translations: "
        "before its ranking, *Scores* shows how it agrees with people."
    )
    try:
        settings = scoring_jobs.check_start(workspace, JudgeSettings.parse(values))
        found = forecast(workspace, settings)
    except ConfigError as error:
        problem("Cannot be started yet", " ".join(field_problems(JudgeSettings, error)), error.hint)
        return
    except AdaptMLLMError as error:
        problem("Cannot be started yet", error.message, error.hint)
        return
    st.caption(
        f"{counted(found.num_segments, 'translation')}, {counted(found.num_calls, 'call')}, about "
        f"{usd(found.cost_usd)}; {found.num_known} were paid for before, {found.num_untranslated} "
        "have no translation."
    )
    if st.button("Start judging", type="primary", icon=":material/gavel:", key="judge.start"):
        _start(workspace, settings)


def _judge_fields(judges: dict[str, str]) -> dict[str, Any]:
    """Shows which LLM judges how; `judges` gives the names of all by id."""
    key = f"judge.{session().evaluate.scoring_id}"
    system = st.selectbox(
        "LLM",
        list(judges),
        format_func=lambda each: judges[each],
        key=f"{key}.system",
        help="Its key must be in an environment variable: one for this session does not reach "
        "the job.",
    )
    values = {"system": system} | group_fields(JudgeSettings, JUDGE_FIELDS, {}, key=key)
    with st.expander("Prompt and limits", icon=":material/edit_note:"):
        values |= group_fields(JudgeSettings, JUDGE_LIMITS, {}, key=key)
        values |= _prompt_fields(str(values["mode"]), key)
    return values


def _prompt_fields(mode: str, key: str) -> dict[str, Any]:
    """Shows the prompt; an unchanged one counts as ours, which the program may improve."""
    ours = dict(zip(("system_prompt", "prompt"), prompts_of(mode, "", ""), strict=True))
    found = {
        "system_prompt": st.text_area(
            "System message", ours["system_prompt"], key=f"{key}.system_prompt.{mode}", height=140
        ),
        "prompt": st.text_area(
            "Prompt",
            ours["prompt"],
            key=f"{key}.prompt.{mode}",
            height=260,
            help=JudgeSettings.model_fields["prompt"].description,
        ),
    }
    return {} if found == ours else found


def external_form(workspace: Workspace, choice: Choice) -> None:
    """Shows which command scores the chosen systems, and the button that starts it."""
    key = f"external.{session().evaluate.scoring_id}"
    command = st.text_input(
        "Command",
        key=f"{key}.command",
        placeholder=SAMPLE_COMMAND,
        help=ExternalSettings.model_fields["command"].description,
    )
    values: dict[str, Any] = {"command": command, "translation_sets": choice.settings.systems}
    values |= group_fields(ExternalSettings, EXTERNAL_FIELDS, {}, key=key)
    st.caption(
        "It reads JSON lines with `id`, `system`, `segment`, `source`, `hypothesis` and "
        "`references`, and writes `id` and `score` for each. It runs on this machine with your "
        "rights, in its own environment, without your keys. docs/evaluate.md has a script for "
        "COMET."
    )
    is_ready = bool(command.strip() and str(values["name"]).strip())
    if st.button(
        "Start scoring",
        type="primary",
        icon=":material/play_arrow:",
        key="external.start",
        disabled=not is_ready,
        help=None if is_ready else "Give a name and a command.",
    ):
        try:
            settings = ExternalSettings.parse(values)
        except ConfigError as error:
            said = " ".join(field_problems(ExternalSettings, error))
            problem("The scorer was not started", said, error.hint)
            return
        _start(workspace, settings)


def _start(workspace: Workspace, settings: scoring_jobs.ScorerSettings) -> None:
    draft = session().evaluate
    with shown_in_place("The scorer was not started"):
        scoring_jobs.start(workspace, settings, scoring_id=draft.scoring_id, by=visitor_name())
        draft.renew_scoring_id()
        session().notice = "The scorer is in its queue."
        st.rerun()
