"""Adjudication: both raters' marks over one text; accept, merge or change them, and it is gold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from app.access.visiting import visitor
from app.components.answer_text import answer_text
from app.judging.adjudication_editor import gold_editor
from app.judging.marked_text import marked_text
from app.judging.overlay import ShownMark, marks_of
from app.state import session
from app.text import counted, plain
from core.annotate.adjudicating import (
    MarkGroup,
    RaterMark,
    accepted,
    decide,
    groups,
    judged_outputs,
    merged,
    proposed,
)
from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.storage.workspace import Workspace

MARKING = ("mqm", "esa")
Place = tuple[int, int]


def adjudication_view(workspace: Workspace, data: CampaignData) -> None:
    """Shows what two or more raters judged, one output at a time, and what was decided."""
    outputs = judged_outputs(data) if data.protocol != "ranking" else {}
    if not outputs:
        st.info(
            "Nothing to decide yet: an output comes here once two raters have finished it. "
            "Rankings are not adjudicated."
        )
        return
    decided = sum(place in data.gold for place in outputs)
    st.progress(decided / len(outputs), text=f"{decided} of {len(outputs)} decided")
    place = _chosen_place(data, outputs)
    items = outputs[place]
    text = data.shown_text(items[0], items[0].systems.index(place[1]))
    _given(data, place, items, text)
    with st.container(border=True):
        _raters_marks(workspace, data, place, items, text)
    gold_editor(workspace, data, place, items, text)


def _chosen_place(data: CampaignData, outputs: dict[Place, list[JudgedItem]]) -> Place:
    """Gives the output that is looked at; those that are open and differ most come first."""
    order = sorted(outputs, key=lambda place: (place in data.gold, -_num_open(outputs, place)))
    names = {place: _name(data, place) + " ✓" * (place in data.gold) for place in order}
    asked = session().gold_place
    chosen: Place = st.selectbox(
        "Translation",
        order,
        index=order.index(asked) if asked in order else 0,
        format_func=lambda place: names[place],
        key=f"adjudicate.place.{data.campaign_id}.{session().gold_version}",
        help="Those that raters judged most differently come first, decided ones last.",
    )
    return chosen


def _num_open(outputs: dict[Place, list[JudgedItem]], place: Place) -> int:
    return sum(not group.is_agreed for group in groups(outputs[place], place[1]))


def _name(data: CampaignData, place: Place) -> str:
    segment = data.segments[place[0]]
    label = segment.label or str(place[0] + 1)
    where = f" of {segment.document}" if segment.document else ""
    return f"{label}{where} · {data.systems[place[1]].name}"


def _given(data: CampaignData, place: Place, items: Sequence[JudgedItem], text: str) -> None:
    segment = data.segments[place[0]]
    if place in data.gold:
        st.badge("decided", color="green")
    st.caption("Source")
    source_marks = _marks(items, place[1], segment.source, "source")
    if source_marks:
        key = f"adjudicate.source.{place}"
        marked_text(segment.source, source_marks, key=key, lang=data.src_lang)
    else:
        answer_text(segment.source, key=f"adjudicate.plain.{place}", lang=data.src_lang)
    st.caption("Translation, with the marks of all raters")
    marks = _marks(items, place[1], text, "target")
    marked_text(text, marks, key=f"adjudicate.text.{place}", lang=data.tgt_lang)


def _marks(items: Sequence[JudgedItem], system: int, text: str, side: str) -> list[ShownMark]:
    return [
        mark
        for item in items
        for mark in marks_of(
            item.annotation,
            item.rater,
            text,
            side="source" if side == "source" else "target",
            output=item.systems.index(system),
        )
    ]


def _raters_marks(
    workspace: Workspace,
    data: CampaignData,
    place: Place,
    items: Sequence[JudgedItem],
    text: str,
) -> None:
    """Lists what may be one error together, each with what can be done with it."""
    found = groups(items, place[1])
    scores = [
        f"{item.rater}: {item.annotation.score:g}"
        for item in items
        if item.annotation.score is not None
    ]
    if scores:
        st.text("Scores: " + " · ".join(scores))
    if not found:
        st.caption("No rater marked an error here.")
    for number, group in enumerate(found):
        _group_row(workspace, data, place, group, number, text)
    with st.container(horizontal=True):
        if st.button(
            "Take what raters agree on",
            key=f"adjudicate.proposed.{place}",
            help="Overlapping marks merged, with the gravest severity; marks of a single rater "
            "left out; the mean of the scores.",
        ):
            source = data.segments[place[0]].source
            _store(workspace, data, place, proposed(items, place[1], text, source))
        if place in data.gold and st.button("Take back", key=f"adjudicate.back.{place}"):
            workspace.ratings.delete_gold(data.campaign_id, *place)
            session().gold_version += 1
            session().gold_place = place
            st.rerun()


def _group_row(
    workspace: Workspace,
    data: CampaignData,
    place: Place,
    group: MarkGroup,
    number: int,
    text: str,
) -> None:
    key = f"adjudicate.{place}.{number}"
    agreed = "agreed" if group.is_agreed else counted(len(group.raters), "rater")
    st.caption(f"Error {number + 1} · {agreed}")
    st.text("\n".join(_mark_words(each) for each in group.marks))
    with st.container(horizontal=True):
        for at, each in enumerate(group.marks):
            if st.button(
                f"Accept {plain(each.rater)}",
                key=f"{key}.accept.{at}",
                disabled=_is_taken(data, place, each),
                help="It is gold already." if _is_taken(data, place, each) else None,
            ):
                _add(workspace, data, place, accepted(each))
        if len(group.marks) > 1 and st.button("Merge into one", key=f"{key}.merge"):
            is_source = group.marks[0].mark.side == "source"
            whole = data.segments[place[0]].source if is_source else text
            _add(workspace, data, place, merged(group.marks, whole))


def _mark_words(each: RaterMark) -> str:
    mark = each.mark
    kind = " · ".join(part for part in (mark.severity, mark.category) if part)
    # Isolated, so that a quote from right to left leaves the rest in order.
    quote = f"\u2068{mark.quote}\u2069"
    note = f" ({mark.note})" if mark.note else ""
    return f"{each.rater}: “{quote}” {kind}{note}"


def _is_taken(data: CampaignData, place: Place, each: RaterMark) -> bool:
    gold = data.gold.get(place)
    ids = {
        (str(source["rater"]), str(source["mark"]))
        for mark in (gold.marks if gold else ())
        for source in mark.origin.get("from", ())
    }
    return (each.rater, each.mark.id) in ids


def _add(workspace: Workspace, data: CampaignData, place: Place, mark: Mark) -> None:
    """Adds a mark to the gold of an output; a merged one replaces those that it came from."""
    gold = data.gold.get(place, Annotation())
    new = {(each["rater"], each["mark"]) for each in mark.origin["from"]}
    kept = [
        each
        for each in gold.marks
        if not {(one["rater"], one["mark"]) for one in each.origin.get("from", ())} & new
    ]
    _store(workspace, data, place, replace(gold, marks=(*kept, mark)))


def _store(workspace: Workspace, data: CampaignData, place: Place, gold: Annotation) -> None:
    who = visitor()
    decide(workspace, data.campaign_id, place, gold, decided_by=plain(who.name) or who.role)
    session().gold_version += 1
    session().gold_place = place  # it stays the one that is looked at, wherever it stands now
    st.rerun()
