"""A corpus's page: its segments shown exactly, its statistics, its tokens, and splitting it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.corpora import kept
from app.corpora.invisible import hidden_characters, made_visible
from app.corpora.split_view import has_published_splits
from app.corpora.token_wording import percent
from core.corpora import works
from core.corpora.formats.files import MemoryFile
from core.corpora.histogram import Histogram, Spread
from core.corpora.importing import ImportSettings, import_corpus
from core.corpora.segments import Pair, Row
from core.corpora.storing import store_corpus
from core.finetune.token_lengths import SideTokens, SplitTokens, TokenLengths
from core.finetune.token_task import TokenSettings
from core.jobs import queue
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.workspace import Workspace
from tests.pages.reading import button, shown
from tests.pages.test_pages import opened

MARKUP = "*a* <b> $x$ :red[y]"
RTL = "مرحبا (London) 2024."
HIDDEN = "  tab\there\nnext\u2028e\u0301\u200d\u00a0"
PAIRS = [Row(MARKUP, RTL), Row(HIDDEN, "एक क्षि"), Row("Wash your hands.", "")]

# What is searched, on which side, as an expression; rows that hold it; what is said.
SEARCHES: list[tuple[str, str, bool, list[int], str]] = [
    ("HANDS", "both", False, [3], "1 segment of the train split matches."),
    ("hands", "target", False, [], "0 segments of the train split match."),
    ("hands", "source", False, [3], "1 segment"),
    ("\u00e9", "both", False, [2], "1 segment"),  # it stands there as e and an accent
    (r"^\w+ your", "both", True, [3], "1 segment"),
    (r"\d{4}", "both", True, [1], "1 segment"),
    (r"\d{4}", "both", False, [], "0 segments"),
]

Stored = Callable[..., Corpus]


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay in the queue: nothing here needs what they would do."""
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: None)


@pytest.fixture
def stored(workspace: Workspace) -> Stored:
    """Stores pairs as the training split of a corpus; two more each are dev and test."""

    def make(pairs: Sequence[Pair | Row] = PAIRS, **values: Any) -> Corpus:
        others = [("dev one", "dev a haon"), ("dev two", "dev a dó")]
        return store_corpus(
            workspace,
            name=values.pop("name", MARKUP),
            src_lang="eng_Latn",
            tgt_lang=values.pop("tgt_lang", "gle_Latn"),
            splits={"train": pairs, "dev": others, "test": values.pop("test", others)},
            **values,
        )

    return make


