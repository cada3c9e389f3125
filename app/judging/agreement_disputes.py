"""Where raters disagree most: a queue, and what each of them marked in the output chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.evaluation.positions import picked_row
from app.judging.agreement_computed import disagreements_of
from app.judging.computed_results import ScoringChoice
from app.judging.marked_text import marked_text
from app.judging.overlay import ShownMark, marks_of
from app.problem_views import shown_in_place
from app.state import session, show_part
from app.text import counted, shortened
from core.annotate.agreement.disagreements import LIMIT, DisputedOutput
from core.annotate.annotation import Side
from core.annotate.campaign_data import CampaignData
from core.languages import language_name

ADJUDICATION = "Adjudication"  # the tab's name
SHOWN_CHARACTERS = 120
TABLE_HEIGHT_PX = 340


def disagreement_view(data: CampaignData, choice: ScoringChoice) -> None:
    """Shows the queue, and the output that was clicked, else the first, with all its marks."""
    with shown_in_place("Not compared"):
        found = disagreements_of(data, choice.preset)
        if not found:
            st.info(
                "No output that two raters judged differently: either no two finished the same "
                "one yet, or they agree on all."
            )
            return
        at = picked_row(
            [_row(data, each) for each in found],
            _columns(),
            key=f"agreement.disputes.{data.campaign_id}.{len(found)}",
            height=TABLE_HEIGHT_PX,
        )
        cut = f"; the first {LIMIT} are shown" if len(found) == LIMIT else ""
        st.caption(
            f"{counted(len(found), 'output')} judged differently, the greatest difference of "
            f"scores first{cut}. Click a row to read it."
        )
        _output(data, found[at or 0])


def _columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "Segment": text(width=80, pinned=True),
        "System": text(width=100),
        "Difference": number(
            format="%.2f", width=85, help="Highest less lowest score among the raters."
        ),
        "What differs": text(width=420),
        "Scores": text(width=200),
        "Decided": st.column_config.CheckboxColumn(width=75, help="There is gold for it."),
    }


def _row(data: CampaignData, each: DisputedOutput) -> dict[str, Any]:
    output = data.shown_text(each.items[0], each.outputs[0])
    return {
        "Segment": _segment_name(data, each),
        "System": data.systems[each.system].name,
        "Difference": each.difference,
        "What differs": "; ".join(each.kinds),
        "Scores": _scores(each),
        "Decided": each.is_decided,
        "Output": shortened(output, SHOWN_CHARACTERS),
    }


def _output(data: CampaignData, each: DisputedOutput) -> None:
    segment = data.segments[each.segment]
    key = f"agreement.dispute.{each.segment}.{each.system}"
    with st.container(border=True):
        where = f" of {segment.document}" if segment.document else ""
        st.text(f"Segment {_segment_name(data, each)}{where} · {data.systems[each.system].name}")
        if each.kinds:
            st.text("; ".join(each.kinds))
        st.caption(_title("Source", data.src_lang))
        marks = _marks(each, segment.source, "source")
        marked_text(segment.source, marks, key=f"{key}.source", lang=data.src_lang)
        text = data.shown_text(each.items[0], each.outputs[0])
        st.caption(_title("Output, with the marks of all raters", data.tgt_lang))
        marks = _marks(each, text, "target")
        marked_text(text, marks, key=f"{key}.target", lang=data.tgt_lang)
        st.text("\n".join(_judgements(each)))
        if data.protocol != "ranking":
            st.button(
                "Decide on it",
                icon=":material/gavel:",
                key=f"{key}.decide",
                on_click=_open_adjudication,
                args=(each.segment, each.system),
            )


def _open_adjudication(segment: int, system: int) -> None:
    session().gold_place = (segment, system)
    session().gold_version += 1
    show_part(ADJUDICATION)


def _marks(each: DisputedOutput, text: str, side: Side) -> Sequence[ShownMark]:
    return [
        mark
        for rater, item, output in zip(each.raters, each.items, each.outputs, strict=True)
        for mark in marks_of(item.annotation, rater, text, side=side, output=output)
    ]


def _judgements(each: DisputedOutput) -> list[str]:
    """Gives each rater's score and comment in words."""
    lines = []
    for rater, score, item in zip(each.raters, each.scores, each.items, strict=True):
        said = "no score" if score is None else f"{round(score, 2):g}"
        comment = item.annotation.comment.strip()
        lines.append(f"{rater}: {said}{f' · “{comment}”' if comment else ''}")
    return lines


def _scores(each: DisputedOutput) -> str:
    return " · ".join(
        f"{rater} {'–' if score is None else f'{round(score, 2):g}'}"
        for rater, score in zip(each.raters, each.scores, strict=True)
    )


def _segment_name(data: CampaignData, each: DisputedOutput) -> str:
    return data.segments[each.segment].label or str(each.segment + 1)


def _title(name: str, code: str) -> str:
    return f"{name} · {language_name(code)}" if code else name
