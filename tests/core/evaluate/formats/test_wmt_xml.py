from __future__ import annotations

import pytest

from core.errors import DataError
from core.evaluate.formats.upload import Upload
from core.evaluate.formats.wmt_xml import read_wmt_xml

WHOLE = """<?xml version='1.0' encoding='utf-8'?>
<dataset id="made-up.en-ga">
 <collection id="general">
  <doc origlang="en" id="d1" domain="news">
   <src lang="en"><p><seg id="1">Tom &amp; Ann</seg><seg id="2">Two</seg></p></src>
   <ref lang="ga" translator="A"><p><seg id="1">Tom is Ann</seg><seg id="2">Dó</seg></p></ref>
   <ref lang="ga" translator="B"><p><seg id="2">A dó</seg></p></ref>
   <hyp lang="ga" system="nllb"><p><seg id="2"></seg></p><p><seg id="1">T &lt; A</seg></p></hyp>
  </doc>
  <doc origlang="ga" id="d2" domain="legal">
   <src lang="en"><p><seg id="1">
     Three <!-- not a word -->and
     more <b>bold</b>
   </seg></p></src>
   <ref lang="ga" translator="A"><p><seg id="1">Trí</seg></p></ref>
   <hyp lang="ga" system="nllb"><p><seg id="1"><![CDATA[<3]]></seg></p></hyp>
  </doc>
 </collection>
</dataset>
"""


def read(text: str) -> Upload:
    return read_wmt_xml("x.xml", text)


def dataset(*texts: str, doc: str = 'id="d"') -> str:
    return f"<dataset><doc {doc}>{''.join(texts)}</doc></dataset>"


def part(name: str, *ids: str) -> str:
    segments = "".join(f'<seg id="{segment_id}">t</seg>' for segment_id in ids)
    return f"<{name}>{segments}</{name.split()[0]}>"


def test_documents_stand_one_after_the_other() -> None:
    found = read(WHOLE)
    assert found.sources == ("Tom & Ann", "Two", "Three and more bold")
    assert found.references == {"A": ("Tom is Ann", "Dó", "Trí"), "B": (None, "A dó", None)}
    assert found.systems == {"nllb": ("T < A", "", "<3")}
    assert found.documents == ("d1", "d1", "d2")
    assert found.tags == ("news", "news", "legal")
    assert (found.src_lang, found.tgt_lang) == ("eng_Latn", "gle_Latn")
    assert found.notes == ("1 text is spread over several lines, which were joined.",)


def test_texts_without_sources_are_read() -> None:
    found = read(dataset(part('hyp system="A"', "1", "2")))
    assert (found.sources, found.systems) == (None, {"A": ("t", "t")})
    assert (found.tags, found.src_lang, found.tgt_lang) == (None, "", "")
    assert read(dataset(part("src", "1"), part("ref", "1"))).references == {"ref": ("t",)}


SRC = part("src", "1", "2")
HYP = 'hyp system="A"'

BROKEN = [
    ("<dataset><doc id='d'></dataset>", "'x.xml' cannot be read as XML: "),
    ("<dataset></dataset>", "'x.xml' holds no segment."),
    ("<html/>", "'x.xml': the outermost element is <html>, not <dataset>."),
    (dataset(doc="") + "", "'x.xml' line 1: <doc> has no 'id'."),
    (dataset(SRC).replace("</dataset>", "\n<doc id='d'/></dataset>"), "'x.xml' line 2: the docu"),
    (dataset("<hyp/>"), "'x.xml' line 1: <hyp> has no 'system'."),
    (dataset("<src><seg>a</seg></src>"), "'x.xml' line 1: <seg> has no 'id'."),
    (dataset(part("src", "1", "1")), "'x.xml' line 1: the segment '1' is there twice in one <src>"),
    (dataset(SRC, part(HYP, "1")), "'x.xml': system 'A' lacks the segment '2' of the document 'd'"),
    (dataset(SRC, part(HYP)), "'x.xml': system 'A' lacks the whole document 'd'."),
    (
        dataset(SRC, part(HYP, "1", "2", "3")),
        "'x.xml', document 'd': system 'A' has the segment '3', which the document does not have.",
    ),
    (
        dataset(SRC, part(HYP, "1", "2"), part(HYP, "1", "2")),
        "'x.xml', document 'd': system 'A' is there twice.",
    ),
    (
        dataset(SRC, part("ref", "1", "2"), part("ref", "1", "2")),
        "'x.xml', document 'd': reference 'ref' is there twice.",
    ),
    (
        dataset(SRC, part('ref translator="A"', "1"), part('ref translator="B"', "1")),
        "'x.xml': 1 of 2 segments have no reference; the first is segment 2.",
    ),
    (
        dataset(SRC, part('ref lang="cs"', "1", "2"), part(f'{HYP} lang="de"', "1", "2")),
        "'x.xml' holds texts in 'cs' and in 'de' where one language is expected.",
    ),
    (
        dataset(SRC, part(HYP, "1", "2")).replace(
            "</dataset>", f"<doc id='e'>{part('src', '1')}</doc></dataset>"
        ),
        "'x.xml': system 'A' lacks the whole document 'e'.",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), BROKEN)
def test_what_does_not_fit_together_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        read(text)
    assert caught.value.message.startswith(sentence)


def test_no_entity_is_expanded_and_nothing_is_fetched() -> None:
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    outside = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/hostname">'
    for head in (bomb, outside):
        text = f"<?xml version='1.0'?>{head}]>" + WHOLE.split("?>")[1].replace("Two", "&a;")
        with pytest.raises(DataError, match="'x.xml' has a document type, .*<!DOCTYPE"):
            read(text)
    with pytest.raises(DataError, match="'x.xml' cannot be read as XML: .*Entity 'a' not defined"):
        read(WHOLE.replace("Two", "&a;"))


def test_nesting_without_end_is_refused() -> None:
    deep = "<p>" * 100_000 + "</p>" * 100_000
    with pytest.raises(DataError, match="'x.xml' cannot be read as XML: .*depth"):
        read(dataset(f"<src>{deep}</src>"))