@pytest.fixture
def part(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens one part of a corpus's page."""

    def open_part(corpus: Corpus, name: str) -> AppTest:
        app = opened(workspace, monkeypatch, "corpus", id=corpus.id, part=name)
        assert not app.exception
        return app

    return open_part


Part = Callable[[Corpus, str], AppTest]


def choose_row(app: AppTest, number: int) -> AppTest:
    selection = {"selection": {"rows": [number], "columns": [], "cells": []}}
    app.session_state[app.dataframe[0].key] = selection
    return app.run()


def whole_texts(app: AppTest) -> list[str]:
    """Gives what the component that shows a text exactly was given."""
    found = [each.proto.json for each in app.get("bidi_component")]
    return [json.loads(each)["copy"] for each in found]


def field(app: AppTest, kind: str, label: str) -> Any:
    return next(each for each in app.get(kind) if each.label == label)


def test_rows_stand_in_the_list_with_their_numbers_as_they_are(stored: Stored, part: Part) -> None:
    app = part(stored(), "Segments")
    table = app.dataframe[0].value
    assert list(table["Row"]) == [1, 2, 3]
    assert list(table["Source: English"]) == [row.source for row in PAIRS]
    assert list(table["Target: Irish"]) == [row.target for row in PAIRS]
    assert "3 train segments" in shown(app)


@pytest.mark.parametrize("document", ["", "<b>doc</b>"])
def test_documents_stand_there_only_where_one_is_known(
    stored: Stored, part: Part, document: str
) -> None:
    app = part(stored([Row("one", "a haon"), Row("two", "a dó", document)]), "Segments")
    assert ("Document" in app.dataframe[0].value) is bool(document)
    # A text that speaks of documents is none.
    other = stored([('"document": "x"', '{"document":"y"}')], name="other")
    assert kept.has_documents(other) is False
    if document:
        app = choose_row(app, 1)
        assert document in [each.value for each in app.text]


def test_an_empty_split_is_said_to_be_empty(stored: Stored, part: Part) -> None:
    app = part(stored(test=()), "Segments")
    field(app, "button_group", "Split").set_value("test")
    app = app.run()
    assert "The test split is empty (3 train segments, 2 dev segments, 0 test segments)" in shown(
        app
    )
    assert not app.dataframe


def test_search_finds_words_and_expressions_on_the_chosen_side(stored: Stored, part: Part) -> None:
    app = part(stored(), "Segments")
    for search, side, is_pattern, rows, said in SEARCHES:  # a page for each takes long to open
        field(app, "text_input", "Search").set_value(search)
        field(app, "selectbox", "In").set_value(side)
        field(app, "toggle", "Regular expression").set_value(is_pattern)
        app = app.run()
        assert said in shown(app), search
        found = [list(each.value["Row"]) for each in app.dataframe]
        assert found == ([rows] if rows else []), search


def test_a_wrong_expression_is_said_in_its_place(stored: Stored, part: Part) -> None:
    app = part(stored(), "Segments")
    field(app, "text_input", "Search").set_value("(a+")
    app = field(app, "toggle", "Regular expression").set_value(True).run()
    (warning,) = app.warning
    assert "is no regular expression" in warning.value
    assert len(app.tabs) == 8  # the page is whole


def test_pages_go_on_where_the_one_before_ended(stored: Stored, part: Part) -> None:
    app = part(stored([(f"segment {n}", f"abairt {n}") for n in range(1, 121)]), "Segments")
    assert list(app.dataframe[0].value["Row"]) == list(range(1, 51))
    app = app.pagination[0].select(3).run()
    assert list(app.dataframe[0].value["Row"]) == list(range(101, 121))
    field(app, "text_input", "Search").set_value("segment 1")
    app = app.run()  # another question begins at its first page
    assert list(app.dataframe[0].value["Row"])[:3] == [1, 10, 11]
    assert "32 segments of the train split match." in shown(app)


def test_the_chosen_row_is_shown_whole_and_exactly(stored: Stored, part: Part) -> None:
    long = "word " * 200
    app = part(stored([*PAIRS, (long, "fada")]), "Segments")
    assert app.dataframe[0].value["Source: English"][3].endswith("…")
    for number, (source, target, *_) in enumerate([*PAIRS, (long, "fada")]):
        app = choose_row(app, number)
        assert not app.exception
        assert whole_texts(app) == [source, target]


def test_invisible_characters_are_shown_on_demand_with_their_code_points(
    stored: Stored, part: Part
) -> None:
    app = choose_row(part(stored(), "Segments"), 1)
    app = field(app, "toggle", "Show invisible characters").set_value(True).run()
    assert made_visible(HIDDEN) in [each.value for each in app.text]
    table = next(each.value for each in app.dataframe if "Code point" in each.value)
    assert list(table["Code point"]) == [
        "U+0009", "U+000A", "U+2028", "U+0301", "U+200D", "U+00A0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        (" a  b ", "·a··b·"),
        ("a\tb\nc", "a⇥\tb¶\nc"),
        ("a\r\nb", "a⟨CR⟩¶\nb"),
        ("a\u00a0b\u200bc\u2028d", "a⟨NBSP⟩b⟨ZWSP⟩c⟨LS⟩\nd"),
        ("\u202eab\u202c\ufeff", "⟨U+202E⟩ab⟨U+202C⟩⟨BOM⟩"),
        ("क्\u200dष", "क्⟨ZWJ⟩ष"),
        ("❤\ufe0f", "❤⟨U+FE0F⟩"),
        ("\x00\ue000", "⟨U+0000⟩⟨U+E000⟩"),
        ("é مرحبا 🙂", "é·مرحبا·🙂"),
    ],
)
def test_what_cannot_be_seen_gets_a_sign(text: str, visible: str) -> None:
    assert made_visible(text) == visible


def test_hidden_characters_are_counted_by_name() -> None:
    found = hidden_characters("a\tb\tc e\u0301")
    assert [(each.code, each.name, each.count) for each in found] == [
        ("U+0009", "TABULATION", 2),
        ("U+0301", "COMBINING ACUTE ACCENT", 1),
    ]


