from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.annotate.annotation import Annotation
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, JudgedSystem
from core.annotate.formats.reading import read_campaign
from core.annotate.formats.registry import FORMATS, guess_format
from core.annotate.formats.writing import usual_preset, write_campaign
from core.errors import ConfigError, DataError
from tests.core.annotate.formats.wmt_files import LATER, big_file, tsv


def own(protocol: str = "mqm") -> CampaignData:
    assert protocol in ("mqm", "sqm", "esa")
    return CampaignData(
        name="Máire's/own: campaign",
        protocol=protocol,  # type: ignore[arg-type]
        src_lang="gle_Latn",
        tgt_lang="eng_Latn",
        systems=(JudgedSystem("A"),),
        segments=(JudgedSegment("Dia duit.", "d", "1", "1"),),
        outputs={(0, 0): "Hello."},
        raters=("Máire", "Seán"),
        items=(JudgedItem("Seán", 0, (0,), Annotation(score=5, is_done=True)),),
        typology="adaptmllm" if protocol == "mqm" else "",
    )


@pytest.mark.parametrize("protocol", ["mqm", "sqm", "esa"])
def test_every_format_is_written_guessed_and_read_again(protocol: str) -> None:
    data = own(protocol)
    for kind, each in FORMATS.items():
        if data.protocol in each.protocols:
            file = write_campaign(data, kind)
            assert file.name == f"M-ire-s-own-campaign{each.extension}"
            assert file.media_type == each.media_type
            assert guess_format(file.content, file.name) == kind
            found = read_campaign(file.content, file.name, name=" A new\nname ")
            assert found.name == "A new name"
            assert sum(item.annotation.is_done for item in found.items) == 1, kind


def test_names_of_raters_stay_out_of_files_unless_asked_for() -> None:
    data = own()
    for kind, each in FORMATS.items():
        if data.protocol in each.protocols and each.extension not in (".zip", ".xlsx"):
            assert "Seán" not in write_campaign(data, kind).content.decode()
            named = write_campaign(data, kind, are_raters_named=True).content.decode()
            assert "Seán" in named, kind
    found = read_campaign(write_campaign(data, "csv").content, "c.csv")
    assert found.items[0].rater == "rater2"


def test_an_imported_file_keeps_its_raters_unless_they_shall_be_hidden() -> None:
    metadata = json.dumps({"prior_rater": "Máire"})
    row = ["A", "d", "1", "1", " Seán", "s", "<v>t</v>", "Style/Awkward", "MAJOR", metadata]
    data = read_campaign(tsv([row], header=LATER), "a.tsv")
    assert write_campaign(data, "wmt-mqm").content == tsv([row], header=LATER)
    hidden = write_campaign(data, "wmt-mqm", are_raters_named=False).content.decode()
    assert hidden.split("\n")[1].split("\t")[4:9] == [
        "rater1", "s", "<v>t</v>", "Style/Awkward", "Major",
    ]  # fmt: skip
    assert "Máire" not in hidden


def test_languages_and_name_of_the_caller_come_before_the_files() -> None:
    data = read_campaign(big_file(5), "a/b.tsv", src_lang="gle_Latn", tgt_lang="eng_Latn")
    assert (data.name, data.src_lang, data.tgt_lang) == ("b", "gle_Latn", "eng_Latn")


@pytest.mark.parametrize(
    ("form", "typology", "expected"),
    [
        ({"format": "wmt-mqm", "is_later": True}, "wmt", "wmt23"),
        ({"format": "wmt-mqm", "is_later": False}, "wmt", "wmt21"),
        ({}, "adaptmllm", "adaptmllm"),
        ({}, "mqm-core", "mqm-core"),
        ({}, "own", "wmt23"),
    ],
)
def test_the_usual_weights_are_those_of_the_files_time_or_of_the_typology(
    form: dict[str, object], typology: str, expected: str
) -> None:
    assert usual_preset(replace(own(), origin=form, typology=typology)).name == expected


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"", "a.tsv"), (b"hello\n", "a.txt"), (b"\x00\x01", "a.bin"), (b"system\tx\n", "a.tsv")],
)
def test_a_file_of_no_known_format_is_refused(data: bytes, name: str) -> None:
    with pytest.raises(DataError, match="is in no format of human evaluations"):
        read_campaign(data, name)


def test_unknown_formats_languages_and_unfit_protocols_are_refused() -> None:
    with pytest.raises(ConfigError, match="There is no format 'xml'"):
        read_campaign(b"", "a", kind="xml")
    with pytest.raises(ConfigError, match="klingon"):
        read_campaign(big_file(3), "a", src_lang="klingon")
    with pytest.raises(ConfigError, match="psqm cannot hold a campaign of the protocol mqm"):
        write_campaign(own(), "psqm")
