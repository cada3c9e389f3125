from __future__ import annotations

from typing import Any

import pytest

from core.errors import ConfigError
from core.evaluate.scorers.judge.prompts import MQM_PROMPT, SCORE_PROMPT, SYSTEM_PROMPT, messages
from core.evaluate.scorers.judge.settings import JudgeSettings
from core.evaluate.scorers.judge.spans import JudgedError
from core.evaluate.scorers.judge.weights import mqm_score

GOOD: dict[str, Any] = {"system": "endpoint:x", "translation_sets": ("one",)}
TEXTS = {
    "source": "The nurse {{ 7 }} writes.",
    "hypothesis": "Scríobhann. {% if %}",
    "reference": "",
    "source_language": "English",
    "target_language": "Irish",
}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"system": ""}, "no LLM was chosen"),
        ({"translation_sets": ()}, "no translation set was chosen"),
        ({"mode": "stars"}, "mode"),
        ({"prompt": "Judge {{ source }}"}, "does not show the variable 'hypothesis'"),
        ({"prompt": "{{ source }} {{ hypothesis }}"}, "does not show the variable 'reference'"),
        ({"prompt": "{{ source }"}, "line 1: "),
        ({"prompt": "{{ draft }}"}, "'draft' is no variable of a prompt; there are source, hyp"),
        ({"prompt": "{{ source.__class__ }}"}, "not allowed"),
        ({"prompt": "{{ 'x' * 9999999999 }}"}, "not allowed"),
        ({"prompt": "{% for x in source %}{% endfor %}"}, "needs no loop"),
        ({"prompt": "x" * 10_001}, "10,001 characters"),
        ({"prompt": "{{ (" + "(" * 5000}, "line 1|nested"),
        ({"system_prompt": "Be strict."}, "needs a prompt of your own"),
        ({"weights": "mine"}, "weights"),
    ],
)
def test_settings_that_cannot_work_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        JudgeSettings.parse(GOOD | values)


@pytest.mark.parametrize("prompt", [SCORE_PROMPT, MQM_PROMPT])
def test_our_prompts_are_templates_and_texts_are_never_read_as_jinja(prompt: str) -> None:
    settings = JudgeSettings.parse(GOOD | {"prompt": prompt, "system_prompt": SYSTEM_PROMPT})
    system, user = messages(settings.system_prompt, settings.prompt, TEXTS)
    assert "from English into Irish" in system["content"]
    assert "{{ 7 }}" in user["content"] and "{% if %}" in user["content"]
    assert "for comparison" not in user["content"]
    (alone,) = messages("", prompt, TEXTS | {"reference": "Scríobhann an t-altra."})
    assert "for comparison" in alone["content"] and alone["role"] == "user"


def test_prompt_of_endless_texts_is_refused() -> None:
    with pytest.raises(ConfigError, match="more than 400,000 characters"):
        messages("", "{{ hypothesis }}{{ hypothesis }}", TEXTS | {"hypothesis": "x" * 300_000})
    with pytest.raises(ConfigError, match="more than 400,000 characters"):
        messages("", "{{ hypothesis }}", TEXTS | {"hypothesis": "x" * 500_000})


def test_sample_is_drawn_by_its_seed_and_is_the_same_for_all_systems() -> None:
    settings = JudgeSettings.parse(GOOD | {"max_segments": 5, "selection": "sample"})
    drawn = settings.positions(1000)
    assert drawn == settings.positions(1000) == sorted(set(drawn)) and len(drawn) == 5
    assert drawn != settings.changed(sample_seed=1).positions(1000)
    assert settings.positions(5) == [0, 1, 2, 3, 4]
    assert settings.changed(selection="first").positions(9) == [0, 1, 2, 3, 4]
    assert settings.changed(max_segments=0).positions(3) == [0, 1, 2]


def errors(*kinds: str) -> list[JudgedError]:
    found = []
    for kind in kinds:
        severity, _, category = kind.partition(" ")
        found.append(JudgedError(severity, category, "x"))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("kinds", "preset", "max_errors", "score"),
    [
        ((), "mqm-core", 0, 0.0),
        ((), "adaptmllm", 0, 100.0),
        (("minor a", "major b", "critical c"), "mqm-core", 0, -31.0),
        (("minor a", "major b", "critical c"), "wmt23", 0, -11.0),
        (("minor a", "critical c"), "wmt21", 0, -6.0),  # which has no "critical"
        (("minor fluency/punctuation", "major Fluency/Punctuation"), "wmt21", 0, -5.1),
        (("minor fluency/punctuation",), "mqm-core", 0, -1.0),
        (("major Non-translation", "critical non-translation!"), "wmt21", 0, -50.0),
        (("minor a",) * 3 + ("major b",) * 4, "mqm-core", 5, -21.0),
        (("minor a",) * 9, "mqm-core", 5, -5.0),
        (("major a",), "adaptmllm", 0, -150.0),  # four words
    ],
)
def test_score_follows_the_preset(
    kinds: tuple[str, ...], preset: str, max_errors: int, score: float
) -> None:
    found = mqm_score(errors(*kinds), preset, "a b c d", max_errors=max_errors)
    assert found == score and str(found) != "-0.0"
