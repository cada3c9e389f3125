"""What the annotator is told of an item: texts, form and words, in the rater's language."""

from __future__ import annotations

from typing import Any

from app.components.annotator.component import AnnotatorView
from app.judging.wording import Wording
from app.state import RateDraft
from core.annotate.annotation import Annotation
from core.annotate.arriving import Question
from core.annotate.asking import AskedItem, Neighbour, settings_of
from core.annotate.typologies import Typology
from core.languages import html_tag
from core.storage.campaign_records import Campaign, Rater
from core.storage.workspace import Workspace

UNITS = ("word", "character")
SQM_VALUES = range(6, -1, -1)
ESA_VALUES = (0, 33, 66, 100)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def item_view(
    workspace: Workspace,
    campaign: Campaign,
    rater: Rater,
    asked: AskedItem,
    draft: RateDraft,
    wording: Wording,
    *,
    num_items: int,
    is_locked: bool,
) -> AnnotatorView:
    """Gives the view of an item; nothing in it tells a system's name or why the item is shown."""
    rating, question = asked.rating, asked.question
    return AnnotatorView(
        item=asked.item.id,
        protocol=question.protocol,
        revision=rating.revision if rating else 0,
        saved_at=rating.saved_at if rating else "",
        saved_id=draft.saved_ids[-1] if draft.saved_ids else "",
        acknowledged=draft.saved_ids,
        annotation=asked.annotation.to_json(),
        source=form_text(question.source, campaign.src_lang, wording),
        outputs=_outputs(question, campaign.tgt_lang, wording),
        context={"before": _neighbours(asked.before), "after": _neighbours(asked.after)},
        typology=typology_view(question.typology, wording),
        anchors=anchors(question, wording),
        missing=[wording.t(f"rate.missing.{code}") for code in draft.missing]
        + ([draft.problem] if draft.problem else []),
        warnings=[
            {"code": code, "text": wording.t(f"rate.warning.{code}")} for code in draft.warnings
        ],
        messages=wording.beginning("annotator."),
        preferences={"unit": unit_of(campaign, rater)},
        is_locked=is_locked,
        place=asked.item.place,
        num_items=num_items,
        feedback=_feedback(workspace, campaign, asked, draft, wording),
    )


def unit_of(campaign: Campaign, rater: Rater) -> str:
    """Gives what the keyboard marks first: the rater's choice, else that of the campaign."""
    chosen = rater.profile.get("unit")
    if chosen in UNITS:
        return str(chosen)
    return settings_of(campaign).unit_for(campaign.tgt_lang)


def form_text(text: str, code: str, wording: Wording) -> dict[str, Any]:
    """Gives a text with its language, by tag and by name, as the annotator takes it."""
    return {
        "text": text,
        "lang": html_tag(code) if code else "",
        "name": wording.language(code),
    }


def _outputs(question: Question, tgt_lang: str, wording: Wording) -> list[dict[str, Any]]:
    """Gives the outputs, with a letter each where there are several."""
    num = len(question.outputs)
    labels = list(LETTERS[:num]) if num > 1 else [""] * num
    return [
        {**form_text(text, tgt_lang, wording), "label": label}
        for text, label in zip(question.outputs, labels, strict=True)
    ]


def _neighbours(neighbours: tuple[Neighbour, ...]) -> list[dict[str, Any]]:
    return [{"source": each.source, "outputs": list(each.outputs)} for each in neighbours]


def typology_view(typology: Typology | None, wording: Wording) -> dict[str, Any] | None:
    """Gives categories and severities in the rater's words; None where nothing is marked."""
    if typology is None:
        return None
    return {
        "categories": [
            {
                "name": category.name,
                "label": wording.category(category.name),
                "group": wording.dimension(category.name),
                "is_in_source": category.is_in_source,
            }
            for category in typology.categories
        ],
        "severities": [
            {"name": severity, "label": wording.severity(severity)}
            for severity in typology.severities
        ],
        "has_non_translation": typology.has_non_translation,
    }


def anchors(question: Question, wording: Wording) -> list[dict[str, Any]]:
    """Gives what the scores mean; nothing where none is asked for."""
    if not question.asks_score:
        return []
    kind, values = ("esa", ESA_VALUES) if question.protocol == "esa" else ("sqm", SQM_VALUES)
    return [{"value": value, "label": wording.t(f"{kind}.{value}")} for value in values]


def _feedback(
    workspace: Workspace, campaign: Campaign, asked: AskedItem, draft: RateDraft, wording: Wording
) -> dict[str, Any] | None:
    """Gives the gold of a calibration item, once the rater has finished it."""
    if draft.feedback_for != asked.item.id:
        return None
    gold = [
        (asked.item.systems.index(each.system), Annotation.of_json(each.annotation))
        for each in workspace.ratings.gold(campaign.id, [asked.item.segment])
        if each.system in asked.item.systems
    ]
    marks = [
        {**vars(mark), "output": output, "origin": {}}
        for output, annotation in gold
        for mark in annotation.marks
    ]
    said = [wording.t("rate.feedback", count=len(marks))]
    scores = [each.score for _, each in gold if each.score is not None]
    if scores:
        said.append(wording.t("rate.feedback_score", score=f"{scores[0]:g}"))
    said += [each.comment for _, each in gold if each.comment]
    return {"marks": marks, "text": " ".join(said)}
