from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import ConfigError
from core.systems.prompts.built_in import built_in_templates
from core.systems.prompts.template import ExamplePair, Template

PLAIN: dict[str, Any] = {"name": "Mine", "user": "{{ source }}"}


@pytest.mark.parametrize(
    ("user", "sentence"),
    [
        ("{{ source", "user: Line 1: unexpected end of template, expected 'end of print"),
        ("{% if draft %}", "user: Line 1: Unexpected end of template."),
        ("{% nothing %}", "user: Line 1: Encountered unknown tag 'nothing'."),
        ("\n\n{{ sorce }}", "user: Line 3: 'sorce' is no variable of a prompt; there are source, "
         "source_language, target_language, draft, examples, glossary and context."),
        ("{{ source.__class__ }}", "'source.__class__' is not allowed in a prompt template."),
        ("{{ source['__class__'] }}", "'[…]' outside a loop's list is not allowed"),
        ("{{ ''.__class__.__mro__ }}", "'….__mro__' is not allowed"),
        ("{{ source.format(1) }}", "calling a function is not allowed"),
        ("{{ source|attr('__class__') }}", "the filter 'attr' is not allowed"),
        ("{{ source|center(10**9) }}", "the filter 'center' is not allowed"),
        ("{{ source|length(1) }}", "the filter 'length' is not allowed"),
        ("{% for i in range(10**9) %}x{% endfor %}", "a loop can go through examples, glossary and "
         "context only"),
        ("{% for c in source %}x{% endfor %}", "a loop can go through"),
        ("{% for a in examples %}{% for b in examples %}x{% endfor %}{% endfor %}",
         "a loop cannot stand inside another loop"),
        ("{% for a in examples recursive %}{{ loop(a) }}{% endfor %}", "cannot be recursive"),
        ("{% for a in examples if loop.first %}{% endfor %}", "a loop cannot use 'loop'"),
        ("{% for source in examples %}{% endfor %}", "a loop needs one variable of its own"),
        ("{% for a, b in examples %}{% endfor %}", "a loop needs one variable of its own"),
        ("{% for a in examples[::0] %}{% endfor %}", "a slice needs whole numbers"),
        ("{% for a in examples['x':] %}{% endfor %}", "a slice needs whole numbers"),
        ("{% for a in examples %}{{ a }}{% endfor %}", "write 'a.source' or 'a.target' instead"),
        ("{% for a in examples %}{{ a.index }}{% endfor %}", "'a.index' is not allowed"),
        ("{% for a in examples %}{{ loop.cycle('x') }}{% endfor %}", "calling a function"),
        ("{% for a in examples %}{% else %}{{ a.source }}{% endfor %}", "'a.source' is not"),
        ("{{ loop.index }}", "'loop.index' is not allowed"),
        ("{{ examples }}", "'examples' is a list; show its pairs with a loop"),
        ("{{ 9**9**9**9 }}", "'**' is not allowed"),
        ("{{ 'x' * 10000000000 }}", "'*' is not allowed"),
        ("{{ source ~ source }}", "'~' is not allowed"),
        ("{{ '%999999999d' % 1 }}", "'%' is not allowed"),
        ("{{ 'a' in source }}", "'in' is not allowed"),
        ("{{ source is defined }}", "the test 'defined' is not allowed"),
        ("{{ 'x' if draft }}", "'if' without 'else' in an expression is not allowed"),
        ("{% set x = source %}{{ x }}", "'set' is not allowed"),
        ("{% set x %}{{ source }}{% endset %}", "'set' is not allowed"),
        ("{% macro m() %}{{ m() }}{% endmacro %}", "'macro' is not allowed"),
        ("{% include 'x' %}", "'include' is not allowed"),
        ("{% import 'x' as y %}", "'import' is not allowed"),
        ("{% extends 'x' %}", "'extends' is not allowed"),
        ("{% block b %}{{ source }}{% endblock %}", "'block' is not allowed"),
        ("{% filter upper %}x{% endfilter %}", "'filter' is not allowed"),
        ("{% if source %}" * 30 + "{% endif %}" * 30, "more than 20 things stand inside"),
        ("{{ " + "(" * 4_000 + "source" + ")" * 4_000 + " }}", "The template is nested too"),
        ("{{ " + "not " * 2_000 + "source }}", "too deeply"),
        ("{{ " + "9" * 9_000 + " }}", "The template holds a number with too many digits."),
        ("x" * 10_001, "A template of 10,001 characters is longer than the 10,000 allowed."),
        ("", "user: String should have at least 1 character"),
        ("Hello", "A template is for translating the source, but neither text shows the variable "
         "'source'."),
    ],
)  # fmt: skip
def test_what_a_template_must_not_do_is_said_in_one_sentence(user: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Template.parse({**PLAIN, "user": user})
    assert sentence in caught.value.message
    assert caught.value.message.count("\n") == 0
    assert len(caught.value.message) < 300


def test_both_texts_are_checked() -> None:
    with pytest.raises(
        ConfigError, match=r"^system: Line 1: 'x' is no variable.*; user: Line 1: 'y'"
    ):
        Template.parse({"name": "Mine", "system": "{{ x }}", "user": "{{ y }}"})


@pytest.mark.parametrize(
    "user",
    [
        "{{ source }}",
        "{# a remark #}{% raw %}{{ 7*7 }}{% endraw %}{{ source }}",
        "{% if draft and not context or glossary|length > 3 %}a{% elif draft == 'x' %}b{% endif %}"
        "{{ source }}",
        "{{ 'long' if source|length >= 100 else 'short' }} {{ source }}",
        "{% for pair in context[-3:] if pair.target %}{{ loop.index }}/{{ loop.length }} "
        "{{ pair.source }}={{ pair.target }}{% if not loop.last %}, {% endif %}{% else %}none"
        "{% endfor %}{{ source }}",
    ],
)
def test_what_a_prompt_needs_is_allowed(user: str) -> None:
    assert Template.parse({**PLAIN, "user": user}).user == user


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"num_examples": 3}, "num_examples is 3, but examples_from is 'none'"),
        (
            {"num_examples": 3, "examples_from": "retrieved"},
            "num_examples is 3, but neither text shows the variable 'examples'.",
        ),
        ({"draft_from": "system"}, "draft_from is 'system', but neither text shows the variable"),
        ({"uses_glossary": True}, "uses_glossary is on, but neither text shows the variable"),
        ({"uses_context": True}, "uses_context is on, but neither text shows the variable"),
        ({"name": " "}, "name: "),
        ({"name": "x" * 81}, "name: "),
        ({"num_examples": 51}, "num_examples: "),
        ({"style": "poem"}, "style: "),
        ({"stop": [""]}, "stop.0: "),
        ({"stop": list("abcde")}, "stop: "),
        ({"fixed_examples": [{"source": "a", "target": ""}]}, "fixed_examples.0.target: "),
        ({"version": 2}, "version: "),
        ({"temperature": 1}, "temperature: "),
    ],
)
def test_fields_that_do_not_agree_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Template.parse({**PLAIN, **values})
    assert sentence in caught.value.message


