from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.systems.prompts.built_in import built_in_templates
from core.systems.prompts.rendering import Filling, render, render_completion, terms_in
from core.systems.prompts.template import Template

FILLING = Filling(
    source="Health care is free.",
    src_lang="eng_Latn",
    tgt_lang="gle_Latn",
    examples=tuple((f"Example {number}", f"Sampla {number}") for number in range(8)),
    glossary=(("health care", "cúram sláinte"), ("car", "carr"), ("free", "saor in aisce")),
    context=(("First.", "Ar dtús."), ("Then.", "")),
    draft="Tá cúram sláinte saor.",
)
EVERYTHING = (
    "{{ source }}|{{ draft }}|{{ source_language }}|{{ target_language }}|"
    "{% for pair in examples %}{{ pair.source }}>{{ pair.target }};{% endfor %}|"
    "{% for pair in glossary %}{{ pair.source }}>{{ pair.target }};{% endfor %}|"
    "{% for pair in context %}{{ pair.source }}>{{ pair.target }};{% endfor %}"
)


def template(user: str = EVERYTHING, **values: Any) -> Template:
    return Template.parse({"name": "Mine", "user": user, **values})


def built_in(name: str) -> Template:
    return next(found for found in built_in_templates() if found.name == name)


def user_message(made: Template, filling: Filling) -> str:
    return render(made, filling)[-1]["content"]


ALL = {
    "num_examples": 2,
    "examples_from": "retrieved",
    "draft_from": "system",
    "uses_glossary": True,
    "uses_context": True,
}


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ 7*7 }}",
        "{% for x in y %}",
        "{% endraw %}{{ source.__class__ }}",
        "{# no remark #}",
        "{{ source }}",
        "<script>&amp;</script>",
        "100% {name} %s ${x} \\n",
        "नमस्ते 你好 مرحبا 👍🏽 e\u0301",
        "\x00\x1b[0m\u202e",
        "a\r\nb\n\n",
        "",
    ],
)
def test_what_texts_hold_is_never_read_as_jinja(hostile: str) -> None:
    pair = (hostile, hostile)
    filling = Filling(hostile, "eng_Latn", "mar_Deva", (pair,), (), (pair,), hostile)
    expected = f"{hostile}|{hostile}|English|Marathi|{hostile}>{hostile};||{hostile}>{hostile};"
    assert user_message(template(**ALL), filling) == expected


def test_lone_surrogates_become_sendable() -> None:
    filling = replace(FILLING, source="a\ud800b", draft="\udfff", examples=(("\ud83d", "x"),))
    for message in render(template(**ALL), filling):
        message["content"].encode("utf-8")
    assert user_message(template(), filling).startswith("a\ufffdb|")


def test_only_what_the_template_asks_for_is_shown() -> None:
    assert user_message(template(), FILLING) == "Health care is free.||English|Irish|||"
    assert user_message(template(**ALL), FILLING) == (
        "Health care is free.|Tá cúram sláinte saor.|English|Irish|"
        "Example 0>Sampla 0;Example 1>Sampla 1;|"
        "health care>cúram sláinte;free>saor in aisce;|First.>Ar dtús.;Then.>;"
    )


def test_system_message_that_is_blank_is_left_out() -> None:
    roles = [message["role"] for message in render(template(system="  \n"), FILLING)]
    assert roles == ["user"]
    roles = [message["role"] for message in render(template(system="Translate."), FILLING)]
    assert roles == ["system", "user"]


def test_language_in_two_scripts_is_named_with_its_script() -> None:
    filling = replace(FILLING, tgt_lang="zho_Hant", src_lang="ace_Arab")
    text = user_message(built_in("Zero-shot"), filling)
    assert "from Acehnese (Arabic script) into Chinese (Traditional)" in text


def test_unknown_language_is_an_error() -> None:
    with pytest.raises(ConfigError, match="'ga' is not a FLORES-200"):
        render(template(), replace(FILLING, tgt_lang="ga"))


def test_fixed_examples_stand_before_those_given_and_never_show_the_answer() -> None:
    pairs = [{"source": "One", "target": "A haon"}, {"source": " Two ", "target": "A dó"}]
    fixed = template(
        "{% for pair in examples %}{{ pair.source }};{% endfor %}{{ source }}",
        num_examples=5,
        examples_from="fixed",
        fixed_examples=pairs,
    )
    assert user_message(fixed, FILLING) == "One; Two ;Health care is free."
    assert user_message(fixed, replace(FILLING, source="Two")) == "One;Two"
    without = fixed.changed(fixed_examples=())
    assert user_message(without, FILLING).startswith("Example 0;Example 1;")


@pytest.mark.parametrize("made", built_in_templates(), ids=lambda made: made.name)
@pytest.mark.parametrize("filling", [FILLING, Filling("Hello", "eng_Latn", "gle_Latn")])
def test_built_in_templates_name_the_languages_and_show_the_source(
    made: Template, filling: Filling
) -> None:
    text = render_completion(made, filling)
    assert "English" in text and "Irish" in text and filling.source in text
    assert "{{" not in text and "{%" not in text
    assert user_message(made, filling) == user_message(made, filling).strip()
    assert "\n\n\n" not in user_message(made, filling) or not filling.draft
    if made.style == "chat":
        assert "only the translation" in text