def test_a_small_corpus_is_measured_at_once(stored: Stored, part: Part) -> None:
    pairs = [("two words", "dhá fhocal"), ("two words", "rud eile"), ("", "  ")]
    app = part(stored(pairs), "Statistics")
    table = app.dataframe[0].value
    english = table[(table["Split"] == "train") & (table["Side"] == "English")].iloc[0]
    wanted = {"Segments": 3, "Distinct": 2, "Words": 4, "Vocabulary": 2, "Characters": 18}
    assert {name: english[name] for name in wanted} == wanted
    irish = table[(table["Split"] == "train") & (table["Side"] == "Irish")].iloc[0]
    assert irish["Blank"] == 1 and english["Longest"] == 9
    repeated = next(each.value for each in app.dataframe if "First row" in each.value)
    assert repeated.to_dict("records") == [{"Times": 2, "First row": 1, "Segment": "two words"}]
    assert len(app.get("plotly_chart")) == 4
    assert not [each for each in app.button if each.label == "Measure"]


def test_a_side_in_another_language_is_warned_of(stored: Stored, part: Part) -> None:
    english = [
        (f"Wash your hands {n} times a day.", f"Please keep a safe distance of {n} metres.")
        for n in range(20)
    ]
    app = part(stored(english), "Statistics")
    (warning,) = app.warning
    assert "The Irish side of train looks like English" in warning.value
    assert not part(stored(english[:19], name="few"), "Statistics").warning
    foreign = stored([("Good morning", "доброе утро")] * 3, name="foreign")
    assert "100% of the letters on the Irish side of train are of another script" in str(
        [each.value for each in part(foreign, "Statistics").warning]
    )


def test_a_large_corpus_is_measured_by_one_job(
    stored: Stored, part: Part, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MAX_MEASURED_AT_ONCE", 1)
    corpus = stored()
    app = button(part(corpus, "Statistics"), "Measure").click().run()
    assert not app.exception
    assert button(app, "Measure").disabled
    assert "This corpus is being measured." in shown(app)
    (work,) = workspace.corpus_jobs.of_corpus(corpus.id)
    assert (work.task, work.settings) == ("statistics", {"corpus": corpus.id})


def side_tokens(lang: str, *, longer: int = 0, unknown: int = 0, limit: int = 64) -> SideTokens:
    return SideTokens(
        lang=lang,
        max_length=limit,
        num_tokens=1000,
        num_longer=longer,
        lengths=Histogram((0.0, 50.0, 100.0), (100 - longer, longer)),
        length_spread=Spread(10, 1, 2, 5, 9, 20, 40, 70, 99),
        longest=((2, 99), (1, 7)),
        num_unknown=unknown,
        num_with_unknown=min(unknown, 5),
        unknown_characters=(("Ω", unknown), ("*", 1)) if unknown else (),
        tokens_per_word=1.5,
        tokens_per_character=0.3,
    )


def count_tokens(workspace: Workspace, corpus: Corpus, **values: Any) -> None:
    """Stores the result of a count as its job would."""
    settings = TokenSettings(corpus=corpus.id, base_model="starter", **values)
    sides = (side_tokens("eng_Latn", longer=3, unknown=1), side_tokens("gle_Latn", unknown=25))
    if settings.is_reversed:
        sides = sides[::-1]
    splits = {split: SplitTokens(100, 100, 3, *sides) for split in SPLITS}
    work = works.start(workspace, "tokens", settings)
    found = TokenLengths("starter", "NLLB", 1, splits)
    workspace.corpus_jobs.store_result(work.id, {"tokens": found.to_dict()})
    workspace.jobs.publish(work.id, "finished", "", {}, "2026-01-01T00:00:00.000+00:00")


@pytest.fixture
def with_starter(workspace: Workspace) -> None:
    """Lets the starter model seem to be there; nobody loads it."""
    workspace.starter_model.mkdir(parents=True)
    (workspace.starter_model / "config.json").write_text("{}")


@pytest.mark.usefixtures("with_starter")
def test_counting_tokens_starts_from_the_fine_tune_draft(
    stored: Stored, part: Part, workspace: Workspace
) -> None:
    corpus = stored()
    app = button(part(corpus, "Tokens"), "Count tokens").click().run()
    assert not app.exception
    (work,) = workspace.corpus_jobs.of_corpus(corpus.id)
    settings = TokenSettings.parse(work.settings)
    assert (settings.base_model, settings.is_reversed) == ("starter", False)
    assert (settings.max_source_length, settings.max_target_length) == (64, 64)
    assert button(app, "Count tokens").disabled
    assert "Tokens of this corpus are being counted." in shown(app)


def test_a_model_that_is_not_there_is_said_in_place(stored: Stored, part: Part) -> None:
    app = button(part(stored(), "Tokens"), "Count tokens").click().run()
    assert "The starter model has not been built yet." in shown(app)
    assert len(app.tabs) == 8


def test_without_a_model_tokens_cannot_be_counted(stored: Stored, part: Part) -> None:
    app = part(stored(), "Tokens")
    app = field(app, "selectbox", "Base model").set_value("Another hub id or folder …").run()
    assert button(app, "Count tokens").disabled
    assert "Type a hub id or a folder." in shown(app)


@pytest.mark.usefixtures("with_starter")
def test_what_would_be_cut_and_is_unknown_is_said_above_one_per_cent(
    stored: Stored, part: Part, workspace: Workspace
) -> None:
    corpus = stored()
    count_tokens(workspace, corpus)
    app = part(corpus, "Tokens")
    cut, unknown = (each.value.replace("\\", "") for each in (*app.error, *app.warning))
    assert "Train, English: 3.0 % of the segments (3) have more than 64 tokens" in cut
    assert "Irish" not in cut
    assert "Train, Irish: the model does not know 2.5 % of the tokens, because of Ω *." in unknown
    assert "English" not in unknown
    table = next(each.value for each in app.dataframe if "Cut" in each.value)
    assert list(table["Cut"]) == [3, 0] * 3
    assert list(table["Unknown tokens"])[:2] == ["0.1 %", "2.5 %"]
    assert "3 pairs of 100 in train would be cut on at least one side." in shown(app)


@pytest.mark.usefixtures("with_starter")
@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_longest_rows_are_shown_from_their_own_side(
    stored: Stored, part: Part, workspace: Workspace, is_reversed: bool
) -> None:
    corpus = stored([("one", "a haon"), ("two", "a dó")])
    count_tokens(workspace, corpus, is_reversed=is_reversed)
    tables = [each.value for each in part(corpus, "Tokens").dataframe if "Segment" in each.value]
    found = [list(each["Segment"]) for each in tables]
    assert found == ([["a dó", "a haon"], ["two", "one"]] if is_reversed else
                     [["two", "one"], ["a dó", "a haon"]])  # fmt: skip


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0.0 %"), (0.0001, "< 0.1 %"), (0.0123, "1.2 %"), (0.9999, "> 99.9 %"), (1, "100.0 %")],
)
def test_little_is_not_taken_for_none(share: float, words: str) -> None:
    assert percent(share) == words


