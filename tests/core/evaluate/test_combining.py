"""Several files as one upload: what belongs together, and what contradicts itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import DataError
from core.evaluate.combining import as_references, as_sources, combined, unused_name
from core.evaluate.formats.upload import Upload

SYSTEM = Upload("one.txt", "plain", systems={"one": ("a", "b")}, notes=("1 is empty.",))
WHOLE = Upload(
    "wmt.xml", "wmt-xml", sources=("s", "t"), references={"A": ("r", None)},
    systems={"two": ("c", "d")}, tags=("x", "y"), documents=("d", "d"), src_lang="eng_Latn",
    tgt_lang="gle_Latn", notes=("1 is empty.", "Odd."),
)  # fmt: skip


def test_one_file_stays_as_it_is() -> None:
    assert combined([WHOLE]) == WHOLE


@pytest.mark.parametrize("files", [[SYSTEM, WHOLE], [WHOLE, SYSTEM]])
def test_files_give_each_other_what_they_lack(files: list[Upload]) -> None:
    found = combined(files)
    assert found.systems == {"one": ("a", "b"), "two": ("c", "d")}
    assert (found.sources, found.references) == (WHOLE.sources, WHOLE.references)
    assert (found.tags, found.documents) == (WHOLE.tags, WHOLE.documents)
    assert (found.src_lang, found.tgt_lang) == ("eng_Latn", "gle_Latn")
    assert sorted(found.notes) == ["1 is empty.", "Odd."]
    assert found.name == ", ".join(each.name for each in files)


def test_plain_texts_serve_as_sources_and_references() -> None:
    lines = Upload("lines.txt", "plain", systems={"lines": ("s", "t")})
    assert as_sources(lines) == replace(lines, sources=("s", "t"), systems={})
    assert as_references(lines) == replace(lines, references={"lines": ("s", "t")}, systems={})


def test_a_file_that_names_its_texts_gives_only_those() -> None:
    assert as_sources(WHOLE) == replace(WHOLE, systems={}, references={})
    assert as_references(WHOLE) == replace(WHOLE, systems={})


def test_references_of_the_same_name_are_all_kept() -> None:
    files = [
        Upload("ref.txt", "plain", references={"ref": (text, "same")}) for text in ("1", "2", "3")
    ]
    found = combined([*files, files[0]])
    assert found.references == {
        "ref": ("1", "same"),
        "ref of ref.txt": ("2", "same"),
        "ref of ref.txt (2)": ("3", "same"),
    }


def test_an_unused_name_is_the_name_itself_or_has_the_first_free_number() -> None:
    assert unused_name("A", ()) == "A"
    assert unused_name("A", {"A", "A (3)"}) == "A (2)"
    assert unused_name("A", {"A", "A (2)", "A (3)"}) == "A (4)"


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "No file was given"),
        ([SYSTEM, SYSTEM], "Two files name a system 'one'"),
        (
            [SYSTEM, replace(SYSTEM, systems={"x": ("a",)})],
            "'one.txt' holds 1 segments; what was read before holds 2",
        ),
        (
            [WHOLE, Upload("s.txt", "plain", sources=("s", "u"))],
            "'s.txt' holds other sources than the files before",
        ),
    ],
)
def test_files_that_do_not_belong_together_are_refused(files: list[Upload], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence) as caught:
        combined(files)
    assert caught.value.hint


@pytest.mark.parametrize("taken", [as_sources, as_references])
def test_several_systems_are_neither_sources_nor_a_reference(taken: object) -> None:
    two = Upload("two.tsv", "tsv", systems={"a": ("1",), "b": ("2",)})
    assert callable(taken)
    with pytest.raises(DataError, match="'two.tsv' holds 2 systems where"):
        taken(two)
