"""What archives hold is unpacked under names of our own."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from core.corpora.formats.archives import by_name, unpacked
from core.corpora.formats.choice import Choice
from core.corpora.formats.files import InputFile, MemoryFile, uploaded_file
from core.corpora.formats.reading import rows
from core.errors import DataError


def zipped(*members: tuple[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def content_of(file: InputFile) -> bytes:
    with file.open() as stream:
        return stream.read()


def test_members_stand_in_the_place_of_their_archive(tmp_path: Path) -> None:
    plain = MemoryFile("a.tsv", b"a\tb\n")
    packed = uploaded_file("c.zip", zipped(("train.en", "x\n"), ("deep/er/train.ga", "y\n")))
    last = uploaded_file("z.jsonl.gz", gzip.compress(b"{}"))
    found = unpacked([plain, packed, last], tmp_path)
    assert found[0] is plain
    assert [file.name for file in found] == [
        "a.tsv", "c.zip/train.en", "c.zip/train.ga", "z.jsonl"
    ]  # fmt: skip
    assert [content_of(file) for file in found] == [b"a\tb\n", b"x\n", b"y\n", b"{}"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.en", "1.ga", "2.jsonl"]


def test_names_of_members_are_never_paths(tmp_path: Path) -> None:
    into = tmp_path / "a" / "b"
    into.mkdir(parents=True)
    hostile = zipped(
        ("../../x", "1"), ("/etc/passwd", "2"), ("C:\\y.tsv", "3"), ("a/../../../z.t/sv", "4")
    )
    found = unpacked([uploaded_file("../../c.zip", hostile)], into)
    assert [file.name for file in found] == [
        "c.zip/x", "c.zip/passwd", "c.zip/y.tsv", "c.zip/sv"
    ]  # fmt: skip
    made = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(made) == ["a/b/0", "a/b/1", "a/b/2.tsv", "a/b/3"]


def test_what_is_no_part_of_a_corpus_is_left_out(tmp_path: Path) -> None:
    packed = zipped(
        ("__MACOSX/._train.en", "x"), (".DS_Store", "x"), ("folder/", ""), ("README.md", "x"),
        ("LICENSE", "x"), (".git/config.tsv", "x"), ("empty.tsv", ""), ("licences.tsv", "a\tb\n"),
    )  # fmt: skip
    found = unpacked([uploaded_file("c.zip", packed)], tmp_path)
    assert [file.name for file in found] == ["c.zip/licences.tsv"]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (["en/a.txt", "ga/a.txt", "../x/b.tsv"], ["en/a.txt", "ga/a.txt", "x/b.tsv"]),
        (["x/train/a.en", "x/dev/b.en"], ["x/train/a.en", "x/dev/b.en"]),
        (["x/a.en", "y/b.en"], ["a.en", "b.en"]),
    ],
)
def test_folders_are_kept_where_names_coincide_or_folders_are_splits(
    members: list[str], expected: list[str], tmp_path: Path
) -> None:
    packed = zipped(*((name, "x") for name in members))
    found = unpacked([uploaded_file("c.zip", packed)], tmp_path)
    assert [file.name for file in found] == [f"c.zip/{name}" for name in expected]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_files_of_one_name_after_unpacking_are_refused(tmp_path: Path) -> None:
    plain = MemoryFile("ok.tsv", b"a\tb\n")
    both = unpacked([plain, uploaded_file("ok.tsv.gz", gzip.compress(b"c\td\n"))], tmp_path)
    twice = unpacked([uploaded_file("c.zip", zipped(("a.tsv", "a"), ("a.tsv", "b")))], tmp_path)
    for files, name in ((both, "ok.tsv"), (twice, "c.zip/a.tsv")):
        with pytest.raises(DataError) as caught:
            by_name(files)
        expected = f"Two of the files are called {name!r}: give one another name."
        assert caught.value.message == expected
    assert by_name([plain]) == {"ok.tsv": plain}


def test_a_folder_that_cannot_be_written_is_no_fault_of_the_archive(tmp_path: Path) -> None:
    for file in (
        uploaded_file("c.zip", zipped(("a.tsv", "a"))),
        uploaded_file("a.tsv.gz", gzip.compress(b"a")),
    ):
        with pytest.raises(FileNotFoundError):
            unpacked([file], tmp_path / "gone")


def test_archives_are_known_by_their_content(tmp_path: Path) -> None:
    files = [uploaded_file("c.tsv", zipped(("a.tsv", "a\tb\n"))),
             uploaded_file("d.tsv", gzip.compress(b"a\tb\n"))]  # fmt: skip
    for file in unpacked(files, tmp_path):
        assert [row.row[:2] for row in rows(file, Choice(), "eng_Latn", "gle_Latn")] == [("a", "b")]


def test_a_member_may_be_longer_than_a_file_that_is_given(tmp_path: Path) -> None:
    (file,) = unpacked([uploaded_file("c.zip", zipped(("a.tsv", "a\tb\n")))], tmp_path)
    assert file.max_bytes > uploaded_file("a.tsv", b"").max_bytes


def test_uploads_in_memory_are_not_copied() -> None:
    data = b"a\tb\n" * 1000
    assert uploaded_file("x", io.BytesIO(data)).data is data
    assert uploaded_file("x", data).data is data
    stream = io.BufferedReader(io.BytesIO(data))  # type: ignore[arg-type]
    stream.read(10)
    assert uploaded_file("C:\\folder\\x.tsv", stream) == MemoryFile("x.tsv", data)
