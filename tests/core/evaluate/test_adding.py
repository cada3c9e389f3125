"""Translations made elsewhere: stored whole beside the right test set, or refused."""

from __future__ import annotations

from dataclasses import replace
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import func, select

from core.corpora.segments import write_segments
from core.errors import AdaptMLLMError, DataError
from core.evaluate.adding import (
    MAX_NAME,
    UPLOADED,
    Added,
    AddedReferences,
    Target,
    add_references,
    add_upload,
    target_of_corpus,
    target_of_set,
    target_of_upload,
)
from core.evaluate.formats.upload import Upload
from core.evaluate.settings import FIRST_REFERENCE
from core.evaluate.texts import load_texts
from core.storage.corpus_records import Corpus
from core.storage.tables import metadata
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import read_test_set
from tests.core.evaluate.scored_sets import HASH, REFERENCES, SOURCES, add_set

# Combining marks, right to left, an emoji with joiners, SQL, Markdown, a formula, a separator.
HOSTILE = "=e\u0301 שלום 👩🏽‍🔬 '; DROP TABLE hypotheses;-- **b** <b> \u2028"

UPLOAD = Upload(
    name="mine.tsv",
    format="tsv",
    sources=SOURCES,
    references={"A": REFERENCES},
    systems={"one": ("a", "b", "c", "d"), HOSTILE: ("", HOSTILE, " ", "d")},
    notes=("2 hypotheses are empty.",),
)
TARGET = Target("Small", UPLOADED, "", "eng_Latn", "gle_Latn", SOURCES, REFERENCES)


def num_rows(workspace: Workspace) -> dict[str, int]:
    """How many rows each table of the database has."""
    with workspace.database.reading() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


# What is stored


def test_systems_of_an_upload_become_translation_sets_of_its_own_test_set(
    workspace: Workspace,
) -> None:
    target = target_of_upload(UPLOAD, "mine.tsv", "eng_Latn", "gle_Latn")
    added = add_upload(workspace, UPLOAD, target)
    assert added.notes == UPLOAD.notes
    assert [each.system_name for each in added.sets] == ["one", HOSTILE]
    stored = workspace.translation_sets.of_test_set(target.hash)
    assert stored == list(added.sets)
    first, second = stored
    assert (first.corpus_name, first.split, first.corpus_id) == ("mine.tsv", UPLOADED, "")
    assert (first.src_lang, first.tgt_lang, first.num_segments) == ("eng_Latn", "gle_Latn", 4)
    assert first.provenance == {
        "origin": UPLOADED, "file": "mine.tsv", "format": "tsv", "notes": list(UPLOAD.notes),
        "num_empty": 0,
    }  # fmt: skip
    assert second.provenance["num_empty"] == 2
    segments = list(workspace.translation_sets.segments(second.id))
    assert segments == [
        Hypothesis(second.id, at, SOURCES[at], REFERENCES[at], text)
        for at, text in enumerate(UPLOAD.systems[HOSTILE])
    ]


def test_the_same_segments_make_the_same_test_set_whatever_the_file_is_called(
    workspace: Workspace,
) -> None:
    one = target_of_upload(UPLOAD, "mine.tsv", "eng_Latn", "gle_Latn")
    other = target_of_upload(UPLOAD, "yours.tsv", "eng_Latn", "gle_Latn")
    add_upload(workspace, UPLOAD, one)
    add_upload(workspace, UPLOAD, other, file_name="yours.tsv")
    assert len(workspace.translation_sets.of_test_set(one.hash)) == 4
    swapped = replace(one, sources=SOURCES[::-1])
    backwards = replace(one, src_lang="gle_Latn", tgt_lang="eng_Latn")
    assert len({one.hash, other.hash, swapped.hash, backwards.hash}) == 3


def test_an_uploaded_test_set_is_found_again_from_its_translations(workspace: Workspace) -> None:
    add_upload(workspace, UPLOAD, TARGET)
    found = target_of_set(workspace, TARGET.hash)
    assert found == TARGET and found.hash == TARGET.hash


def test_a_long_name_is_cut_where_the_database_ends(workspace: Workspace) -> None:
    long = "é" * (MAX_NAME + 50)
    upload = replace(UPLOAD, systems={long: UPLOAD.systems["one"]})
    (stored,) = add_upload(workspace, upload, replace(TARGET, name=long)).sets
    assert stored.system_name == stored.corpus_name == "é" * MAX_NAME
    assert stored.system_id == f"{UPLOADED}:{stored.system_name}"


