"""A page with the annotator alone: difficult texts, and a file that holds what arrived.

`?form=` chooses what is asked, `?text=` the pair of texts, `?run=` keeps tests apart; with `?deaf`
the first save is not heard, with `?slow` it takes longer than those after it.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import streamlit as st

from app.components.annotator.component import AnnotatorView, annotator
from app.judging.wording import wording
from core.annotate.annotation import Annotation
from core.annotate.arriving import Question, read_arrived
from core.annotate.campaign_data import Protocol
from core.annotate.typologies import Typology, find_typology
from core.languages import html_tag, language_name
from core.storage.files import utc_now, write_json

TEXTS = {
    "irish": (
        "The doctor said that 5 of the patients <b>must not</b> leave the hospital today.",
        "Dúirt an dochtúir nach mór do 5 othar an t-ospidéal a fhágáil <b>inniu</b>.",
        "eng_Latn", "gle_Latn",
    ),
    "script": (
        "<script>window.XSS = 1</script> $a$ **b** [x](y)",
        "<img src=x onerror='window.XSS = 1'> :red[no] &amp; end",
        "eng_Latn", "gle_Latn",
    ),
    "arabic": (
        "The clinic in London opens at nine.",
        "تفتح العيادة في London الساعة التاسعة.",
        "eng_Latn", "arb_Arab",
    ),
    "marathi": ("Wash your hands.", "कृपया स्वच्छ हात धुवा क्षणभर.", "eng_Latn", "mar_Deva"),
    "emoji": ("A family.", "Clann 👨‍👩‍👧‍👦 cafe\u0301 😀 anseo.", "eng_Latn", "gle_Latn"),
    "chinese": ("Wash your hands.", "请用肥皂洗手。", "eng_Latn", "zho_Hans"),
}  # fmt: skip
CONTEXT = {
    "before": [{
        "source": "Visiting hours were changed on Monday.",
        "outputs": ["Athraíodh na huaireanta cuairte Dé Luain."],
    }],
    "after": [{
        "source": "They may go home on Thursday.",
        "outputs": ["Féadfaidh siad dul abhaile Déardaoin."],
    }],
}  # fmt: skip
ESA = Typology(name="esa", categories=(), severities=("major", "minor"))

st.set_page_config(layout="wide")
asked = st.query_params
words = wording(asked.get("language", "eng_Latn"))
form: Protocol = asked.get("form", "mqm")  # type: ignore[assignment]
source, target, src_lang, tgt_lang = TEXTS[asked.get("text", "irish")]
outputs = [target] if form != "ranking" else [target, target.upper(), target[:30]]
typology = {"mqm": find_typology(asked.get("typology", "adaptmllm")), "esa": ESA}.get(form)
place = int(asked.get("place", 0))
item = "-".join([asked.get("run", "0"), form, asked.get("text", "irish"), str(place)])
question = Question(item, form, source, tuple(outputs), typology, asks_score=form in ("sqm", "esa"))
path = Path(os.environ["ANNOTATOR_FOLDER"]) / f"{item}.json"


def stored() -> dict[str, Any]:
    if not path.exists():
        return {"revision": 0, "saved_at": "", "saved_id": "", "saves": []}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def save(payload: dict[str, Any]) -> None:
    is_first = not st.session_state.get("heard")
    st.session_state["heard"] = True
    if is_first and "deaf" in asked:
        return
    if is_first and "slow" in asked:
        time.sleep(0.5)
    before = stored()
    answer = read_arrived(payload, question)
    known = answer.save_id in before["saves"]
    now = {
        "revision": before["revision"] + (not known),
        "saved_at": utc_now(),
        "saved_id": answer.save_id,
        "saves": [*before["saves"], answer.save_id],
        "annotation": answer.annotation.to_json(),
    }
    write_json(path, now)


def go(payload: dict[str, Any]) -> None:
    save(payload)
    answer = read_arrived(payload, question)
    is_open = question.asks_score and answer.annotation.score is None
    st.session_state["missing"] = ["Give a score."] if is_open else []
    doubts = [] if is_open or answer.confirmed or answer.annotation.comment else ["very_fast"]
    st.session_state["warnings"] = doubts
    if not is_open and not doubts:
        st.query_params["place"] = str(place + (1 if answer.goes_to == "next" else -1))


def text(words_: str, code: str, label: str = "") -> dict[str, str]:
    return {
        "text": words_, "lang": html_tag(code), "name": language_name(code), "label": label,
    }  # fmt: skip


def shown_typology() -> dict[str, Any] | None:
    if typology is None:
        return None
    categories = [
        {
            "name": each.name,
            "label": words.category(each.name),
            "group": words.dimension(each.name),
            "is_in_source": each.is_in_source,
        }
        for each in typology.categories
    ]
    severities = [{"name": each, "label": words.severity(each)} for each in typology.severities]
    return {"categories": categories, "severities": severities, "has_non_translation": True}


kind, values = ("esa", (0, 33, 66, 100)) if form == "esa" else ("sqm", range(6, -1, -1))
has_score = form in ("esa", "sqm")
state = stored()
view = AnnotatorView(
    item=item,
    protocol=form,
    annotation=state.get("annotation") or Annotation().to_json(),
    source=text(source, src_lang),
    outputs=[
        text(each, tgt_lang, "ABC"[at] if len(outputs) > 1 else "")
        for at, each in enumerate(outputs)
    ],
    messages=words.beginning("annotator."),
    revision=state["revision"],
    saved_at=state["saved_at"],
    saved_id=state["saved_id"],
    context=CONTEXT if form == "mqm" else {"before": [], "after": []},
    typology=shown_typology(),
    anchors=[{"value": at, "label": words.t(f"{kind}.{at}")} for at in values if has_score],
    missing=st.session_state.get("missing", []),
    warnings=[
        {"code": code, "text": "This was very quick: is it what you mean?"}
        for code in st.session_state.get("warnings", [])
    ],
    preferences={"unit": "character" if tgt_lang.startswith("zho") else "word"},
    place=place,
    num_items=12,
)
annotator(view, key=f"rate-{item}", on_save=save, on_go=go)
