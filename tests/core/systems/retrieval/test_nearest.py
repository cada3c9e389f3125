from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.corpora.segments import Pair, write_segments
from core.corpora.storing import store_corpus
from core.errors import ConfigError, DataError
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace
from core.systems.retrieval.nearest import Example, ExampleIndex, open_index
from core.text.normalising import normalised

PAIRS = [
    ("The committee met in Dublin on Monday.", "Bhuail an coiste le chéile i mBaile Átha Cliath."),
    ("A dog barked all night.", "Bhí madra ag tafann ar feadh na hoíche."),
    ("The committee will meet in Cork on Friday.", "Buailfidh an coiste le chéile i gCorcaigh."),
    ("Schools are closed in the spring.", "Tá scoileanna dúnta san earrach."),
]


def lines(examples: list[Example]) -> list[int]:
    return [example.line for example in examples]


def test_most_similar_sources_come_first_with_their_lines() -> None:
    found = ExampleIndex(PAIRS).examples("The committee met in Cork on Monday.", count=2)
    assert lines(found) == [1, 3]
    assert [(example.source, example.target) for example in found] == [PAIRS[0], PAIRS[2]]
    # "dublin" (6) for "cork" (4) in 37 and 35 characters, no letter of them in common.
    assert found[0].similarity == pytest.approx(100 * 2 * 31 / (37 + 35), abs=0.01)


def test_similarity_counts_more_than_shared_rare_words() -> None:
    pairs = [("zebra " + "other words " * 9, "x"), ("the zebra is here", "y")]
    assert lines(ExampleIndex(pairs).examples("a zebra is here", count=2)) == [2, 1]


@pytest.mark.parametrize(
    ("min_similarity", "expected"), [(0, [1, 3, 4]), (50, [1, 3]), (85, [1]), (100, [])]
)
def test_less_similar_sources_than_asked_are_not_given(
    min_similarity: float, expected: list[int]
) -> None:
    found = ExampleIndex(PAIRS).examples(
        "The committee met in Cork on Monday.", count=9, min_similarity=min_similarity
    )
    assert lines(found) == expected


@pytest.mark.parametrize(
    "query",
    [
        "A dog barked all night.",
        "a DOG barked all night",
        "  A  dog\tbarked all night!\n",
        "Ａ dog barked all ni\u200bght…",
    ],
)
def test_pair_with_the_source_asked_for_is_a_leak(query: str) -> None:
    index = ExampleIndex([*PAIRS, ("A dog slept all night.", "x")])
    assert lines(index.examples(query, count=1)) == [5]
    told = index.examples(query, count=1, excludes_leaks=False)
    assert (lines(told), told[0].similarity) == ([2], 100.0)


@pytest.mark.parametrize(
    "held_out",
    [
        PAIRS[0][0],
        PAIRS[0][1],
        "the committee met in dublin, on monday",
        "bhuail an coiste le che\u0301ile i mbaile átha cliath",
    ],
)
def test_pair_with_a_held_out_side_is_a_leak(held_out: str) -> None:
    index = ExampleIndex(PAIRS, held_out=[held_out])
    query = "The committee met in Cork on Monday."
    assert lines(index.examples(query, count=2)) == [3, 4]
    assert lines(index.examples(query, count=2, excludes_leaks=False)) == [1, 3]


def test_leaks_take_no_places_from_other_pairs() -> None:
    leaks = [("a dog barked" + "!" * number, f"x{number}") for number in range(200)]
    held = [(f"a dog barked {number}", f"held {number}") for number in range(200)]
    index = ExampleIndex([*leaks, *held, *PAIRS], held_out=[target for _, target in held])
    assert lines(index.examples("A dog barked.", count=3)) == [402]


def test_repeated_source_is_given_with_the_first_target_that_is_no_leak() -> None:
    pairs = [("Good night to all", "a"), ("Good night to all", "b"), ("Good night to all", "c")]
    index = ExampleIndex(pairs, held_out=["A."])
    assert lines(index.examples("Good night to you", count=3)) == [2]
    assert lines(index.examples("Good night to you", count=3, excludes_leaks=False)) == [1]


