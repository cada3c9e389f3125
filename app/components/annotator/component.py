"""The rater's form for one item: marks, score, comment, and whether they are saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import streamlit as st

from app.assets import annotator_url
from app.state import set_widget, widget_value
from core.annotate.campaign_data import Protocol

Arrival = Callable[[dict[str, Any]], None]

_HERE: Final = Path(__file__).parent
_COMPONENT: Final = st.components.v2.component(
    "adaptmllm_annotator",
    html='<div class="annotator">\n</div>',
    css=(_HERE / "annotator.css").read_text(encoding="utf-8"),
    js=(_HERE / "loader.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class AnnotatorView:
    """Everything that the form is told of an item.

    Attributes:
        item: Its id; the form is built anew for another one only.
        protocol: What the rater does.
        annotation: As the server has it, `Annotation.to_json`.
        source: `text`, `lang` (tag of HTML, or ""), `name` of the language; `direction`, `ltr` or
            `rtl`, where it is not to be told from the text.
        outputs: The same of each translation, with a `label` where there are several.
        messages: The form's sentences: `annotator.` of the message files, without this prefix.
        revision: Counts the server's saves of the item.
        saved_at: Of the last one, UTC ISO-8601, or "".
        saved_id: The `save_id` that was stored last; tells the form that it may rest.
        acknowledged: Further save ids that are stored, such as that of the item before.
        context: Segments `before` and `after`, each a `source` and its `outputs`.
        typology: `categories` (`name`, `label`, `group`, `is_in_source`), `severities` (`name`,
            `label`), `has_non_translation`; None where nothing is marked. In ESA categories are
            not asked for.
        anchors: `value` and `label`: SQM's levels, or ESA's words along its scale; empty where no
            score is asked for.
        missing: Sentences that say why one cannot go on yet.
        warnings: `code` and `text` of what looks like a slip.
        preferences: `unit`, `word` or `character`: what keys and clicks mark by; `scale` of the
            texts, 1 unless given.
        is_locked: Nothing can be changed.
        place: The item's place, from 0.
        num_items: How many the rater has.
        feedback: After a calibration item: `text` and the organiser's `marks`.
    """

    item: str
    protocol: Protocol
    annotation: Mapping[str, Any]
    source: Mapping[str, Any]
    outputs: Sequence[Mapping[str, Any]]
    messages: Mapping[str, str]
    revision: int = 0
    saved_at: str = ""
    saved_id: str = ""
    acknowledged: Sequence[str] = ()
    context: Mapping[str, Any] = field(default_factory=lambda: {"before": [], "after": []})
    typology: Mapping[str, Any] | None = None
    anchors: Sequence[Mapping[str, Any]] = ()
    missing: Sequence[str] = ()
    warnings: Sequence[Mapping[str, str]] = ()
    preferences: Mapping[str, Any] = field(default_factory=lambda: {"unit": "word"})
    is_locked: bool = False
    place: int = 0
    num_items: int = 1
    feedback: Mapping[str, Any] | None = None


def annotator(
    view: AnnotatorView, *, key: str, on_save: Arrival, on_go: Arrival
) -> dict[str, Any] | None:
    """Shows an item and hands over what the rater does with it. Needs the routes of `app.assets`.

    What is handed over comes from a browser and is to be checked: `item`, `save_id`, `annotation`;
    from `on_go` also `to` (`next`, `previous` or a place) and `confirmed`, the codes of warnings.
    It comes again until a view has its `save_id` as `saved_id`.

    Args:
        view: The item.
        key: Unique on the page and to the item.
        on_save: Called before the script runs, with every change.
        on_go: Called before the script runs, when the rater goes on or back.

    Returns:
        What neither function was given: after a restart of the server the browser still holds
        its last change, but no function is called for it. Else None.
    """
    handed = f"{key}.handed"

    def saved() -> None:
        value = _arrived(widget_value(key).get("annotation"))
        if value is not None:
            set_widget(handed, value.get("save_id"))
            on_save(value)

    def went() -> None:
        value = _arrived(widget_value(key).get("go"))
        if value is not None:
            on_go(value)

    # In one part: Streamlit looks at each whether it is a table, which takes milliseconds.
    result = _COMPONENT(
        key=key, data={"view": payload(view)}, on_annotation_change=saved, on_go_change=went
    )
    left = _arrived(result.get("annotation"))
    if left is None or left.get("save_id") == widget_value(handed):
        return None
    set_widget(handed, left.get("save_id"))
    return left


def payload(view: AnnotatorView) -> dict[str, Any]:
    """Gives what is sent to the browser, ready for JSON."""
    data = {each.name: getattr(view, each.name) for each in fields(view)}
    data["url"] = annotator_url()
    data["source"] = _shown(view.source)
    data["outputs"] = [_shown(each) for each in view.outputs]
    return data


def _shown(text: Mapping[str, Any]) -> dict[str, Any]:
    return {"lang": "", "name": "", "label": "", "direction": "auto", **text}


def _arrived(value: Any) -> dict[str, Any] | None:
    """Gives what the browser sent, without the count that only makes a repetition a change."""
    if not isinstance(value, Mapping):
        return None
    return {name: part for name, part in value.items() if name != "attempt"}
