from __future__ import annotations

import os
from typing import Any

import pytest

from core.corpora.segments import write_segments
from core.errors import ConfigError, DataError
from core.storage.workspace import Workspace
from core.systems.prompt_choice import (
    MAX_GLOSSARY_LINES,
    PromptChoice,
    Prompter,
    all_templates,
    find_template,
    glossary_pairs,
)
from core.systems.prompting import messages_of, zero_shot
from core.systems.prompts.built_in import built_in_templates
from core.systems.protocol import Request
from tests.core.systems.scripted import Scripted
from tests.core.systems.small_corpus import TEST, TRAIN, add_corpus

DIRECTION = ("eng_Latn", "gle_Latn")


def save(workspace: Workspace, name: str, **values: Any) -> None:
    values = {"user": "{{ source }}", **values, "name": name}
    workspace.templates.save(name, values)


def prompter(
    workspace: Workspace, direction: tuple[str, str] = DIRECTION, **values: Any
) -> Prompter:
    return Prompter(workspace, PromptChoice.parse(values), *direction)


# Templates


def test_templates_are_ours_and_the_newest_of_the_users(workspace: Workspace) -> None:
    for text in ("{{ source }}", "Say: {{ source }}"):
        save(workspace, "Mine", user=text)
    found = all_templates(workspace)
    assert list(found) == [each.name for each in built_in_templates()] + ["Mine"]
    template, version = found["Mine"]
    assert (template.user, version) == ("Say: {{ source }}", 2)
    assert found["Zero-shot"] == (zero_shot(), 0)


def test_changed_template_of_ours_takes_its_place(workspace: Workspace) -> None:
    save(workspace, "Zero-shot", user="Translate: {{ source }}")
    found = all_templates(workspace)
    assert next(iter(found)) == "Zero-shot"
    assert found["Zero-shot"][1] == 1
    assert find_template(workspace, "Zero-shot")[0].user == "Translate: {{ source }}"
    workspace.templates.delete("Zero-shot")
    assert find_template(workspace, "Zero-shot") == (zero_shot(), 0)


def test_earlier_version_of_a_template_can_be_asked_for(workspace: Workspace) -> None:
    for text in ("{{ source }}", "Say: {{ source }}"):
        save(workspace, "Mine", user=text)
    assert find_template(workspace, "Mine", 1)[0].user == "{{ source }}"
    assert find_template(workspace, "Mine", 2) == find_template(workspace, "Mine")


def test_unknown_template_names_those_that_exist(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="There is no prompt template 'Zero'") as caught:
        find_template(workspace, "Zero")
    assert "Zero-shot, Fixed few-shot" in caught.value.hint
    with pytest.raises(ConfigError, match="There is no prompt template 'Zero-shot' version 3"):
        find_template(workspace, "Zero-shot", 3)


# Glossary


GLOSSARIES: list[tuple[str, list[tuple[str, str]]]] = [
    ("", []),
    (" \n\t\n\r\n", []),
    ("nurse\taltra", [("nurse", "altra")]),
    ("nurse = altra", [("nurse", "altra")]),
    ("nurse=altra", [("nurse", "altra")]),
    ("  nurse \t altra  \r\n\n doctor\tdochtúir", [("nurse", "altra"), ("doctor", "dochtúir")]),
    # A term may have the mark itself.
    ("a = b\tc = d", [("a = b", "c = d")]),
    ("E=mc² = E=mc²", [("E=mc²", "E=mc²")]),
    ("a = b = c", [("a", "b = c")]),
    ("a\tb\tc", [("a", "b\tc")]),
    ("परिचारिका\tnurse 👩🏽‍⚕️", [("परिचारिका", "nurse 👩🏽‍⚕️")]),
    ("אחות = e\u0301", [("אחות", "e\u0301")]),
    ("nurse = altra\nnurse = banaltra", [("nurse", "altra"), ("nurse", "banaltra")]),
]


