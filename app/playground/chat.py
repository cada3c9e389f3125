"""Chat: a conversation with an LLM, in one language or through a translator."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import cache
from app.components.answer_text import answer_text
from app.errors import shown_to_user
from app.forms import language_select
from app.navigation import page_path
from app.playground.columns import figure_words
from app.playground.deletion import confirm_deletion
from app.playground.prompt_form import parameter_form
from app.problem_views import problem
from app.state import session
from core.errors import AdaptMLLMError, ConfigError
from core.storage.answer_records import AnswerRecord
from core.storage.workspace import Workspace
from core.systems.catalogue import all_systems
from core.systems.conversation import ChatSettings, exported, next_turn, settings_of
from core.systems.parameters import Parameters
from core.systems.protocol import SystemInfo

INTERVAL_S = 0.3
SHOWN_CHATS = 30
CHAT = "chat"


def chat(workspace: Workspace) -> None:
    """Shows the conversation that was chosen, and the field of the next message."""
    systems = all_systems(workspace)
    if not any(info.is_llm for info in systems):
        st.info("A chat needs an LLM: set up an OpenAI-compatible endpoint.")
        st.page_link(page_path("settings"), label="Set up an endpoint", icon=":material/settings:")
        return
    chat_id = _chosen_chat(workspace)
    turns = cache.board().answers(chat_id) if chat_id else []
    info, settings = _settings_form(systems, turns)
    _turns(chat_id, turns)
    if info is not None:
        with st.popover("Parameters", icon=":material/tune:"):
            parameters = parameter_form(key="chat.parameters")
        _message_field(info, settings, turns, parameters)


def _chosen_chat(workspace: Workspace) -> str:
    """Shows which conversation is looked at, and lets a new one begin."""
    chats = {each.ask_id: each for each in workspace.answers.asks("chat", limit=SHOWN_CHATS)}
    current = st.query_params.get(CHAT, "")
    options = ["", *chats]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Conversation",
            options,
            index=options.index(current) if current in options else 0,
            format_func=lambda each: _title(chats[each]) if each else "A new conversation",
            key=f"chat.chosen.{current}.{len(chats)}",
        )
        if chosen:
            turns = workspace.answers.of_ask(chosen)
            st.download_button(
                "Export",
                exported(turns),
                file_name=f"chat-{chosen[:8]}.jsonl",
                mime="application/jsonl",
                icon=":material/download:",
                key="chat.export",
            )
            if st.button("Delete", icon=":material/delete:", key="chat.delete"):
                confirm_deletion(workspace, turns)
    if chosen != current:
        st.query_params[CHAT] = chosen
        st.rerun()
    return str(chosen)


def _title(first: AnswerRecord) -> str:
    words = " ".join(first.source.split())
    return f"{words[:60]} · {first.system_name} · {first.asked_at[:16].replace('T', ' ')}"


def _settings_form(
    systems: Sequence[SystemInfo], turns: Sequence[AnswerRecord]
) -> tuple[SystemInfo | None, ChatSettings]:
    """Shows how the conversation is led; one that has begun goes on as it is."""
    known = {info.id: info for info in systems}
    if turns:
        settings, info = settings_of(turns[0]), known.get(turns[0].system_id)
        if info is None:
            st.caption("The system of this conversation was deleted; it can only be read.")
        return info, settings
    llms = [info.id for info in systems if info.is_llm]
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        chosen = st.selectbox(
            "LLM", llms, format_func=lambda each: known[each].name, key="chat.llm"
        )
    with right:
        is_bilingual = st.toggle(
            "In two languages",
            key="chat.bilingual",
            help="You write your language and the LLM its own; an MT system translates both.",
        )
    prompt = st.text_area(
        "System prompt (optional)", key="chat.system", height=68, placeholder="You are …"
    )
    values = {"system_prompt": prompt}
    if is_bilingual:
        values |= _bilingual_fields([info for info in systems if info.id != chosen])
    return known[chosen], ChatSettings.parse(values)


def _bilingual_fields(translators: Sequence[SystemInfo]) -> dict[str, str]:
    names = {info.id: info.name for info in translators}
    columns = st.columns(3)
    with columns[0]:
        user_lang = language_select("You write", "gle_Latn", key="chat.user")
    with columns[1]:
        llm_lang = language_select("The LLM writes", "eng_Latn", key="chat.llm_lang")
    with columns[2]:
        translator = st.selectbox(
            "Translator",
            list(names),
            format_func=lambda each: names[each],
            key="chat.translator",
            help="It must know both directions: a base model does, a fine-tuned one only its own.",
        )
    return {"translator": translator or "", "user_lang": user_lang, "llm_lang": llm_lang}


def _turns(chat_id: str, turns: Sequence[AnswerRecord]) -> None:
    if not chat_id:
        return
    board = cache.board()
    is_live = board.is_active(chat_id)

    @st.fragment(run_every=INTERVAL_S if is_live else None)
    def live() -> None:
        with shown_to_user():
            for turn in board.answers(chat_id):
                _turn(turn)
            is_active = board.is_active(chat_id)
            if is_active and st.button(
                "Stop", icon=":material/stop:", key="chat.stop", shortcut="Ctrl+Alt+S"
            ):
                board.stop(chat_id)
            if is_live and not is_active:
                st.rerun()

    live()


def _turn(turn: AnswerRecord) -> None:
    settings = settings_of(turn)
    with st.chat_message("user"):
        answer_text(turn.source, key=f"message-{turn.id}", lang=settings.user_lang)
    with st.chat_message("assistant"):
        for stage in turn.stages:
            st.caption(stage["name"][:1].upper() + stage["name"][1:])
            answer_text(
                stage["text"], key=f"stage-{turn.id}-{stage['name']}", lang=settings.llm_lang
            )
        if turn.stages:
            st.caption("The answer, translated")
        note = cache.board().note(turn.ask_id, turn.position)
        placeholder = note or ("…" if not turn.has_ended else "No text came.")
        answer_text(
            turn.text, key=f"turn-{turn.id}", lang=settings.user_lang, placeholder=placeholder
        )
        if turn.failure:
            st.text(turn.failure)
        if turn.has_ended:
            st.caption(" · ".join(figure_words(turn.figures, turn.finish_reason)))


def _message_field(
    info: SystemInfo,
    settings: ChatSettings,
    turns: Sequence[AnswerRecord],
    parameters: Parameters,
) -> None:
    tab, board = session(), cache.board()
    chat_id = turns[0].ask_id if turns else tab.turn_id
    is_busy = board.is_active(chat_id)
    message = st.chat_input(
        "Wait for the answer, or stop it" if is_busy else f"Write to {info.name}",
        key=f"chat.message.{chat_id}",
        max_chars=20_000,
    )
    if not message or not message.strip():
        return
    try:
        if is_busy:
            raise ConfigError(
                "The answer before it is still coming, perhaps in another tab.",
                hint="Wait for it, or stop it; then send the message again.",
            )
        question = next_turn(info, settings, turns, message, parameters)
        board.ask(
            [question],
            purpose="chat",
            ask_id=chat_id,
            session_keys=tab.session_keys,
            about={"chat": settings.model_dump(exclude_defaults=True)},
        )
    except AdaptMLLMError as error:
        problem("The message was not sent", error.message, error.hint)
        st.code(message, language=None, wrap_lines=True)  # it is gone from the field
        return
    if not turns:
        tab.renew_turn_id()
    st.query_params[CHAT] = chat_id
    st.rerun()