def add_corpus(workspace: Workspace) -> Corpus:
    corpus = Corpus("c1", "Irish", "eng_Latn", "gle_Latn", "by hand", False, 0, 0, 4, "2024-01-01")
    workspace.corpora.add(corpus)
    workspace.corpus_folder(corpus.id).mkdir(parents=True)
    write_segments(workspace.split_file(corpus.id, "test"), zip(SOURCES, REFERENCES, strict=True))
    write_segments(workspace.split_file(corpus.id, "dev"), [])
    return corpus


@pytest.mark.parametrize("direction", [("eng_Latn", "gle_Latn"), ("gle_Latn", "eng_Latn")])
def test_translations_join_the_test_set_of_a_corpus(
    direction: tuple[str, str], workspace: Workspace
) -> None:
    corpus = add_corpus(workspace)
    target = target_of_corpus(workspace, corpus.name, "test", *direction)
    upload = Upload("mine.txt", "plain", systems={"mine": ("a", "b", "c", "d")})
    (stored,) = add_upload(workspace, upload, target).sets
    values = dict(zip(("src_lang", "tgt_lang"), direction, strict=True))
    batch = BatchSettings.parse({"corpus": corpus.id, "systems": ("x",), **values})
    assert stored.test_set_hash == read_test_set(workspace, batch).hash
    assert (stored.corpus_id, stored.corpus_name) == (corpus.id, corpus.name)
    first = next(workspace.translation_sets.segments(stored.id))
    pair = (SOURCES[0], REFERENCES[0])
    assert (first.source, first.reference) == (pair if direction[0] == "eng_Latn" else pair[::-1])


# Further references, tags, documents


def test_further_references_keep_their_gaps_and_tags_their_segments(workspace: Workspace) -> None:
    upload = replace(
        UPLOAD,
        references={"gaps": ("x", None, "", None), "A": REFERENCES, HOSTILE: ("1", "2", "3", "4")},
        tags=("news", "", "health", "news"),
        documents=("d1", "d1", "d2", HOSTILE),
    )
    target = target_of_upload(upload, "mine.tsv", "eng_Latn", "gle_Latn")
    assert target.references == REFERENCES  # the first one without gaps
    (one, _) = add_upload(workspace, upload, target).sets
    texts = load_texts(workspace, target.hash, [one.id])
    assert texts.references == {
        FIRST_REFERENCE: list(REFERENCES),
        "gaps": ["x", None, "", None],
        HOSTILE: ["1", "2", "3", "4"],
    }
    assert texts.tags == ["news", "", "health", "news"]
    assert texts.documents == ["d1", "d1", "d2", HOSTILE]


def test_a_further_reference_never_takes_the_place_of_the_first(workspace: Workspace) -> None:
    add_upload(workspace, UPLOAD, TARGET)
    other = tuple(text.upper() for text in REFERENCES)
    upload = Upload("more.tsv", "tsv", references={FIRST_REFERENCE: other})
    assert add_references(workspace, upload, TARGET.hash) == AddedReferences(("reference (2)",), ())
    (one, _) = workspace.translation_sets.of_test_set(TARGET.hash)
    texts = load_texts(workspace, TARGET.hash, [one.id])
    assert texts.references == {
        FIRST_REFERENCE: list(REFERENCES), "reference (2)": list(other),
    }  # fmt: skip


def test_references_whose_names_begin_alike_are_all_kept(workspace: Workspace) -> None:
    add_upload(workspace, UPLOAD, TARGET)
    given = {"x" * 90 + end: (end, "2", "3", "4") for end in "ab"}
    upload = Upload("m", "tsv", references=dict(given))
    names = add_references(workspace, upload, TARGET.hash).names
    assert len(set(names)) == 2 and max(map(len, names)) <= 80
    found = [workspace.test_set_texts.texts(TARGET.hash, "reference", name) for name in names]
    assert found == [list(texts) for texts in given.values()]


def test_a_reference_that_is_there_already_is_not_stored_twice(workspace: Workspace) -> None:
    add_upload(workspace, UPLOAD, TARGET)
    assert add_references(workspace, UPLOAD, TARGET.hash).names == ()
    assert num_rows(workspace)["test_set_texts"] == 0


def test_an_upload_that_replaces_a_reference_says_so(workspace: Workspace) -> None:
    upload = replace(UPLOAD, references={"B": ("1", "2", "3", "4")}, tags=("t",) * 4)
    assert add_upload(workspace, upload, TARGET).notes == UPLOAD.notes
    assert add_upload(workspace, upload, TARGET).notes == UPLOAD.notes
    other = replace(upload, references={"B": ("1", "2", "3", None)}, tags=("u",) * 4)
    assert add_upload(workspace, other, TARGET).notes[1:] == (
        "The reference 'B' that the test set had before was replaced.",
        "The tags that the test set had before were replaced.",
    )


