from __future__ import annotations

import time

import pytest

from core.errors import DataError
from core.evaluate.formats.upload import Upload
from core.evaluate.formats.wmt_sgm import read_wmt_sgm

SOURCE = """<srcset setid="made-up" srclang="any">
<doc docid="d1" genre="news" origlang="en">
<hl>
<seg id="1">AT&amp;T &quot;rises&quot; </seg>
</hl>
<p>
<seg id="2">a < b &c R&D &#x1F600; &nosuch;</seg>
</p>
</doc>
<doc docid="d2" genre="news" origlang="en"><p><seg id="1">Two
lines</seg></p></doc>
</srcset>
"""
SYSTEMS = """<!DOCTYPE tstset SYSTEM "ftp://example.org/mteval.dtd">
<TSTSET SetID=made-up SrcLang=English TrgLang=ga>
<DOC DocID="d1" SysID="A"><SEG ID=1>a1</SEG><SEG ID=2></SEG></DOC>
<DOC DocID="d2" SysID="A"><SEG ID=1>a3</SEG></DOC>
<DOC DocID="d1" SysID="B"><SEG ID=1>b1</SEG><SEG ID=2>b2</SEG></DOC>
<DOC DocID="d2" SysID="B"><SEG ID=1>b3</SEG></DOC>
</TSTSET>
"""
REFERENCE = """<refset setid="made-up" srclang="en" trglang="cs" refid="ref-A">
<doc docid="d1"><seg id="1">r1</seg><seg id="2">r2</seg></doc>
<doc docid="d2"><seg id="1">r3</seg></doc>
</refset>
"""


def read(text: str) -> Upload:
    return read_wmt_sgm("made-up.nllb.sgm", text)


def test_sources_are_read_with_their_entities() -> None:
    found = read(SOURCE)
    assert found.sources == ('AT&T "rises"', "a < b &c R&D 😀 &nosuch;", "Two lines")
    assert (found.documents, found.tags) == (("d1", "d1", "d2"), ("news",) * 3)
    assert found.notes == ("1 text is spread over several lines, which were joined.",)
    assert (found.systems, found.references) == ({}, {})


def test_systems_are_read_whatever_case_and_quotes() -> None:
    found = read(SYSTEMS)
    assert found.systems == {"A": ("a1", "", "a3"), "B": ("b1", "b2", "b3")}
    assert (found.sources, found.tgt_lang) == (None, "gle_Latn")


def test_sets_of_one_file_stand_side_by_side() -> None:
    found = read(SOURCE + REFERENCE + SYSTEMS.replace("TrgLang=ga", "TrgLang=cs"))
    assert found.num_segments == 3
    assert found.references == {"ref-A": ("r1", "r2", "r3")}
    assert list(found.systems) == ["A", "B"]
    assert found.tgt_lang == "ces_Latn"


def test_system_without_a_name_is_called_as_the_file() -> None:
    found = read('<tstset><doc docid="d"><seg id="1">a</seg></doc></tstset>')
    assert found.systems == {"made-up.nllb": ("a",)}
    found = read('<refset><doc docid="d"><seg id="1">a</seg></doc></refset>')
    assert found.references == {"ref": ("a",)}


def tstset(text: str) -> str:
    return f'<tstset sysid="A">\n{text}\n</tstset>'


BROKEN = [
    ("<p>hello</p>", " holds no <doc> inside a <srcset>, <refset> or <tstset>."),
    (tstset(""), " holds no <doc> inside"),
    (tstset("<doc docid='d'></doc>"), " holds no segment."),
    ('<doc docid="d"></doc>', " line 1: <doc> stands outside of <srcset>"),
    (tstset("<doc>"), " line 2: <doc> has no 'docid'."),
    (tstset("<seg id=1>a</seg>"), " line 2: <seg> stands outside of a <doc>."),
    (tstset("<doc docid=d>\n<seg>a</seg></doc>"), " line 3: <seg> has no 'id'."),
    (tstset("<doc docid=d><seg id=1>a<seg id=2>b</seg></doc>"), " line 2: <seg> has no end."),
    (tstset("<doc docid=d><seg id=1>a</doc>"), " line 2: <seg> has no end."),
    ("<tstset><doc docid=d><seg id=1>a", " line 1: <seg> has no end."),
    (
        tstset("<doc docid=d><seg id=1>a</seg><seg id=1>b</seg></doc>"),
        " line 2: the segment '1' is there twice in the document 'd'.",
    ),
    (
        tstset("<doc docid=d><seg id=1>a</seg></doc>\n<doc docid=d></doc>"),
        " line 3: the document 'd' of system 'A' is there twice.",
    ),
    (
        SOURCE + SYSTEMS.replace("<SEG ID=2>b2</SEG>", ""),
        ": system 'B' lacks the segment '2' of the document 'd1'.",
    ),
    (
        SOURCE + REFERENCE.replace('<seg id="2">r2</seg>', ""),
        ": 1 of 3 segments have no reference; the first is segment 2.",
    ),
    ('<!DOCTYPE a [<!ENTITY b "c">]>' + SYSTEMS, " declares entities, which are not read"),
]


@pytest.mark.parametrize(("text", "sentence"), BROKEN)
def test_what_does_not_fit_together_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        read(text)
    assert caught.value.message.startswith(f"'made-up.nllb.sgm'{sentence}")


@pytest.mark.parametrize("piece", ["<seg ", "<seg id=1>", "<", "&#1", "<doc docid=", "<seg id=1"])
def test_time_grows_with_the_length_only(piece: str) -> None:
    before = time.process_time()
    with pytest.raises(DataError):
        read(tstset(f"<doc docid=d>{piece * 100_000}</doc>"))
    assert time.process_time() - before < 5
