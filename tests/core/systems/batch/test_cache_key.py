from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from core.errors import ConfigError
from core.systems.batch.cache_key import PAID_KINDS, cache_key
from core.systems.parameters import Parameters
from core.systems.prompting import Prompting
from core.systems.prompts.built_in import built_in_templates
from core.systems.prompts.template import Template
from core.systems.protocol import Request, SystemInfo
from tests.core.systems.scripted import Scripted

TEMPLATES = {template.name: template for template in built_in_templates()}
INFO = SystemInfo(
    "endpoint:1",
    "Mine",
    "openai",
    is_llm=True,
    price_in_usd=0.15,
    provenance={"kind": "openai", "base_url": "https://e.org/v1", "model": "m", "api": "chat"},
)
MT = replace(INFO, kind="deepl", is_llm=False)
REQUEST = Request("The nurse.", "eng_Latn", "gle_Latn")


def request(**values: Any) -> Request:
    return replace(REQUEST, **values)


def prompted(template: str = "Zero-shot", **values: Any) -> Request:
    return request(prompting=Prompting(template=TEMPLATES[template], **values))


def test_same_question_has_the_same_key() -> None:
    key = cache_key(INFO, REQUEST)
    assert len(key) == 64 and set(key) <= set("0123456789abcdef")
    assert cache_key(INFO, request()) == key
    assert cache_key(replace(INFO), prompted()) == key


def test_key_does_not_depend_on_what_decides_nothing() -> None:
    key = cache_key(INFO, REQUEST)
    renamed = replace(INFO, id="endpoint:2", name="Other", detail="x", price_in_usd=9.0)
    assert cache_key(renamed, REQUEST) == key
    copied = TEMPLATES["Zero-shot"].changed(name="My copy", description="The same.")
    assert cache_key(INFO, request(prompting=Prompting(template=copied, template_version=7))) == key
    # Terms that do not occur in the source are not shown, nor is the corpus of no examples.
    with_terms = prompted("Glossary", glossary=(("nurse", "altra"),))
    more = prompted("Glossary", glossary=(("nurse", "altra"), ("doctor", "dochtúir")))
    assert cache_key(INFO, with_terms) == cache_key(INFO, more)
    assert cache_key(INFO, prompted(glossary=(("nurse", "altra"),))) == key
    assert cache_key(INFO, request(parameters=Parameters(temperature=None, stop=("",)))) == key


SPOKEN = Template(
    name="Refine",
    user="{{ source }}{% if draft %}{{ draft }}{% for g in glossary %}{{ g.target }}{% endfor %}"
    "{% endif %}",
    draft_from="itself",
    uses_glossary=True,
)


def test_everything_that_decides_the_answer_decides_the_key() -> None:
    different = [
        (INFO, REQUEST),
        (replace(INFO, provenance={**INFO.provenance, "model": "n"}), REQUEST),
        (replace(INFO, provenance={**INFO.provenance, "base_url": "https://f.org"}), REQUEST),
        (replace(INFO, provenance={**INFO.provenance, "api": "completions"}), REQUEST),
        (MT, REQUEST),
        (INFO, request(source="The nurse")),
        (INFO, request(source="The nurse. ")),
        (INFO, request(source="the nurse.")),
        (INFO, request(source="\ud800")),
        (INFO, request(source="\ud801")),
        (INFO, request(source="\ufffd")),
        (INFO, request(source="?")),
        (INFO, request(source="e\u0301")),
        (INFO, request(source="\u00e9")),
        (INFO, request(tgt_lang="mar_Deva")),
        (INFO, request(src_lang="gle_Latn", tgt_lang="eng_Latn")),
        (INFO, request(parameters=Parameters(temperature=0.0))),
        (INFO, request(parameters=Parameters(temperature=0.5))),
        (INFO, request(parameters=Parameters(seed=0))),
        (INFO, request(parameters=Parameters(stop=("\n",)))),
        (INFO, request(messages=({"role": "user", "content": "The nurse."},))),
        (INFO, prompted(cleans=False)),
        (INFO, prompted("Glossary")),
        (INFO, prompted("Glossary", glossary=(("nurse", "altra"),))),
        (INFO, prompted("Glossary", glossary=(("nurse", "banaltra"),))),
        (INFO, prompted("Document context", context=(("Before.", ""),))),
        (INFO, prompted("Document context", context=(("Before.", "Roimhe."),))),
        (INFO, prompted("Retrieved few-shot", examples=(("a", "b"),))),
        (INFO, prompted("Retrieved few-shot", examples=(("a", "b"), ("c", "d")))),
        (INFO, prompted("Completion", examples=(("a", "b"),))),
        (INFO, prompted("Translate, then refine")),
        (INFO, prompted("Post-edit a draft")),
        (INFO, prompted("Post-edit a draft", draft_system=Scripted("One", provenance={"a": 1}))),
        (INFO, prompted("Post-edit a draft", draft_system=Scripted("Two", provenance={"a": 2}))),
        (INFO, request(prompting=Prompting(SPOKEN, glossary=(("nurse", "altra"),)))),
        (INFO, request(prompting=Prompting(SPOKEN, glossary=(("nurse", "banaltra"),)))),
    ]
    keys = [cache_key(info, what) for info, what in different]
    for (one, first), (other, second) in combinations(enumerate(keys), 2):
        assert first != second, (different[one], different[other])


def test_prompt_is_nothing_to_an_mt_service() -> None:
    for kind in ("libretranslate", "google", "deepl"):
        info = replace(MT, kind=kind)
        key = cache_key(info, REQUEST)
        assert key
        assert cache_key(info, prompted("Glossary", glossary=(("nurse", "altra"),))) == key
        assert cache_key(info, request(tgt_lang="mar_Deva")) != key
        assert cache_key(info, request(parameters=Parameters(num_beams=2))) != key


@pytest.mark.parametrize("kind", ["model", "chain"])
def test_answers_that_cost_nothing_are_not_kept(kind: str) -> None:
    assert kind not in PAID_KINDS
    assert cache_key(replace(INFO, kind=kind, is_llm=False), REQUEST) == ""


def test_prompt_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(ConfigError, match="'xx' is not a FLORES-200 language code"):
        cache_key(INFO, request(tgt_lang="xx"))
    with pytest.raises(ConfigError, match="would have more than"):
        cache_key(INFO, request(source="x" * 500_000))