def test_splitting_anew_starts_a_job_with_a_name_of_its_own(
    stored: Stored, part: Part, workspace: Workspace
) -> None:
    corpus = stored([(f"segment {n}", f"abairt {n}") for n in range(96)])
    app = part(corpus, "Split")
    assert "All 100 segments of the three splits" in shown(app)
    assert "Gives about 90 train, 5 dev and 5 test segments." in shown(app)
    app = field(app, "number_input", "Seed").set_value(7).run()
    app = button(app, "Split").click().run()
    assert not app.exception
    (work,) = workspace.corpus_jobs.of_corpus(corpus.id)
    assert (work.task, work.settings["name"]) == ("split", f"{MARKUP} (seed 7)")
    assert work.settings["split"]["seed"] == 7


def test_a_split_that_cannot_be_had_is_not_started(stored: Stored, part: Part) -> None:
    app = part(stored(), "Split")
    app = field(app, "number_input", "Dev segments").set_value(50).run()
    assert button(app, "Split").disabled
    assert "7 segments cannot give dev 50" in shown(app)
    app = field(app, "number_input", "Dev segments").set_value(1).run()
    app = field(app, "text_input", "Name of the new version").set_value(MARKUP).run()
    assert button(app, "Split").disabled
    assert "There is already a corpus named" in shown(app)


def test_published_splits_are_warned_of(stored: Stored, part: Part, workspace: Workspace) -> None:
    files = [
        MemoryFile(f"{split}.tsv", b"source\ttarget\n" + f"{split} a\t{split} b\n".encode())
        for split in SPLITS
    ]
    given = import_corpus(workspace, ImportSettings(name="given"), files)
    (warning,) = part(given, "Split").warning
    assert "published splits" in warning.value and "incomparable" in warning.value
    lineage = {"parent": given.id, "parent_name": "given"}
    cleaned = stored(name="cleaned", details={"made_by": "clean", **lineage})
    again = stored(name="again", details={"made_by": "split", "public_set": "x", **lineage})
    orphan = stored(name="orphan", details={"made_by": "clean", "public_set": "x"})
    own = stored(name="own")
    found = [has_published_splits(workspace, each) for each in (cleaned, again, orphan, own)]
    assert found == [True, False, True, False]
    assert not part(own, "Split").warning
