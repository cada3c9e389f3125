"""Arena: two answers to one source, judged without knowing whose they are; ratings of the votes."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import cache
from app.components.answer_text import answer_text
from app.errors import shown_to_user
from app.forms import language_select
from app.navigation import page_path
from app.playground.standings import standings_view
from app.problem_views import shown_in_place
from app.state import session, widget_value
from core.errors import AdaptMLLMError
from core.storage.answer_records import AnswerRecord
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace
from core.systems.arena import duels
from core.systems.catalogue import all_systems
from core.systems.parameters import Parameters
from core.systems.prompt_choice import PromptChoice
from core.systems.protocol import SystemInfo

INTERVAL_S = 0.4
MAX_CHARACTERS = 20_000
FIRST_CHOICE = 6
DUEL = "duel"
RATER, UNACCEPTABLE = "arena.rater", "arena.unacceptable"


def arena(workspace: Workspace) -> None:
    """Shows the present pair with the vote, and below it what the votes say."""
    systems = all_systems(workspace)
    corpora = [corpus for corpus in workspace.corpora.all() if corpus.num_test or corpus.num_dev]
    if len(systems) < 2:
        st.info("The arena needs two systems: fine-tune a model, or set up an endpoint.")
        st.page_link(page_path("settings"), label="Set up an endpoint", icon=":material/settings:")
        return
    chosen, corpus, rater = _setup(workspace, systems, corpora)
    origin = corpus if corpus is not None else _own_text()
    duel_id = st.query_params.get(DUEL, "")
    answers = cache.board().answers(duel_id) if duel_id else []
    if len(answers) == 2:
        _duel(workspace, answers)
    _next_button(workspace, chosen, origin, rater, is_first=not answers)
    standings_view(workspace)


def _setup(
    workspace: Workspace, systems: Sequence[SystemInfo], corpora: Sequence[Corpus]
) -> tuple[list[str], Corpus | None, str]:
    names = {info.id: info.name for info in systems}
    chosen = st.multiselect(
        "Systems",
        list(names),
        default=_first_choice(workspace, systems),
        format_func=lambda each: names[each],
        key="arena.systems",
        persist_state="session",
        wrap=True,
        help="Pairs of these are compared; the pair with the fewest votes comes first.",
    )
    left, right = st.columns(2)
    with left:
        corpus = st.selectbox(
            "Segments from",
            [*corpora, None],
            format_func=lambda each: each.name if each is not None else "a text of my own",
            key="arena.corpus",
            help="Test segments, in the corpus's direction.",
        )
    with right:
        rater = st.text_input(
            "Who judges (optional)", key=RATER, persist_state="session", max_chars=200
        )
    return chosen, corpus, rater or ""


def _first_choice(workspace: Workspace, systems: Sequence[SystemInfo]) -> list[str]:
    """Gives the systems of the last pair, also after a reload; at first none that costs money."""
    known = {info.id for info in systems}
    found = duels.last_pool(workspace, st.query_params.get(DUEL, ""))
    chosen = [each for each in found if each in known]
    if len(chosen) > 1:
        return chosen
    return [info.id for info in systems if info.kind == "model"][:FIRST_CHOICE]


def _own_text() -> duels.OwnText:
    """Shows the fields of a text that comes from no corpus."""
    left, right = st.columns(2)
    with left:
        src_lang = language_select("From", "eng_Latn", key="arena.src")
    with right:
        tgt_lang = language_select("Into", "gle_Latn", key="arena.tgt")
    with st.container(key="bidi-arena-own"):
        source = st.text_area("Text", key="arena.text", max_chars=MAX_CHARACTERS)
    return duels.OwnText(source, src_lang, tgt_lang)


def _next_button(
    workspace: Workspace,
    chosen: list[str],
    origin: Corpus | duels.OwnText,
    rater: str,
    *,
    is_first: bool,
) -> None:
    missing = "" if len(chosen) > 1 else "Choose at least two systems."
    if not st.button(
        "First pair" if is_first else "Next pair",
        icon=":material/skip_next:",
        type="primary" if is_first else "secondary",
        key="arena.next",
        disabled=bool(missing),
        help=missing or None,
        shortcut="n",
    ):
        return
    tab = session()
    with shown_in_place():
        task = duels.next_task(workspace, chosen, origin, rater, seed=tab.duel_id)
        duels.begin(
            cache.board(),
            workspace,
            task,
            ask_id=tab.duel_id,
            choice=PromptChoice(),
            parameters=Parameters(),
            session_keys=tab.session_keys,
        )
        st.query_params[DUEL] = tab.duel_id
        tab.renew_duel_id()
        st.rerun()


def _duel(workspace: Workspace, answers: Sequence[AnswerRecord]) -> None:
    board, duel_id = cache.board(), answers[0].ask_id
    with st.container(border=True, key="bidi-arena-source"):
        st.caption("Source")
        answer_text(answers[0].source, key=f"duel-source-{duel_id}", lang=answers[0].src_lang)
    if not board.is_active(duel_id):
        _sides(workspace, board.answers(duel_id))
        return

    @st.fragment(run_every=INTERVAL_S)
    def live() -> None:
        with shown_to_user():
            if not board.is_active(duel_id):
                st.rerun()
            # Who is slower would tell who it is, so both are shown together.
            st.info("Both systems are asked; the answers appear together.")
            st.button(
                "Stop", icon=":material/stop:", key="arena.stop", on_click=board.stop,
                args=(duel_id,),
            )  # fmt: skip

    live()


def _sides(workspace: Workspace, answers: Sequence[AnswerRecord]) -> None:
    vote = workspace.votes.of_ask(answers[0].ask_id)
    reason = "" if vote else duels.why_not(workspace, answers)
    for label, place, answer in zip("AB", st.columns(2), duels.sides(answers), strict=True):
        with place, st.container(border=True):
            is_named = vote is not None or bool(reason)
            st.text(f"{label} · {answer.system_name}" if is_named else label)
            answer_text(
                answer.text,
                key=f"duel-{answer.id}",
                lang=answer.tgt_lang,
                placeholder="No text came.",
            )
            if is_named and answer.failure:
                st.text(answer.failure)
    if answers[0].reference and vote is not None:
        st.caption("Reference")
        answer_text(
            answers[0].reference,
            key=f"duel-ref-{answers[0].ask_id}",
            lang=answers[0].tgt_lang,
        )
    if vote is not None:
        _voted(workspace, answers)
    elif reason:
        st.info(reason)
    else:
        _vote_buttons(workspace, answers)


def _vote_buttons(workspace: Workspace, answers: Sequence[AnswerRecord]) -> None:
    duel_id = answers[0].ask_id
    st.toggle(
        "Both are unacceptable",
        key=f"{UNACCEPTABLE}.{duel_id}",
        help="A judgement of its own: one of two unacceptable answers may still be the better one.",
    )
    choices: tuple[tuple[str, duels.Choice, str], ...] = (
        ("A is better", "left", "1"),
        ("B is better", "right", "2"),
        ("Tie", "tie", "3"),
    )
    with st.container(horizontal=True):
        for label, choice, key in choices:
            st.button(
                label,
                key=f"arena.vote.{choice}.{duel_id}",
                shortcut=key,
                on_click=_vote,
                args=(workspace, answers, choice),
            )


def _vote(workspace: Workspace, answers: Sequence[AnswerRecord], choice: duels.Choice) -> None:
    """Stores a vote before the page is drawn: another tab may have judged the pair meanwhile."""
    tab, duel_id = session(), answers[0].ask_id
    try:
        is_counted = duels.vote(
            workspace,
            answers,
            choice,
            are_both_unacceptable=bool(widget_value(f"{UNACCEPTABLE}.{duel_id}")),
            rater=widget_value(RATER) or "",
        )
    except AdaptMLLMError:  # the page, which is drawn next, says why there is no vote
        return
    if is_counted:
        tab.own_vote = duel_id
    elif tab.own_vote != duel_id:  # else a double click
        tab.late_vote = duel_id


def _voted(workspace: Workspace, answers: Sequence[AnswerRecord]) -> None:
    duel_id = answers[0].ask_id
    if session().late_vote == duel_id:
        st.warning(
            "This pair was judged already elsewhere, such as in another tab. That vote counts; "
            "yours was not added.",
            icon=":material/tab:",
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge("vote saved", color="green", icon=":material/how_to_vote:")
        if st.button("Undo", icon=":material/undo:", key="arena.undo"):
            workspace.votes.withdraw(duel_id)
            session().own_vote = session().late_vote = ""
            st.rerun()
