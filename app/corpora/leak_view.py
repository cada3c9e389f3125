"""Leaks: whether held-out segments stand in train, here or in another corpus, and a way out."""

from __future__ import annotations

import streamlit as st

from app.corpora.leak_badge import COLOURS, LEAK_WORDS
from app.corpora.leak_removal import removal_form
from app.corpora.leak_rows import leak_rows
from app.corpora.leak_table import pair_table
from app.corpora.starting import start_work, work_key
from app.forms import field_problems, group_fields
from app.state import set_widget, widget_value
from app.text import ago, plain
from core.corpora.leak_search import LeakSearchSettings, leaks_of, status_of
from core.corpora.leakage.settings import LeakSettings
from core.corpora.leakage.status import LeakStatus, badge_of
from core.errors import ConfigError
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

OWN = ""  # its own splits, in place of another corpus


def leak_view(workspace: Workspace, corpus: Corpus) -> None:
    """Shows what is known of leaks, looks for them again or elsewhere, and removes them."""
    names = {OWN: "Its own splits"} | {e.id: e.name for e in _others(workspace, corpus)}
    known = corpus.details.get("leakage_against", {})
    gone = {each: f"{kept['name']} (deleted)" for each, kept in known.items() if each not in names}
    against = _choice({**names, **gone}, key=f"leaks.against.{corpus.id}")
    if known:
        st.caption(plain(f"Compared so far: {_compared(corpus, {**names, **gone})}."))
    status = status_of(corpus, against)
    if status is None:
        st.info(
            "Nobody has looked for held-out segments in this comparison yet. It takes seconds for "
            "most corpora."
        )
    else:
        _known(status, is_own=against == OWN)
    if against in gone:
        st.caption(
            "That corpus was deleted since: what was found stays, and nothing more can be done."
        )
    else:
        _search_form(workspace, corpus, against, status)
    if status is not None and status.pairs:
        if against not in gone:
            removal_form(workspace, corpus, against, status)
        leak_rows(corpus, leaks_of(workspace, corpus.id, against), against, status)


def _choice(names: dict[str, str], *, key: str) -> str:
    """Shows with what the corpus can be compared and gives what was chosen, by id."""
    before = widget_value(key)
    if before is not None and before not in names:  # another tab deleted it
        set_widget(f"{key}.lost", widget_value(f"{key}.name"))
        set_widget(key, OWN)
    chosen = str(
        st.selectbox(
            "Compared with",
            list(names),
            # What is known of each stands below: a label that changes would lose the choice.
            format_func=names.__getitem__,
            key=key,
            help="Other corpora that have a language in common can be compared: a model that "
            "learnt from one of them knows the segments that stand in both.",
        )
    )
    set_widget(f"{key}.name", names[chosen])
    if chosen != OWN:
        set_widget(f"{key}.lost", "")
    elif lost := widget_value(f"{key}.lost"):
        st.caption(plain(f"{lost} was deleted: its own splits are shown instead."))
    return chosen


def _others(workspace: Workspace, corpus: Corpus) -> list[Corpus]:
    """Gives the corpora that share a language."""
    langs = {corpus.src_lang, corpus.tgt_lang}
    return [
        each
        for each in workspace.corpora.all()
        if each.id != corpus.id and langs & {each.src_lang, each.tgt_lang}
    ]


def _compared(corpus: Corpus, names: dict[str, str]) -> str:
    """Gives the other corpora that were compared, with what came of it."""
    found = [
        f"{name} ({LEAK_WORDS[badge_of(status_of(corpus, each))]})"
        for each, name in names.items()
        if each != OWN and status_of(corpus, each) is not None
    ]
    return ", ".join(found)


def _known(status: LeakStatus, *, is_own: bool) -> None:
    """Shows what was found; the sentence on a corpus's own splits stands in the page's head."""
    if not is_own:
        badge = badge_of(status)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(LEAK_WORDS[badge], icon=":material/water_drop:", color=COLOURS[badge])  # type: ignore[arg-type]
            st.caption(plain(status.sentence()))
    if not status.pairs:
        st.caption(
            "There is no dev or test split that train could know: split the corpus, then look "
            "again."
        )
        return
    pair_table(status)
    st.caption(
        plain(
            f"Looked {ago(status.checked_at)}. Near: from {status.near_threshold:.0%} of 5-grams "
            "on. 5-grams in common: the mean share of a held-out segment's 5-grams that stand "
            "anywhere in the other split."
        )
    )
    for note in dict.fromkeys(pair.note for pair in status.pairs if pair.note):
        st.caption(plain(note))
    if is_own and any(pair.num_leaking and pair.other_split == "dev" for pair in status.pairs):
        st.caption(
            "What dev and test share is learnt by no model, so that removing rows from train "
            "cannot mend it; it makes scores on the two alike. Splitting again parts them, but "
            "changes the test set."
        )


def _search_form(
    workspace: Workspace, corpus: Corpus, against: str, status: LeakStatus | None
) -> None:
    """Shows what counts as a leak, and starts a search."""
    is_new = status is None
    label = ("Compare" if against else "Look for leaks") if is_new else "Look again"
    key = f"leaks.search.{corpus.id}.{against}"
    with st.expander(f"{label} …", icon=":material/search:", expanded=is_new):
        start = {} if status is None else {"near_threshold": status.near_threshold}
        values = group_fields(LeakSettings, list(LeakSettings.model_fields), start, key=key)
        settings, missing = None, ""
        try:
            settings = LeakSettings.parse(values)
        except ConfigError as error:
            missing = " ".join(field_problems(LeakSettings, error))
            st.warning(plain(missing))
        pressed = st.button(
            label,
            type="primary" if is_new else "secondary",
            icon=":material/search:",
            key=work_key("leaks.search.go"),
            disabled=bool(missing),
            help=plain(missing) or "Starts a job; what is known now stays until it has ended.",
        )
        if pressed and settings is not None:
            wanted = LeakSearchSettings(corpus=corpus.id, against=against, leaks=settings)
            start_work(workspace, "leakage", wanted, refusal="The search was not started")
