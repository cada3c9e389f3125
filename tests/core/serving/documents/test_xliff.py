from __future__ import annotations

import pytest
from lxml import etree

from core.errors import DataError
from core.serving.documents.document import Document
from core.serving.documents.reading import read_document

OLD = """<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file source-language="en" original="x" datatype="plaintext"><body>
<trans-unit id="1"><source>Hello <g id="1">big</g> world<x id="2"/></source></trans-unit>
<trans-unit id="2"><source>Done</source><target state="final">Déanta</target></trans-unit>
<trans-unit id="3" translate="no"><source>Keep</source></trans-unit>
</body></file></xliff>"""
NEW = """<xliff version="2.0" srcLang="en" xmlns="urn:oasis:names:tc:xliff:document:2.0">
<file id="f"><unit id="1"><segment><source>Hello <pc id="1">big</pc></source></segment></unit>
</file></xliff>"""
ENTITIES = "".join(
    f'<!ENTITY {after} "{f"&{name};" * 10}">'
    for name, after in zip("abcdefghi", "bcdefghij", strict=True)
)
BOMB = f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{ENTITIES}]><xliff version="1.2">&j;</xliff>'


def read(text: str) -> Document:
    return read_document("a.xlf", text.encode(), "eng_Latn", "gle_Latn")


def targets(data: bytes) -> list[str]:
    found = etree.fromstring(data).iter("{*}target")
    return [etree.tostring(item, encoding="unicode", with_tail=False) for item in found]


def test_target_is_made_with_its_inline_elements() -> None:
    document = read(OLD)
    assert document.texts == ["Hello \ue000big\ue001 world"]
    data = document.write(["Dia \ue000mór\ue001 duit"])
    first, second = targets(data)
    assert 'Dia <g id="1">mór</g> duit<x id="2"/>' in first
    assert "Déanta" in second
    assert etree.fromstring(data).find("{*}file").get("target-language") == "ga"


def test_version_2_gets_its_target_and_language() -> None:
    data = read(NEW).write(["Dia \ue000mór"])
    assert 'Dia <pc id="1">mór</pc>' in targets(data)[0]
    assert etree.fromstring(data).get("trgLang") == "ga"


@pytest.mark.parametrize("translation", ["Dia mór", "\ue001Dia\ue000 mór", "\ue000\ue000Dia mór"])
def test_broken_marks_keep_text_and_elements(translation: str) -> None:
    target = targets(read(OLD).write([translation]))[0]
    assert "Dia mór" in target
    assert target.count("<g ") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "has a document type"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><xliff/>', "has a document type"),
        ("<xliff", "cannot be read as XML"),
        ("<html/>", "is no XLIFF"),
        ("<a>" * 10_000 + "</a>" * 10_000, "cannot be read as XML"),
    ],
)
def test_unsafe_or_broken_xml_is_refused(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(text)


UNIT = (
    '<xliff version="1.2"><file><trans-unit{}><source>Hello</source>{}</trans-unit></file></xliff>'
)


@pytest.mark.parametrize(
    ("attributes", "target", "is_kept"),
    [
        ("", '<target state="final">Own</target>', True),
        ("", '<target state="translated">Own</target>', True),
        ("", '<target state="signed-off">Own</target>', True),
        ("", "<target>Own</target>", True),
        (' approved="yes"', '<target state="new">Own</target>', True),
        ("", '<target state="new">Own</target>', False),
        ("", "<target>Hello</target>", False),
        ("", '<target state="final"/>', False),
        (' approved="yes"', "", False),
        ("", "", False),
    ],
)
def test_target_that_somebody_made_stays(attributes: str, target: str, is_kept: bool) -> None:
    document = read(UNIT.format(attributes, target))
    assert document.texts == ([] if is_kept else ["Hello"])
    (written,) = targets(document.write(["Haló"] * len(document.texts)))
    assert ("Own" in written, "Haló" in written) == (is_kept, not is_kept)


def test_codes_and_protected_text_are_marks() -> None:
    source = (
        'A <ph id="1">&lt;b&gt;</ph>b<bpt id="2">{</bpt> '
        '<mrk mtype="protected">NO</mrk> <!-- no -->c'
    )
    document = read(UNIT.format("", "").replace("Hello", source))
    assert document.texts == ["A \ue000b\ue001 \ue002 \ue003c"]
    assert "&lt;b&gt;</ph>b<bpt" in targets(document.write(document.texts))[0]


def test_line_breaks_are_spaces_unless_they_are_preserved() -> None:
    source = UNIT.format("", "").replace("Hello", "One\n  two")
    assert read(source).texts == ["One two"]
    kept = source.replace("<source", '<source xml:space="preserve"')
    assert read(kept).texts == ["One\n  two"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encoding_comes_back(encoding: str) -> None:
    name = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{name}"?>' + UNIT.format("", "").replace("lo", "é")
    document = read_document("a.xlf", text.encode(encoding), "eng_Latn", "gle_Latn")
    assert document.texts == ["Helé"]
    data = document.write(["Haló"])
    assert "<target>Haló</target>" in data.decode(encoding)
    assert data[:3] == text.encode(encoding)[:3]