def test_a_further_reference_that_replaces_another_says_so(workspace: Workspace) -> None:
    add_upload(workspace, UPLOAD, TARGET)
    for last, notes in (
        ("4", ()),
        ("4", ()),
        ("five", ("The reference 'B' that the test set had before was replaced.",)),
    ):
        upload = Upload("b.txt", "text", references={"B": ("1", "2", "3", last)})
        assert add_references(workspace, upload, TARGET.hash) == AddedReferences(("B",), notes)
    assert workspace.test_set_texts.texts(TARGET.hash, "reference", "B") == ["1", "2", "3", "five"]


# Refusals: nothing is stored


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"systems": {}}, "'?mine.tsv'? holds no translations"),
        ({"systems": {"ok": ("a",) * 4, "two": ("a",) * 3}}, "'two' holds 3 hypotheses; the test"),
        ({"systems": {"ok": ("a",) * 4, "two": ("a",) * 5}}, "'two' holds 5 hypotheses; the test"),
        ({"systems": {"two": ()}}, "'two' holds 0 hypotheses"),
        ({"sources": SOURCES[:3]}, "3 lines of the sources; the test set 'Small' has 4"),
        ({"sources": (*SOURCES[1:], SOURCES[0])}, "4 of 4 sources of the upload are not those"),
        ({"sources": (*SOURCES[:3], "x")}, "1 of 4 sources .* the first is segment 4: 'x' in the"),
        ({"references": {"B": ("a",) * 3}}, "3 lines of reference 'B'; the test set 'Small' has 4"),
        ({"tags": ("news",)}, "1 lines of tags; the test set 'Small' has 4"),
        ({"documents": ("d",) * 5}, "5 lines of documents; the test set 'Small' has 4"),
    ],
)
def test_an_upload_that_does_not_fit_stores_nothing(
    changes: dict[str, Any], sentence: str, workspace: Workspace
) -> None:
    before = num_rows(workspace)
    with pytest.raises(DataError, match=sentence) as caught:
        add_upload(workspace, replace(UPLOAD, **changes), TARGET)
    assert num_rows(workspace) == before
    assert caught.value.hint and "\n" not in str(caught.value)


def test_sources_may_differ_in_their_spaces(workspace: Workspace) -> None:
    sources = tuple(f" {text.replace(' ', '  ')}\t" for text in SOURCES)
    added = add_upload(workspace, replace(UPLOAD, sources=sources), TARGET)
    segment = next(workspace.translation_sets.segments(added.sets[0].id))
    assert segment.source == SOURCES[0]


def test_a_test_set_without_segments_is_refused(workspace: Workspace) -> None:
    upload = Upload("e.tsv", "tsv", sources=(), references={"A": ()}, systems={"one": ()})
    before = num_rows(workspace)
    with pytest.raises(DataError, match="has no segments"):
        add_upload(workspace, upload, target_of_upload(upload, "e.tsv", "eng_Latn", "gle_Latn"))
    assert num_rows(workspace) == before


@pytest.mark.parametrize(
    ("upload", "sentence"),
    [
        (replace(UPLOAD, sources=None), "mine.tsv holds no sources"),
        (replace(UPLOAD, references={}), "mine.tsv has no reference"),
        (
            replace(UPLOAD, references={"A": ("a", None, "c", "d"), "B": (None, "b", "c", "d")}),
            "mine.tsv has no reference for some segments",
        ),
    ],
)
def test_an_upload_that_is_no_whole_test_set_is_told_why(upload: Upload, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence) as caught:
        target_of_upload(upload, "mine.tsv", "eng_Latn", "gle_Latn")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"references": {}}, "mine.tsv holds no references"),
        ({"references": {"B": ("b",) * 4, "C": ("c",) * 3}}, "3 lines of reference 'C'"),
        ({"references": {"B": ("b",) * 4}, "sources": SOURCES[::-1]}, "are not those of the test"),
        ({"references": {"B": ("b",) * 4}, "tags": ("t",)}, "1 lines of tags"),
    ],
)
def test_references_that_do_not_fit_store_nothing(
    changes: dict[str, Any], sentence: str, workspace: Workspace
) -> None:
    add_upload(workspace, UPLOAD, TARGET)
    before = num_rows(workspace)
    with pytest.raises(DataError, match=sentence):
        add_references(workspace, replace(UPLOAD, **changes), TARGET.hash)
    assert num_rows(workspace) == before


