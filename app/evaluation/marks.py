"""What LLM judges and people said of one translation: scores, and their marks over its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.judging.chosen_campaign import CAMPAIGN
from app.judging.marked_text import marked_text
from app.judging.overlay import ShownMark, marks_of
from app.navigation import page_path
from app.text import counted, plain
from core.annotate.annotation import Side
from core.annotate.people_marks import PersonsJudgement, people_marks
from core.evaluate.evaluating import Evaluated
from core.evaluate.scorers.judge.marked_errors import JudgedSegment, judged_segment
from core.evaluate.scorers.judge.spans import JudgedError
from core.evaluate.settings import SCORING
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class _Verdict:
    """What one judge or rater said: in words, and as marks."""

    words: str
    marks: Sequence[ShownMark]
    source_marks: Sequence[ShownMark] = ()


def marks_view(workspace: Workspace, found: Evaluated, set_id: str, at: int) -> None:
    """Shows what was said of segment `at` of a set, counted from 0; nothing where nobody was asked.

    Judges and raters are shown alike, so that their marks can be compared.
    """
    text = found.texts.hypotheses[set_id][at]
    people = people_marks(workspace, set_id, at)
    verdicts = [
        *_of_judges(workspace, found, set_id, at),
        *(_of_person(each, text, found.texts.sources[at]) for each in people),
    ]
    if not verdicts:
        return
    record = found.texts.sets[set_id]
    st.text("\n".join(each.words for each in verdicts))
    key = f"segment-marks-{set_id}-{at}"
    marks = [mark for each in verdicts for mark in each.marks]
    if marks:
        marked_text(text, marks, key=key, lang=record.tgt_lang)
    source_marks = [mark for each in verdicts for mark in each.source_marks]
    if source_marks:
        st.caption("Marked in the source")
        source = found.texts.sources[at]
        marked_text(source, source_marks, key=f"{key}-source", lang=record.src_lang)
    for campaign_id, name in {each.told.campaign_id: each.told.campaign for each in people}.items():
        st.page_link(
            page_path("agreement"),
            label=f"Results of {plain(name)}",
            icon=":material/group:",
            query_params={CAMPAIGN: campaign_id},
        )


def _of_judges(workspace: Workspace, found: Evaluated, set_id: str, at: int) -> list[_Verdict]:
    verdicts = []
    for metric in found.result.metrics:
        if metric.kind == "judge":
            scoring_id = metric.key.removeprefix(SCORING)
            judged = judged_segment(workspace, scoring_id, set_id, at)
            if judged is not None:
                verdicts.append(_of_judge(judged, metric.name))
    return verdicts


def _of_judge(judged: JudgedSegment, name: str) -> _Verdict:
    """Gives a judge's verdict; errors whose words are not in the translation are told in words."""
    if judged.value is None:
        return _Verdict(f"{name}: no score. {judged.failure}", ())
    head = f"{name}: {judged.value:g}{', no error marked' if judged.errors == () else ''}"
    marks, lines = [], [head]
    for error in judged.errors or ():
        if error.start is None or error.end is None:
            lines.append(f"• {_unplaced(error)}")
        else:
            marks.append(ShownMark(error.start, error.end, error.severity, error.category, name))
    return _Verdict("\n".join(lines), marks)


def _unplaced(error: JudgedError) -> str:
    parts = [error.severity, *([error.category] if error.category else [])]
    if error.text:
        parts.append(f"“{error.text}” (not in the translation)")
    return " · ".join(parts)


def _of_person(each: PersonsJudgement, text: str, source: str) -> _Verdict:
    """Gives a rater's judgement; its marks where the text is still the one that was judged."""
    told, annotation = each.told, each.annotation
    by = f"{told.rater} ({told.campaign})"

    def marks(shown: str, judged: str, side: Side) -> Sequence[ShownMark]:
        if shown != judged:
            return ()
        return marks_of(annotation, by, shown, side=side, output=told.output)

    comment = annotation.comment.strip()
    words = f"{by}: {_said(each)}{f' · “{comment}”' if comment else ''}"
    return _Verdict(words, marks(text, told.text, "target"), marks(source, told.source, "source"))


def _said(each: PersonsJudgement) -> str:
    if each.told.protocol == "mqm":
        num_errors = len(each.annotation.errors(each.told.output))
        return counted(num_errors, "error") if num_errors else "no error marked"
    if each.score is None:
        return "no score"
    if each.told.protocol == "ranking":
        return f"better than {each.score:.0%} of the others"
    return f"{each.told.protocol.upper()} {each.score:g}"
