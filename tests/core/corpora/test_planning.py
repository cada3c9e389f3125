"""Which files belong together is guessed, and nothing is lost by it."""

from __future__ import annotations

import gzip
import io
import tempfile
import zipfile
from pathlib import Path

import pytest

from core.corpora.doctor.findings import Findings
from core.corpora.formats.encodings import ENCODINGS
from core.corpora.formats.files import MemoryFile, uploaded_file
from core.corpora.formats.reading import rows
from core.corpora.gathering import gather
from core.corpora.planning import Plan, as_shown, looks_of, plan_parts
from core.corpora.segments import read_segments
from core.corpora.watching import unwatched
from core.errors import DataError, HostError

LANGS = "eng_Latn", "gle_Latn"


def named(name: str, content: str = "a\n") -> MemoryFile:
    return MemoryFile(name, content.encode())


def planned(*files: MemoryFile) -> Plan:
    return plan_parts(looks_of(files, LANGS), *LANGS)


def zipped(*names: str) -> MemoryFile:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "a\n")
    return uploaded_file("c.zip", stream)


def tmx(*tags: tuple[str, str]) -> str:
    units = "".join(
        f'<tu><tuv xml:lang="{src}"><seg>a</seg></tuv><tuv xml:lang="{tgt}"><seg>b</seg></tuv></tu>'
        for src, tgt in tags
    )
    return f"<tmx><body>{units}</body></tmx>"


def xliff(src: str, tgt: str) -> str:
    segment = "<segment><source>a</source><target>b</target></segment>"
    return (
        f'<xliff version="2.0" srcLang="{src}" trgLang="{tgt}"><file id="f"><unit>{segment}</unit>'
        "</file></xliff>"
    )


def test_regional_variants_are_all_read() -> None:
    file = named("x.tmx", tmx(*[("en-GB", "ga-IE"), ("en-US", "ga-IE")] * 20))
    plan = planned(file)
    (part,) = plan.parts
    assert plan.problems == ()
    assert (part.choice.source, part.choice.target) == LANGS
    assert [row.fault for row in rows(file, part.choice, *LANGS)] == [""] * 40


def test_languages_that_begin_late_are_tried() -> None:
    file = named("late.tmx", tmx(*[("en", "de")] * 1000, ("en", "ga")))
    plan = planned(file)
    assert plan.problems == ()
    assert sum(not row.fault for row in rows(file, plan.parts[0].choice, *LANGS)) == 1
    never = named("never.tmx", tmx(*[("en", "de")] * 1001))
    with pytest.raises(DataError) as caught:
        list(rows(never, planned(never).parts[0].choice, *LANGS))
    assert caught.value.message == (
        "'never.tmx' has no unit in both English (eng_Latn) and Irish (gle_Latn); its languages "
        "are 'en', 'de'."
    )


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("notu.tmx", "<tmx><body/></tmx>", "'notu.tmx' holds no segment."),
        ("no.xlf", '<xliff version="2.0"/>', "'no.xlf' holds no segment."),
        (
            "de.tmx",
            tmx(("de", "fr")),
            "'de.tmx' does not hold both English (eng_Latn) and Irish (gle_Latn); its languages "
            "are 'de', 'fr'.",
        ),
        (
            "de.xlf",
            xliff("en", "de"),
            "'de.xlf' does not hold both English (eng_Latn) and Irish (gle_Latn); its languages "
            "are 'en', 'de'.",
        ),
        (
            "x.csv",
            "de,fr\na,b\n",
            "'x.csv' has 'de', 'fr': say which is source and which is target.",
        ),
    ],
)
def test_what_is_not_clear_is_one_sentence(name: str, content: str, sentence: str) -> None:
    assert planned(named(name, content)).problems == (sentence,)


def test_splits_in_folders_are_read() -> None:
    members = [
        f"data/{split}/corpus.{side}" for split in ("train", "dev", "test") for side in LANGS
    ]
    plan = planned(zipped(*members))
    assert plan.problems == ()
    assert [(part.split, part.files) for part in plan.parts] == [
        (split, tuple(f"c.zip/data/{split}/corpus.{side}" for side in LANGS))
        for split in ("train", "dev", "test")
    ]


