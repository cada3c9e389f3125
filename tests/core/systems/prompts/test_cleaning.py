from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.systems.prompts.cleaning import clean_output, clean_so_far


def clean(raw: str, source: str = "") -> str:
    return clean_output(raw, source=source, tgt_language="Irish")


@pytest.mark.parametrize(
    ("raw", "source"),
    [
        ("", ""),
        ("Dia duit", "Hello"),
        ("Tuairisc: Tá sé anseo", "Report: It is here"),
        ("Tuairisc: Tá sé anseo", "The report says it is here"),
        ("Nóta: Tá sé dúnta", "Note: It is closed"),
        ("Note: it is closed", "Nóta: tá sé dúnta"),
        ("Translation: a guide", "Aistriúchán: treoir"),
        ("Translation: a guide", "Aistriúchán – treoir"),
        ("Aistriúchán: treoir", "Translation: a guide"),
        ("Irish: Gaeilge", "Gaeilge: Irish"),
        ("Here is the translation: it is short", "Seo an t-aistriúchán: tá sé gearr"),
        ("Here is the translation:\n\nIt is short", "Seo an t-aistriúchán:\n\nTá sé gearr"),
        ("Here is the translation of the text on page 3.", "Seo an t-aistriúchán"),
        ("Sure! Here it is.", "Cinnte! Seo é."),
        ("Translation:", "Translation:"),
        ("The translation is: ", "x"),
        ("Translations: 5", "Aistriúcháin 5"),
        ("The translation costs: 5 euro", "x"),
        ('"Dia duit"', '"Hello"'),
        ("«Dia duit»", "“Hello”"),
        ("„Dia“ agus „duit“", ""),
        ('"Dia duit," a dúirt sí, "a chara"', '"Hello," she said, "friend"'),
        ('"Dia" agus "duit"', ""),
        ("'Na buachaillí'", "'The boys'"),
        ("'Twas the cart of the boys'", "x"),
        ('"', ""),
        ('""', ""),
        ("'", ""),
        ("****", ""),
        ('Scríobh "Dia duit"', ""),
        ("**Dia** agus **duit**", ""),
        ("Líne 1\nLíne 2\n\nLíne 3", ""),
        ("A\n\nNote: b", "A\n\nNóta: b"),
        ("It is shut.\n\nNote: open tomorrow.", "Tá sé dúnta. Nóta: ar oscailt amárach."),
        ("Introduction that nobody knows:\n\nNote: it is shut.", "Nóta: tá sé dúnta."),
        ("Dia duit\nNote: b", ""),
        ("Note: b\n\nNote that this is good.", ""),
        ("A\n\nNote: b\n\nC goes on", ""),
        ("Scríobh `ls` anseo", ""),
        ("```\nls\n```", "```\nls\n```"),
        ("Cliceáil <think>x</think>", "Click <think>x</think>"),
        ("a < b <thin", ""),
        ("Dia duit <think> gan deireadh", ""),
    ],
)
def test_a_translation_is_never_eaten(raw: str, source: str) -> None:
    assert clean(raw, source) == raw.strip()


@pytest.mark.parametrize(
    "raw",
    [
        "  Dia duit \n",
        "<think>Hm.</think>Dia duit",
        "<think>\nHm: a\n\nb\n</think>\n\nDia duit",
        "<THINKING>Hm.</THINKING>Dia duit",
        "<think></think><think>b</think>Dia duit",
        "<think>a<think>b</think>c</think>Dia duit",
        "The user wants Irish.\n</think>\n\nDia duit",
        "Dia duit</think>",
        "```\nDia duit\n```",
        "```irish\nDia duit\n```",
        "```text\nDia duit",
        "Here is the translation:\n```\nDia duit\n```\n\nNote: this is formal.",
        "Here is the translation: Dia duit",
        "Here’s the translation:\n\nDia duit",
        "Sure! Here's the Irish translation:\n\nDia duit",
        "Certainly, here is the text translated into Irish:\nDia duit",
        "Of course! I can help with that. Here is the Irish version: Dia duit",
        "Below is the refined version:\n\nDia duit",
        "The Irish translation is: Dia duit",
        'The translation of "Hello" into Irish is:\n\n**Dia duit**',
        "Translation: Dia duit",
        "translation：Dia duit",
        "Final translation in Irish:\nDia duit",
        "Irish Translation (formal): Dia duit",
        "**Translation:** Dia duit",
        "**Translation**: Dia duit",
        "*Irish:* Dia duit",
        "**Irish: Dia duit**",
        "### Irish translation\n\nDia duit",
        "**Translation**\nDia duit",
        "Irish: Dia duit",
        "Irish (Gaeilge): Dia duit",
        "Aistriúchán: Dia duit",
        "翻译：Dia duit",
        "Translation: Irish: Translation: Dia duit",
        '"Dia duit"',
        "“Dia duit”",
        "„Dia duit“",
        "”Dia duit”",
        "'Dia duit'",
        "‘Dia duit’",
        "«Dia duit»",
        "« Dia duit »",
        "»Dia duit«",
        "「Dia duit」",
        "`Dia duit`",
        "“«Dia duit»”",
        "Dia duit\n\nNote: a greeting.",
        "Dia duit\n\n(Note: a greeting.)",
        "Dia duit\n \n**Note:** a greeting.\n\n- one\n- two\n\n2. three",
        "Dia duit\n\nTranslator's note: a greeting.",
        "Dia duit\n\nExplanation:\n* a\n\nNotes: b",
        "Dia duit\n\nLet me know if you need more!",
        "Dia duit\n\nI hope this helps.\n\nIf you'd like, I can explain.",
        '<think>x</think>Sure! Here is the Irish translation:\n\n```\n"Dia duit"\n```\n\nNote: b',
    ],
)
@pytest.mark.parametrize("source", ["", "Hello", "Hello there, how are you?"])
def test_what_stands_around_a_translation_goes(raw: str, source: str) -> None:
    assert clean(raw, source) == "Dia duit"


