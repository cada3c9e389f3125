"""Side by side: one question to several systems, answered at once."""

from __future__ import annotations

import streamlit as st

from app import cache
from app.errors import shown_to_user
from app.navigation import page_path
from app.playground import columns, prompt_form, request_form
from app.state import CompareDraft, session
from core.storage.workspace import Workspace
from core.systems.board import Question
from core.systems.catalogue import all_systems
from core.systems.parameters import Parameters
from core.systems.prompt_choice import PromptChoice
from core.systems.protocol import Request, SystemInfo

INTERVAL_S = 0.3
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
    request = Request(draft.source, draft.src_lang, draft.tgt_lang, parameters)
    with st.container(horizontal=True):
        _ask_button(draft, chosen, choice, parameters)
        with st.popover("See the prompt", icon=":material/visibility:", width="content"):
            prompt_form.preview(workspace, request, choice, chosen)
    _answers(workspace)


def _ask_button(
    draft: CompareDraft, chosen: list[SystemInfo], choice: PromptChoice, parameters: Parameters
) -> None:
    missing = ""
    if not chosen:
        missing = "Choose at least one system."
    elif draft.src_lang == draft.tgt_lang:
        missing = "Source and target language are the same."
    if not st.button(
        "Translate",
        type="primary",
        icon=":material/translate:",
        key="playground.ask",
        disabled=bool(missing),
        help=missing or "All systems at once. Ctrl+Enter in the source does the same.",
        shortcut="Ctrl+Enter",
    ):
        return
    if not draft.source.strip():  # not before: Ctrl+Enter in the source field would be in vain
        st.warning("Type a source first.", icon=":material/edit:")
        return
    request = Request(draft.source, draft.src_lang, draft.tgt_lang, parameters)
    tab = session()
    questions = [Question(info, request, choice, position) for position, info in enumerate(chosen)]
    about = {"corpus": draft.corpus_id, "segment": draft.segment} if draft.corpus_id else {}
    st.query_params[ASK] = cache.board().ask(
        questions,
        ask_id=tab.ask_id,
        reference=draft.reference,
        session_keys=tab.session_keys,
        about=about,
    )
    tab.renew_ask_id()


def _answers(workspace: Workspace) -> None:
    ask_id = st.query_params.get(ASK, "")
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
                shortcut="Esc",
                help="Stops every column; what has come is kept. Esc does the same.",
            ):
                board.stop(ask_id)
            columns.columns(board.answers(ask_id), against)
            if is_live and not is_active:
                st.rerun()

    live()