PAIRS: list[tuple[list[str], list[tuple[str, ...]], int]] = [
    (["a.en", "a.ga", "b.ga", "b.en"], [("a.en", "a.ga"), ("b.en", "b.ga")], 0),
    (["x.txt", "y.txt"], [("x.txt", "y.txt")], 0),
    (["y.ga", "x.txt"], [("x.txt", "y.ga")], 0),
    (["y.ga", "x.en"], [("x.en", "y.ga")], 0),
    (["x.en", "y.en"], [], 2),
    (["train.en", "dev.ga"], [], 2),
    (["x.en"], [], 1),
    # Of other languages than English and Irish.
    (["train.fr", "train.es"], [], 2),
    (["train.en", "train.de"], [], 2),
]


@pytest.mark.parametrize(("names", "pairs", "num_problems"), PAIRS)
def test_halves_find_each_other(
    names: list[str], pairs: list[tuple[str, ...]], num_problems: int
) -> None:
    plan = planned(*map(named, names))
    assert [part.files for part in plan.parts] == pairs
    assert len(plan.problems) == num_problems


def test_halves_in_folders_of_their_languages_find_each_other() -> None:
    plan = planned(zipped("en/train.en", "ga/train.ga", "en/dev.en", "ga/dev.ga", "x/dev.txt"))
    assert [part.files for part in plan.parts] == [
        ("c.zip/train.en", "c.zip/train.ga"),
        ("c.zip/dev.en", "c.zip/dev.ga"),
    ]
    apart = planned(zipped("en/a.en", "ga/a.ga", "x/y.txt", "z/y.txt"))
    assert apart.parts[0].files == ("c.zip/en/a.en", "c.zip/ga/a.ga")


def test_what_was_shown_is_what_is_read() -> None:
    """Polish in Windows-1250, imported as languages that are written in other encodings."""
    text = "".join(f"Zażółć gęślą jaźń {n}\tÅrets sång {n}\n" for n in range(20))
    looks = looks_of([MemoryFile("a.tsv", text.replace("Å", "A").encode("cp1250", "replace"))])
    looks |= looks_of([named("b.en", "a\n"), named("b.ga", "b\n")])
    seen = looks["a.tsv"].encoding
    plan = plan_parts(looks, "eng_Latn", "gle_Latn")
    table, halves = as_shown(plan.parts, looks)
    assert table.choice.encoding == seen and seen in ENCODINGS
    assert (halves.choice.encoding, halves.target_encoding) == ("utf-8", "utf-8")
    chosen = table.changed(choice=table.choice.changed(encoding="cp1252").model_dump())
    assert as_shown([chosen], looks) == (chosen,)


def test_names_that_coincide_are_refused() -> None:
    packed = MemoryFile("ok.tsv.gz", gzip.compress(b"a\tb\n"))
    with pytest.raises(DataError, match=r"Two of the files are called 'ok\.tsv': give one another"):
        looks_of([named("ok.tsv", "a\tb\n"), packed])


def test_no_space_to_unpack_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(HostError, match=r"The files could not be unpacked: No such file"):
        looks_of([zipped("a.tsv")])


def test_numbers_of_left_out_rows_count_over_the_split(tmp_path: Path) -> None:
    files = [named("a.tsv", "a\tb\n\tx\n"), named("b.tsv", "\ty\nc\td\n\tz\n")]
    found = gather(
        {file.name: file for file in files},
        planned(*files).parts,
        LANGS,
        tmp_path,
        tmp_path / "rejected.parquet",
        watch=unwatched,
    )
    assert found.counts == {"": 2}
    assert read_segments(tmp_path / "pool.jsonl") == [("a", "b"), ("c", "d")]
    listed = Findings(tmp_path / "rejected.parquet").page()
    assert [(each.number, each.details) for each in listed] == [
        (1, "a.tsv, line 2"),
        (2, "b.tsv, line 1"),
        (4, "b.tsv, line 3"),
    ]