@pytest.mark.parametrize(
    ("raw", "source", "expected"),
    [
        ("Translation: Nóta: tá sé dúnta", "Note: it is shut", "Nóta: tá sé dúnta"),
        (
            "Here is the translation:\n\nNóta: tá sé dúnta\n\nNote: I kept the label.",
            "Note: it is shut",
            "Nóta: tá sé dúnta",
        ),
        ("Here is the translation:\n\nTá sé déanach", "Mind: it is late", "Tá sé déanach"),
        ("Am: 10:30\n\nNote: a time.", "Time: 10:30", "Am: 10:30"),
        ("Translation: Aistriúchán:", "Translation:", "Aistriúchán:"),
        ("A\n\nB\n\nNote: c", "A\n\nB", "A\n\nB"),
        ("A\n\nNóta: b\n\nNote: c\n\nAnd more.", "A\n\nNote: b", "A\n\nNóta: b"),
        ('Translation: "Dia duit"', '"Hello"', '"Dia duit"'),
        ("'D'imigh sé amach.'", "He went out.", "D'imigh sé amach."),
        ("```\nA\n  B\n\n\nC\n```", "A\n  B\n\n\nC", "A\n  B\n\n\nC"),
        ("Here is the translation:\n\nA\n\nB", "A\n\nB", "A\n\nB"),
        ("Freagra <think>x</think> glan", "Answer", "Freagra  glan"),
        ("<think>only thoughts, cut off", "Hello", ""),
        ("<think>x</think>", "Hello", ""),
    ],
)
def test_source_tells_what_belongs_to_the_translation(raw: str, source: str, expected: str) -> None:
    assert clean(raw, source) == expected


def test_talk_in_english_may_belong_to_a_translation_into_english() -> None:
    raw = "The work is done.\n\nLet me know if you need more."
    source = "Tá an obair déanta. Abair liom má tá níos mó uait."
    assert clean_output(raw, source=source, tgt_language="English") == raw
    assert clean_output(raw, source=source) == raw
    assert clean_output(raw, source=source, tgt_language="Irish") == "The work is done."


def test_language_is_known_with_and_without_its_script() -> None:
    language = "Chinese (Simplified)"
    for label in ("Chinese (Simplified): ", "Chinese: ", "Here is the Chinese text:\n"):
        assert clean_output(f"{label}你好", tgt_language=language) == "你好"
    assert clean_output("Irish: 你好", tgt_language=language) == "Irish: 你好"
    assert clean_output("Irish: 你好") == "Irish: 你好"


PIECES = [
    "<think>", "</think>", "```", "```\n", "\n", "\n\n", " ", "Note:", "(Note: x)", "Let me know",
    '"', "'", "“", "”", "„", "«", "»", "「", "」", "**", "`", "Translation:", "Irish:", "Sure!",
    " a", ": ", "Here is the translation", "# ", "- b", "é", "好", "भा", "\ud800", "\x00", "\u202e",
    "：", "Nóta: ",
]  # fmt: skip
ANSWERS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@given(ANSWERS, st.one_of(st.just(""), ANSWERS), st.sampled_from(["", "Irish", "English"]))
@example('Sure! Here is the translation: "```\na\n```"\n\nNote: x', "", "Irish")
def test_what_is_clean_stays_as_it_is(raw: str, source: str, language: str) -> None:
    cleaned = clean_output(raw, source=source, tgt_language=language)
    assert clean_output(cleaned, source=source, tgt_language=language) == cleaned


@given(ANSWERS, ANSWERS)
def test_cleaning_only_takes_away(raw: str, source: str) -> None:
    rest = iter(raw)
    assert all(char in rest for char in clean(raw, source))


@given(ANSWERS)
def test_a_translation_alike_its_source_stays(text: str) -> None:
    assert clean(text, text) == text.strip()


@pytest.mark.parametrize(
    "unit",
    ["<think>", "</think>", "<think></think>", "```\n", '"', "'a", "“", "**", "Translation: ",
     "\n\n", "\n ", "a\n\nNote: b", "\n\nNote: b", "\n\n- b", "Sure! ", "Here is ", "# ", ":", "a ",
     "好", "**Translation:** ", "Irish translation of ", "(Note: "],
)  # fmt: skip
@pytest.mark.parametrize("source", ["", "Hello"])
def test_long_hostile_answers_are_cleaned(unit: str, source: str) -> None:
    text = unit * (100_000 // len(unit))
    assert len(clean(text, source)) <= len(text)
    assert len(clean(f"Translation: {text} end", source)) <= len(text) + 17
    clean_so_far(text)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("", ""),
        ("<", ""),
        ("<th", ""),
        (" <think", ""),
        ("<think>", ""),
        ("<think>Hm, so", ""),
        ("<think>Hm</thi", ""),
        ("<think>Hm</think>", ""),
        ("<think>Hm</think>\n\nDia", "Dia"),
        ("<table>", "<table>"),
        ("Dia ", "Dia "),
        ("Dia <b", "Dia <b"),
        ("Hm</think>Dia", "Dia"),
    ],
)
def test_thoughts_are_hidden_while_they_are_written(raw: str, shown: str) -> None:
    assert clean_so_far(raw) == shown


def test_growing_answer_never_shows_a_thought() -> None:
    answer = "<think>secret plan</think>\nDia duit"
    for length in range(len(answer) + 1):
        assert "Dia duit".startswith(clean_so_far(answer[:length]))