def test_the_very_query_comes_before_its_variants_where_leaks_are_wanted() -> None:
    pairs = [("really", "a"), ("Really!", "b"), ("Really?", "c"), ("not really", "d")]
    found = ExampleIndex(pairs).examples("Really?", count=9, excludes_leaks=False)
    assert lines(found) == [3, 4]


def test_the_very_query_is_found_among_texts_that_repeat_its_words() -> None:
    pairs = [("cat dog " * 3 + f"w{number}", "x") for number in range(80)]
    pairs += [(" ".join(f"v{number}" for number in range(80)), "long"), ("cat dog", "wanted")]
    found = ExampleIndex(pairs).examples("cat dog", count=1, excludes_leaks=False)
    assert found == [Example("cat dog", "wanted", 100.0, 82)]


def test_near_duplicates_of_a_chosen_example_are_left_out() -> None:
    pairs = [
        ("The meeting of the committee is on page 12 of the report.", "a"),
        ("The meeting of the committee is on page 13 of the report.", "b"),
        ("THE MEETING OF THE COMMITTEE IS ON PAGE 14 OF THE REPORT", "c"),
        ("The report of the committee has a page on schools.", "d"),
    ]
    query = "The meeting of the committee is on page 20 of the report."
    assert lines(ExampleIndex(pairs).examples(query, count=3)) == [1, 4]


@given(st.lists(st.tuples(st.text("ab c.Aé", max_size=8), st.text("ab", max_size=3))))
def test_examples_are_lines_of_the_corpus_in_order_of_similarity(pairs: list[Pair]) -> None:
    index = ExampleIndex(pairs, held_out=["aa", "b c"])
    for excludes_leaks in (True, False):
        found = index.examples("a b", count=4, min_similarity=10, excludes_leaks=excludes_leaks)
        assert [(one.source, one.target) for one in found] == [pairs[one.line - 1] for one in found]
        similarities = [one.similarity for one in found]
        assert similarities == sorted(similarities, reverse=True)
        assert len(found) <= 4 and all(10 <= similarity <= 100 for similarity in similarities)
        if excludes_leaks:
            seen = {normalised(text) for one in found for text in (one.source, one.target)}
            assert not seen & {"aa", "b c"}
            assert "a b" not in {normalised(one.source) for one in found}


@pytest.mark.parametrize("query", ["", " \n", "zebra xylophone", "?", "\ud800", "\0"])
def test_query_without_a_known_word_has_no_examples(query: str) -> None:
    assert ExampleIndex(PAIRS).examples(query, count=5) == []
    assert ExampleIndex(PAIRS).examples(query, count=5, excludes_leaks=False) == []


@pytest.mark.parametrize("count", [0, -1])
def test_no_example_is_given_where_none_is_asked_for(count: int) -> None:
    assert ExampleIndex(PAIRS).examples("the committee", count=count) == []


def test_corpus_of_no_pair_and_of_one_pair() -> None:
    assert ExampleIndex([]).examples("cat", count=5) == []
    one = ExampleIndex([("the cat", "an cat")])
    assert lines(one.examples("a cat", count=5)) == [1]
    assert one.examples("The cat.", count=5) == []
    assert lines(one.examples("The cat.", count=5, excludes_leaks=False)) == [1]


def test_pairs_with_a_blank_side_are_no_examples() -> None:
    pairs = [("the cat", " "), ("", "an cat"), ("the cat", "an cat")]
    assert lines(ExampleIndex(pairs, held_out=[""]).examples("a cat", count=5)) == [3]


