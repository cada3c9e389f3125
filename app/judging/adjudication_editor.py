"""The gold of one output, edited as raters mark; every change is stored with its origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from app import cache
from app.access.visiting import visitor
from app.components.annotator.component import AnnotatorView, annotator
from app.judging.rate_view import anchors, form_text, typology_view
from app.judging.wording import wording as wording_of
from app.state import session
from core.annotate.adjudicating import decide, provenance, with_provenance
from core.annotate.annotation import Annotation
from core.annotate.arriving import Question, read_arrived
from core.annotate.asking import settings_of
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.errors import AdaptMLLMError
from core.storage.workspace import Workspace

INTERFACE = "eng_Latn"


def gold_editor(
    workspace: Workspace,
    data: CampaignData,
    place: tuple[int, int],
    items: Sequence[JudgedItem],
    text: str,
) -> None:
    """Shows the gold of an output in the form that raters use; a change is stored at once."""
    gold = data.gold.get(place, Annotation())
    question = _question(workspace, data, place, items, text)
    st.subheader("Gold", anchor=False)
    st.caption(
        "What you accept, merge or mark here counts as gold: for the scores that use it, for the "
        "feedback after calibration, and as hidden checks."
    )

    def arrived(payload: Any) -> None:
        _take(data.campaign_id, place, question, gold, payload)

    annotator(
        _view(data, question, gold),
        key=f"gold-{question.item_id}",
        on_save=arrived,
        on_go=arrived,
    )
    for mark in gold.marks:
        st.text(f"“\u2068{mark.quote}\u2069”: {provenance(mark)}")


def _question(
    workspace: Workspace,
    data: CampaignData,
    place: tuple[int, int],
    items: Sequence[JudgedItem],
    text: str,
) -> Question:
    campaign = workspace.campaigns.get(data.campaign_id)
    typology = settings_of(campaign).chosen_typology if data.protocol in ("mqm", "esa") else None
    has_scores = any(item.annotation.score is not None for item in items)
    return Question(
        item_id=f"gold-{place[0]}-{place[1]}-{session().gold_version}",
        protocol=data.protocol,
        source=data.segments[place[0]].source,
        outputs=(text,),
        typology=typology,
        asks_score=data.protocol in ("sqm", "esa") or has_scores,
    )


def _view(data: CampaignData, question: Question, gold: Annotation) -> AnnotatorView:
    wording = wording_of(INTERFACE)
    problem = session().gold_problem
    return AnnotatorView(
        item=question.item_id,
        protocol=question.protocol,
        revision=0,
        saved_at="",
        saved_id=session().gold_saved_id,
        annotation=gold.to_json(),
        source=form_text(question.source, data.src_lang, wording),
        outputs=[{**form_text(question.outputs[0], data.tgt_lang, wording), "label": ""}],
        context={"before": [], "after": []},
        typology=typology_view(question.typology, wording),
        anchors=anchors(question, wording),
        missing=[problem] if problem else [],
        warnings=[],
        messages=wording.beginning("annotator."),
        preferences={"unit": "word"},
        is_locked=False,
        place=0,
        num_items=1,
        feedback=None,
    )


def _take(
    campaign_id: str,
    place: tuple[int, int],
    question: Question,
    gold: Annotation,
    payload: Any,
) -> None:
    workspace = cache.workspace()
    try:
        who = visitor()
        answer = read_arrived(payload, question)
        annotation = with_provenance(replace(answer.annotation, is_done=True), gold)
        decide(workspace, campaign_id, place, annotation, decided_by=who.name or who.role)
    except AdaptMLLMError as error:
        session().gold_problem = str(error)
        return
    session().gold_problem = ""
    session().gold_place = place
    if answer.goes_to == "next":  # to the first that is open
        session().gold_place = None
        session().gold_version += 1
    session().gold_saved_id = answer.save_id