@pytest.mark.parametrize("template", built_in_templates(), ids=lambda template: template.name)
def test_template_comes_back_from_its_file(template: Template, tmp_path: Path) -> None:
    full = template.changed(
        fixed_examples=[{"source": "Hello", "target": "Dia duit"}], stop=("\n", "###")
    )
    full.save(tmp_path / "template.json")
    assert Template.load(tmp_path / "template.json") == full
    assert full.fixed_examples == (ExamplePair(source="Hello", target="Dia duit"),)


def test_template_is_frozen() -> None:
    with pytest.raises(ValidationError):
        Template(**PLAIN).name = "x"  # type: ignore[misc]


def test_built_in_templates_have_names_of_their_own() -> None:
    names = [template.name for template in built_in_templates()]
    assert names == [
        "Zero-shot", "Fixed few-shot", "Retrieved few-shot", "Glossary", "Document context",
        "Translate, then refine", "Post-edit a draft", "Completion",
    ]  # fmt: skip
    assert all(template.description for template in built_in_templates())


PIECES = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    " for ",
    " in ",
    " if ",
    " endif ",
    " endfor ",
    "'",
    "(",
]
PIECES += [
    ")",
    "[",
    "]",
    ":",
    "-",
    ".",
    "|",
    "length",
    "source",
    "examples",
    "loop",
    "x",
    "\n",
    "9",
]
PIECES += ["**", "range(9)", " is ", "raw", "\ud800", "\x00", "é", "~", " not ", "{%- else -%}"]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_no_text_breaks_the_check(user: str) -> None:
    try:
        Template.parse({**PLAIN, "user": "{{ source }}" + user})
    except ConfigError as error:
        assert error.message.endswith((".", "?"))