@pytest.mark.parametrize(
    ("name", "shown", "hidden"),
    [
        ("Zero-shot", [], ["Sampla", "cúram", "dtús"]),
        ("Fixed few-shot", ["Sampla 4"], ["Sampla 5", "cúram"]),
        ("Retrieved few-shot", ["Example 4"], ["Sampla 5", "cúram"]),
        ("Glossary", ["health care = cúram sláinte"], ["carr", "Sampla"]),
        ("Document context", ["Irish: Ar dtús.", "English: Then."], ["Sampla", "cúram"]),
        ("Translate, then refine", ["Draft in Irish:\nTá cúram sláinte saor."], ["Sampla"]),
        ("Post-edit a draft", ["Draft in Irish:\nTá cúram sláinte saor."], ["Sampla"]),
    ],
)
def test_built_in_template_shows_what_it_is_named_for(
    name: str, shown: list[str], hidden: list[str]
) -> None:
    text = render_completion(built_in(name), FILLING)
    assert all(part in text for part in shown)
    assert not any(part in text for part in hidden)


def test_refining_asks_for_a_translation_first() -> None:
    made = built_in("Translate, then refine")
    first = user_message(made, replace(FILLING, draft=""))
    assert first == user_message(built_in("Zero-shot"), FILLING)
    assert "Draft" in user_message(made, FILLING)


def test_completion_is_lines_in_turn_that_the_model_goes_on() -> None:
    filling = replace(
        FILLING, source=" It is \r\n\n raining. ", examples=(("Good\nday", "Dia\u2028duit"),)
    )
    text = "English: Good day\nIrish: Dia duit\n\nEnglish: It is raining.\nIrish:"
    made = built_in("Completion")
    assert render(made, filling) == [{"role": "user", "content": text}]
    assert render_completion(made, filling) == text
    assert made.stop == ("\n",)
    with_system = made.changed(system="Proverbs.\n")
    assert render_completion(with_system, filling) == f"Proverbs.\n\n{text}"


@pytest.mark.parametrize(
    "filling",
    [
        replace(FILLING, source="x" * 400_001),
        replace(FILLING, source="x" * 150_000, draft="y" * 150_000, context=(("z" * 150_000, ""),)),
        replace(FILLING, context=tuple(("a", "b") for _ in range(1_001))),
    ],
)
def test_prompt_without_bounds_is_one_error(filling: Filling) -> None:
    with pytest.raises(ConfigError, match="400,000 characters|1,005 examples, terms and context"):
        render(template(**ALL), filling)


def test_template_that_multiplies_the_source_is_stopped() -> None:
    many = template("{{ source }}" * 800)
    assert len(user_message(many, replace(FILLING, source="x" * 500))) == 400_000
    with pytest.raises(ConfigError, match="more than 400,000 characters"):
        render(many, replace(FILLING, source="x" * 399_000))
    both = template("{{ source }}", system="{{ source }}")
    with pytest.raises(ConfigError, match="more than 400,000 characters"):
        render(both, replace(FILLING, source="x" * 300_000))


def test_comparison_of_a_text_with_a_number_is_one_error() -> None:
    with pytest.raises(ConfigError, match="^The prompt template cannot be filled: '>' not supp"):
        render(template("{% if source > 3 %}x{% endif %}{{ source }}"), FILLING)


@pytest.mark.parametrize(
    "user", ["{{ source.__class__ }}", "{% for i in range(10**9) %}{% endfor %}", "{{ 9**9**9 }}"]
)
def test_template_that_went_round_the_check_cannot_be_filled(user: str) -> None:
    made = Template.model_construct(**{**template().model_dump(), "user": user})
    with pytest.raises(ConfigError, match="^The prompt template cannot be filled: Line 1"):
        render(made, FILLING)


@pytest.mark.parametrize(
    ("source", "terms", "found"),
    [
        ("Health  CARE", ["health care", "care", "car"], ["health care"]),
        ("The category", ["cat"], []),
        ("A cat.", ["cat", "Cat"], ["cat", "Cat"]),
        ("STRASSE", ["straße"], ["straße"]),
        ("cafe\u0301", ["café"], ["café"]),
        ("d’imigh", ["d'imigh"], ["d'imigh"]),
        ("हिन्दी भाषा है", ["भाषा", "हिन्द", "हिन्दी"], ["भाषा", "हिन्दी"]),
        ("我喜欢猫", ["猫", "喜欢", "狗"], ["猫", "喜欢"]),
        ("ภาษาไทย", ["ไทย"], ["ไทย"]),
        ("C++ and C#", ["c++", "c"], ["c++", "c"]),
        ("", ["", "x"], []),
        ("x", ["", " "], []),
    ],
)
def test_terms_are_found_by_whole_words(source: str, terms: list[str], found: list[str]) -> None:
    pairs = [(term, f"-{term}-") for term in terms]
    assert terms_in(source, pairs) == tuple((term, f"-{term}-") for term in found)


def test_term_with_two_translations_is_shown_with_both() -> None:
    pairs = (("bank", "banc"), ("dog", "madra"), ("Bank", "bruach"))
    assert terms_in("The bank", pairs) == (pairs[0], pairs[2])


TEXTS = st.text(st.sampled_from("{%}# a\n\ud800'\"।我x*"), max_size=12)
PAIRS = st.tuples(TEXTS, TEXTS)


@given(TEXTS, st.lists(PAIRS, max_size=3), st.lists(PAIRS, max_size=3), TEXTS)
def test_every_filling_gives_messages_that_can_be_sent(
    source: str, examples: list[tuple[str, str]], glossary: list[tuple[str, str]], draft: str
) -> None:
    filling = Filling(
        source, "eng_Latn", "hin_Deva", tuple(examples), tuple(glossary), tuple(examples), draft
    )
    for made in built_in_templates():
        for message in render(made, filling):
            assert set(message) == {"role", "content"}
            message["content"].encode("utf-8")