@pytest.mark.parametrize(
    ("corpus", "split", "src_lang", "sentence"),
    [
        ("Irish", "test", "fra_Latn", "holds eng_Latn and gle_Latn"),
        ("Welsh", "test", "eng_Latn", "no corpus 'Welsh'"),
        ("Irish", "dev", "eng_Latn", "dev split of 'Irish' is empty"),
    ],
)
def test_a_corpus_without_these_languages_or_segments_is_refused(
    corpus: str, split: str, src_lang: str, sentence: str, workspace: Workspace
) -> None:
    add_corpus(workspace)
    with pytest.raises(AdaptMLLMError, match=sentence):
        target_of_corpus(workspace, corpus, split, src_lang, "gle_Latn")


# The test set of translations that are here


def test_the_test_set_of_translations_that_are_gone_is_refused(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="no translations of this test set any more"):
        target_of_set(workspace, HASH)


def half(set_id: str, positions: tuple[int, ...], **provenance: Any) -> tuple[
    TranslationSet, list[Hypothesis]
]:  # fmt: skip
    """A set that a batch has not finished: of the others there is not even the source."""
    record = TranslationSet(
        set_id, "b1", "s", "S", "", "Small", UPLOADED, "eng_Latn", "gle_Latn", TARGET.hash, 4,
        "2024-01-01", provenance,
    )  # fmt: skip
    texts = [Hypothesis(set_id, at, SOURCES[at], REFERENCES[at], None) for at in positions]
    return record, texts


def test_a_test_set_is_put_together_from_sets_that_are_not_finished(workspace: Workspace) -> None:
    workspace.translation_sets.add_whole([half("one", (0, 1)), half("two", (1, 3))])
    with pytest.raises(DataError, match="Only 3 of the 4 segments of the test set 'Small'"):
        target_of_set(workspace, TARGET.hash)
    workspace.translation_sets.add_whole([half("three", (2,))])
    assert target_of_set(workspace, TARGET.hash) == TARGET


def test_translations_of_perturbed_sources_are_told_from_clean_ones(workspace: Workspace) -> None:
    perturbation = {"name": "typos", "seed": 1, "of_test_set": HASH, "num_changed": 2}
    workspace.translation_sets.add_whole([half("one", (0, 1, 2, 3), perturbation=perturbation)])
    target = target_of_set(workspace, TARGET.hash)
    (stored, _) = add_upload(workspace, UPLOAD, target).sets
    assert stored.test_set_hash == TARGET.hash
    assert stored.provenance["perturbation"] == perturbation


def test_failed_segments_do_not_keep_a_test_set_from_being_found(workspace: Workspace) -> None:
    add_set(workspace, "one", [None, "b", None, "d"])
    assert target_of_set(workspace, HASH).sources == SOURCES


# Sent twice


def test_an_upload_that_is_sent_twice_is_added_once(workspace: Workspace) -> None:
    first = add_upload(workspace, UPLOAD, TARGET, add_id="form 1")
    before = num_rows(workspace)
    again = add_upload(workspace, UPLOAD, TARGET, add_id="form 1", file_name="other.tsv")
    assert again.sets == first.sets and num_rows(workspace) == before
    add_upload(workspace, UPLOAD, TARGET, add_id="form 2")
    add_upload(workspace, UPLOAD, TARGET)
    assert len(workspace.translation_sets.of_test_set(TARGET.hash)) == 6


def test_other_texts_under_the_same_id_are_added(workspace: Workspace) -> None:
    add_upload(workspace, UPLOAD, TARGET, add_id="form")
    changed = replace(UPLOAD, systems={**UPLOAD.systems, "one": ("a", "b", "c", "other")})
    added = add_upload(workspace, changed, TARGET, add_id="form")
    assert len(workspace.translation_sets.of_test_set(TARGET.hash)) == 3
    texts = load_texts(workspace, TARGET.hash, [each.id for each in added.sets])
    assert texts.hypotheses[added.sets[0].id][3] == "other"


def test_two_clicks_at_once_add_an_upload_once(workspace: Workspace) -> None:
    found: list[Added] = []
    threads = [
        Thread(target=lambda: found.append(add_upload(workspace, UPLOAD, TARGET, add_id="form")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.sets for each in found] == 4 * [found[0].sets]
    assert len(workspace.translation_sets.of_test_set(TARGET.hash)) == 2
