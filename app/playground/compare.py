"""Side by side: one question to several systems, answered at once."""

from __future__ import annotations

import time

import streamlit as st

from app import cache
from app.errors import shown_to_user
from app.navigation import page_path
from app.playground import columns, prompt_form, request_form
from app.state import CompareDraft, session
from core.storage.workspace import Workspace
from core.systems.board import Question
from core.systems.catalogue import all_systems
from core.systems.prompt_choice import PromptChoice
from core.systems.protocol import Request, SystemInfo

INTERVAL_S = 0.3
HASTY_S = 1.0  # the same question within this time is a second click
ASK = "ask"


def compare(workspace: Workspace) -> None:
    """Shows the fields, the button that asks, and the answers of the last question."""
    systems = all_systems(workspace)
    if not systems:
        st.info("There is no system yet: fine-tune a model, or set up an endpoint.")
        st.page_link(page_path("finetune"), label="Fine-tune a model", icon=":material/tune:")
        st.page_link(page_path("settings"), label="Set up an endpoint", icon=":material/settings:")
        return
    draft = request_form.first_draft(workspace, systems, st.query_params.get(ASK, ""))
    request_form.direction_row(draft)
    request_form.text_row(workspace, draft)
    chosen = request_form.system_select(draft, systems)
    with st.expander("Prompt", icon=":material/edit_note:", key="playground.prompt"):
        choice = prompt_form.prompt_form(workspace, systems, key="playground.prompt")
    with st.expander("Parameters", icon=":material/tune:", key="playground.parameters"):
        parameters = prompt_form.parameter_form(key="playground.parameters")
    prompt_form.chosen_words(choice, parameters)
    request = Request(draft.source, draft.src_lang, draft.tgt_lang, parameters)
    with st.container(horizontal=True):
        is_asked = _is_asked(draft, chosen)
        with st.popover("See the prompt", icon=":material/visibility:", width="content"):
            prompt_form.preview(workspace, request, choice, chosen)
    if is_asked and not draft.source.strip():  # Ctrl+Enter in the source field would be in vain
        st.warning("Type a source first.", icon=":material/edit:")
    elif is_asked:
        _ask(draft, request, choice, chosen)
    _answers(workspace, draft)


def _is_asked(draft: CompareDraft, chosen: list[SystemInfo]) -> bool:
    missing = ""
    if not chosen:
        missing = "Choose at least one system."
    elif draft.src_lang == draft.tgt_lang:
        missing = "Source and target language are the same."
    return st.button(
        "Translate",
        type="primary",
        icon=":material/translate:",
        key="playground.ask",
        disabled=bool(missing),
        help=missing or "All systems at once. Ctrl+Enter in the source does the same.",
        shortcut="Ctrl+Enter",
    )


def _ask(
    draft: CompareDraft, request: Request, choice: PromptChoice, chosen: list[SystemInfo]
) -> None:
    """Asks all systems; the same once more while they answer is a second click."""
    tab, board = session(), cache.board()
    questions = [Question(info, request, choice, position) for position, info in enumerate(chosen)]
    question = (questions, draft.reference)
    is_live = board.is_active(draft.shown_ask_id)
    is_hasty = time.monotonic() - draft.asked_at_s < HASTY_S
    if question == draft.last_question and (is_live or is_hasty):
        return
    if is_live:  # nobody could see or stop it any more
        board.stop(draft.shown_ask_id)
    draft.last_question, draft.asked_at_s = question, time.monotonic()
    about = {"corpus": draft.corpus_id, "segment": draft.segment} if draft.corpus_id else {}
    st.query_params[ASK] = board.ask(
        questions,
        ask_id=tab.ask_id,
        reference=draft.reference,
        session_keys=tab.session_keys,
        about=about,
    )
    tab.renew_ask_id()


def _answers(workspace: Workspace, draft: CompareDraft) -> None:
    ask_id = st.query_params.get(ASK, "") or draft.shown_ask_id  # the latter after a way round
    if ask_id:
        st.query_params[ASK] = draft.shown_ask_id = ask_id
    board = cache.board()
    answers = board.answers(ask_id) if ask_id else []
    if not answers:
        st.info("Choose systems, type a text, and see all answers side by side.")
        return
    is_live = board.is_active(ask_id)
    against = columns.against_select(answers)

    @st.fragment(run_every=INTERVAL_S if is_live else None)
    def live() -> None:
        with shown_to_user():
            is_active = board.is_active(ask_id)
            if is_active and st.button(
                "Stop all",
                icon=":material/stop_circle:",
                key="playground.stop",
                shortcut="Ctrl+Alt+S",  # not Esc, which also closes lists
                help="Stops every column; what has come is kept.",
            ):
                board.stop(ask_id)
            columns.columns(board.answers(ask_id), against)
            if is_live and not is_active:
                st.rerun()

    live()