@pytest.mark.parametrize(
    ("sources", "query", "expected"),
    [
        (["क्षेत्र की बैठक हुई", "क्षमा की बात हुई", "नमस्ते"], "क्षेत्र की बैठक कल हुई", [1, 2]),
        (["Tá an madra ag rith", "Tá cat ag codladh"], "TA\u0301 AN MADRA ANSEO", [1, 2]),
        (["我们去公园散步", "他喜欢喝茶", "我们去学校"], "我们去公园吃饭", [1, 3]),
        (["日本のラーメン", "タイのカレー"], "ラーメンが好き", [1]),
        (["ฉันชอบกินข้าว", "สวัสดีครับ"], "ฉันชอบกินปลา", [1]),
        (["שלום לכולם", "תודה רבה"], "שלום לך", [1]),
    ],
)
def test_examples_are_found_in_other_scripts(
    sources: list[str], query: str, expected: list[int]
) -> None:
    index = ExampleIndex([(source, f"target {n}") for n, source in enumerate(sources)])
    assert lines(index.examples(query, count=2)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "\ud800 half a character",
        "a\0b",
        "\u202egnol",
        "e" + "\u0301" * 5000,
        "☕ ❤️ 👨‍👩‍👧",
        "x " * 20_000,
    ]
    + ["好" * 20_000, "a" * 50_000, "\ufdfa" * 2000, "{{ source }}\n\n---"],
)
def test_hostile_texts_are_sources_and_queries_like_others(text: str) -> None:
    index = ExampleIndex([(text, text), ("the cat", "an cat")], held_out=[text + " held"])
    assert index.examples(text, count=5) == []
    found = index.examples(text, count=5, excludes_leaks=False)
    assert [(example.source, example.similarity) for example in found] == [(text, 100.0)]
    assert index.examples(text + " cat", count=5)[-1].line in (1, 2)


def imported(workspace: Workspace, train: str, dev: str, test: str) -> Corpus:
    """A corpus with ready-made splits, given as lines of source|target."""
    splits = {
        name: [tuple(line.split("|")) for line in rows.splitlines()]
        for name, rows in (("train", train), ("dev", dev), ("test", test))
    }
    return store_corpus(
        workspace,
        name="Pairs",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        splits=splits,
    )


@pytest.fixture
def corpus(workspace: Workspace) -> Corpus:
    return imported(
        workspace,
        train="the red cat|an cat rua\nthe red dog|an madra rua\nthe red fox|sionnach\n",
        dev="The red cat!|rud eile\n",
        test="something else|Sionnach.\n",
    )


def test_index_of_a_corpus_holds_out_dev_and_test(workspace: Workspace, corpus: Corpus) -> None:
    index = open_index(workspace, corpus, "eng_Latn", "gle_Latn")
    assert [(e.source, e.target, e.line) for e in index.examples("the red house", count=5)] == [
        ("the red dog", "an madra rua", 2)
    ]
    assert len(index.examples("the red house", count=5, excludes_leaks=False)) == 3


def test_index_of_a_corpus_can_be_turned_round(workspace: Workspace, corpus: Corpus) -> None:
    index = open_index(workspace, corpus, "gle_Latn", "eng_Latn")
    found = index.examples("an teach rua", count=5)
    assert [(e.source, e.target, e.line) for e in found] == [("an madra rua", "the red dog", 2)]
    assert index.examples("sionnach eile", count=5) == []


@pytest.mark.parametrize("pair", [("eng_Latn", "mar_Deva"), ("eng_Latn", "eng_Latn")])
def test_other_languages_than_the_corpus_has_are_refused(
    workspace: Workspace, corpus: Corpus, pair: tuple[str, str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        open_index(workspace, corpus, *pair)
    assert caught.value.message == (
        "The corpus 'Pairs' holds eng_Latn and gle_Latn, "
        f"examples are asked for {pair[0]} to {pair[1]}."
    )


def test_empty_train_split_is_refused(workspace: Workspace, corpus: Corpus) -> None:
    write_segments(workspace.split_file(corpus.id, "train"), [])
    with pytest.raises(DataError, match="The train split of 'Pairs' is empty"):
        open_index(workspace, corpus, "eng_Latn", "gle_Latn")