@pytest.mark.parametrize(("text", "pairs"), GLOSSARIES)
def test_glossary_has_two_columns(text: str, pairs: list[tuple[str, str]]) -> None:
    assert glossary_pairs(text) == tuple(pairs)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nurse", "Line 1 of the glossary, 'nurse', has no two columns."),
        ("a\tb\n\n\nnurse altra", "Line 4 of the glossary, 'nurse altra', has no two columns."),
        ("nurse\t", "Line 1 of the glossary, 'nurse', has no two columns."),
        ("\taltra", "Line 1 of the glossary, 'altra', has no two columns."),
        ("= altra", "Line 1 of the glossary, '= altra', has no two columns."),
        ("=", "Line 1 of the glossary, '=', has no two columns."),
        ("x" * 100_000, f"Line 1 of the glossary, '{'x' * 60}', has no two columns."),
    ],
)
def test_line_without_two_columns_is_named(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        glossary_pairs(text)
    assert caught.value.message == sentence
    assert "`term = translation`" in caught.value.hint


def test_endless_glossary_is_refused() -> None:
    assert len(glossary_pairs("a\tb\n\n" * MAX_GLOSSARY_LINES)) == MAX_GLOSSARY_LINES
    with pytest.raises(ConfigError, match="The glossary has 5001 lines; 5000 are allowed"):
        glossary_pairs("a\tb\n" * (MAX_GLOSSARY_LINES + 1))


# Filling


def test_plain_choice_needs_nothing(workspace: Workspace) -> None:
    found = prompter(workspace).prompting_for("Hello")
    assert found.template == zero_shot()
    assert (found.examples, found.glossary, found.context) == ((), (), ())
    assert found.draft_system is None and found.cleans
    assert (found.label, found.template_version) == ("Zero-shot", 0)


def test_version_of_the_template_is_told(workspace: Workspace) -> None:
    for text in ("{{ source }}", "Say: {{ source }}"):
        save(workspace, "Mine", user=text)
    newest = prompter(workspace, template="Mine")
    assert newest.prompting_for("x").label == "Mine v2"
    first = prompter(workspace, template="Mine", template_version=1).prompting_for("x")
    assert (first.label, first.template.user) == ("Mine v1", "{{ source }}")


def test_choice_reaches_the_prompting(workspace: Workspace) -> None:
    system = Scripted("MT")
    choice = PromptChoice(cleans=False)
    found = Prompter(workspace, choice, *DIRECTION, draft_system=system).prompting_for("x")
    assert found.draft_system is system
    assert found.cleans is False


def test_glossary_counts_only_where_the_template_shows_it(workspace: Workspace) -> None:
    text = "nurse\taltra\ndoctor\tdochtúir"
    shown = prompter(workspace, template="Glossary", glossary=text).prompting_for("The nurse.")
    assert shown.glossary == (("nurse", "altra"), ("doctor", "dochtúir"))
    (_, message) = messages_of(Request("The nurse.", *DIRECTION, prompting=shown))
    assert "nurse = altra" in message["content"] and "doctor" not in message["content"]
    assert prompter(workspace, glossary="no columns").prompting_for("x").glossary == ()
    with pytest.raises(ConfigError, match="has no two columns"):
        prompter(workspace, template="Glossary", glossary="no columns")


def test_context_of_the_form_stands_in_where_there_is_none(workspace: Workspace) -> None:
    values = {"template": "Document context", "context": " One. \n\n\tTwo.\n"}
    found = prompter(workspace, **values)
    assert found.prompting_for("x").context == (("One.", ""), ("Two.", ""))
    given = [("Before.", "Roimhe.")]
    assert found.prompting_for("x", given).context == (("Before.", "Roimhe."),)


def test_similar_pairs_of_the_corpus_become_examples(workspace: Workspace) -> None:
    add_corpus(workspace)
    found = prompter(workspace, template="Retrieved few-shot", corpus="Small")
    prompting = found.prompting_for("The nurse writes a book.")
    assert prompting.examples[:2] == (TRAIN[0], TRAIN[1]) or prompting.examples[:2] == (
        TRAIN[1],
        TRAIN[0],
    )
    assert TRAIN[3] not in prompting.examples  # shares no word
    (_, message) = messages_of(Request("The nurse writes a book.", *DIRECTION, prompting=prompting))
    assert "Irish: Scríobhann an t-altra litir." in message["content"]


def test_examples_are_turned_with_the_direction(workspace: Workspace) -> None:
    corpus = add_corpus(workspace)
    found = prompter(
        workspace, ("gle_Latn", "eng_Latn"), template="Retrieved few-shot", corpus=corpus.id
    )
    examples = found.prompting_for("Scríobhann an dochtúir litir.").examples
    assert (TRAIN[0][1], TRAIN[0][0]) in examples


def test_no_example_gives_the_answer_away(workspace: Workspace) -> None:
    add_corpus(workspace, train=[*TRAIN, TEST[0]])
    values = {"template": "Retrieved few-shot", "corpus": "Small"}
    asked = TEST[0][0]
    assert TEST[0] not in prompter(workspace, **values).prompting_for(asked).examples
    leaky = prompter(workspace, **values, excludes_leaks=False).prompting_for(asked)
    assert leaky.examples[0] == TEST[0]
    # Nor is the very segment shown that is asked for.
    assert TRAIN[0] not in prompter(workspace, **values).prompting_for(TRAIN[0][0]).examples


def test_examples_that_are_not_similar_enough_are_left_out(workspace: Workspace) -> None:
    add_corpus(workspace)
    values = {"template": "Retrieved few-shot", "corpus": "Small"}
    asked = "The doctor reads a letters."
    near = prompter(workspace, **values, min_similarity=90).prompting_for(asked)
    assert near.examples == (TRAIN[2],)
    none = prompter(workspace, **values, min_similarity=100).prompting_for(asked)
    assert none.examples == ()


def test_template_decides_how_many_examples_there_are(workspace: Workspace) -> None:
    add_corpus(workspace)
    loop = "{% for e in examples %}{{ e.source }}{{ e.target }}{% endfor %}{{ source }}"
    save(workspace, "One", user=loop, num_examples=1, examples_from="retrieved")
    save(workspace, "None", user=loop, num_examples=0, examples_from="retrieved")
    one = prompter(workspace, template="One", corpus="Small").prompting_for("The nurse writes.")
    assert len(one.examples) == 1
    assert prompter(workspace, template="None").prompting_for("The nurse writes.").examples == ()


def test_corpus_that_was_split_again_is_another_one(workspace: Workspace) -> None:
    corpus = add_corpus(workspace)
    values = {"template": "Retrieved few-shot", "corpus": "Small"}
    asked = "The nurse writes a book."
    assert TRAIN[0] in prompter(workspace, **values).prompting_for(asked).examples
    path = workspace.split_file(corpus.id, "train")
    write_segments(path, [("The nurse writes a song.", "Scríobhann an t-altra amhrán.")])
    os.utime(path, ns=(1, 1))
    (example,) = prompter(workspace, **values).prompting_for(asked).examples
    assert example[0] == "The nurse writes a song."


@pytest.mark.parametrize(
    ("values", "error", "sentence"),
    [
        ({"template": "No such"}, ConfigError, "There is no prompt template 'No such'"),
        (
            {"template": "Retrieved few-shot"},
            ConfigError,
            "The template 'Retrieved few-shot' .* examples, and no corpus was chosen",
        ),
        (
            {"template": "Retrieved few-shot", "corpus": "No such"},
            DataError,
            "There is no corpus 'No such'",
        ),
        (
            {"template": "Retrieved few-shot", "corpus": "Empty"},
            DataError,
            "The train split of 'Empty' is empty",
        ),
    ],
)
def test_what_is_missing_is_told_before_anything_is_asked(
    values: dict[str, Any], error: type[Exception], sentence: str, workspace: Workspace
) -> None:
    add_corpus(workspace, name="Empty", train=[])
    with pytest.raises(error, match=sentence):
        prompter(workspace, **values)


def test_corpus_of_other_languages_gives_no_examples(workspace: Workspace) -> None:
    add_corpus(workspace)
    with pytest.raises(ConfigError, match="holds eng_Latn and gle_Latn, examples are asked for"):
        prompter(workspace, ("eng_Latn", "mar_Deva"), template="Retrieved few-shot", corpus="Small")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"template": "x" * 81}, "template: "),
        ({"template_version": -1}, "template_version: "),
        ({"min_similarity": 100.5}, "min_similarity: "),
        ({"glossary": "x" * 500_001}, "glossary: "),
        ({"examples": 3}, "examples: "),
    ],
)
def test_choice_that_does_not_fit_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PromptChoice.parse(values)
    assert sentence in caught.value.message
