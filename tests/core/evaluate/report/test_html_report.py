from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import lxml.html
import pytest

from core.corpora.leak_notes import NoteBadge
from core.evaluate.published import published_scores
from core.evaluate.report import html_report as module
from core.evaluate.report.html_report import html_report, provenance_rows
from core.evaluate.report.table import Supplement, Table
from core.evaluate.results import EvaluationResult

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=https://example.org/x onerror=alert(1)>',
    "</style><link rel=stylesheet href=//example.org/x.css>",
    "{{7*7}} {% raw %} &amp;",
    "هذا نص! abc",
    "मराठी भाषा",
)
VOID = {"meta", "br", "hr", "img", "link", "input"}


class _Nesting(HTMLParser):
    """Fails where a tag is closed that is not the last one opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"


def _page(text: str) -> lxml.html.HtmlElement:
    nesting = _Nesting()
    nesting.feed(text)
    nesting.close()
    assert nesting.open == []
    return lxml.html.document_fromstring(text)


def _texts(page: lxml.html.HtmlElement, path: str) -> list[str]:
    return [" ".join(each.text_content().split()) for each in page.xpath(path)]


def _supplement(*texts: str) -> Supplement:
    rows = tuple((number, text, -1.5) for number, text in enumerate(texts, 1))
    table = Table("Segments <b>", ("Number", "Text", "Difference"), rows, note="Note <b>")
    return Supplement(table, (table,), (table,), tuple(published_scores("eng_Latn", "gle_Latn")))


def _hostile(result: EvaluationResult, text: str) -> EvaluationResult:
    systems = tuple(
        replace(
            each, name=f"{each.set_id} {text}", excluded=each.excluded and text, system_id=text,
            provenance={text: text, "nested": {text: [text]}},
        )
        for each in result.systems
    )  # fmt: skip
    metrics = tuple(replace(each, name=text, signature=text, note=text) for each in result.metrics)
    return replace(
        result, name=text, test_set_name=text, split=text, references=(text,), leak=text,
        notes=(text,), systems=systems, metrics=metrics, versions={text: text}, src_lang=text,
        test_set_hash=text, made_at=text,
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_stand_in_the_page_as_texts(result: EvaluationResult, text: str) -> None:
    page = _page(html_report(_hostile(result, text), _supplement(text), has_all_segments=True))
    assert not page.xpath("//script | //img | //link | //iframe | //object | //b")
    assert page.xpath("//h1")[0].text_content() == text
    assert page.xpath("//section[.//h2[@id='segments']]//td[@dir='auto']")[0].text_content() == text
    assert page.xpath("//code[@class='whole']")[0].text_content() == text
    assert f"base {text}" in _texts(page, "//th[@scope='row']/bdi")[0]
    assert page.xpath("//svg/@aria-label")[0].startswith(f"base {text}: 28.41 [")


def test_nothing_is_loaded_from_anywhere(result: EvaluationResult) -> None:
    text = html_report(result, _supplement(*HOSTILE))
    page = _page(text)
    names = ("src", "href", "srcset", "poster", "data", "action", "style", "background")
    for element in page.iter():
        assert not set(element.attrib) & {*names, "xlink:href"}
        assert not [name for name in element.attrib if name.startswith("on")]
    css = page.xpath("//style")[0].text_content()
    assert "url(" not in css
    assert "@import" not in css
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    assert "http://" not in text.replace("&lt;", "")


def test_scores_stand_with_interval_and_best_and_mark(result: EvaluationResult) -> None:
    page = _page(html_report(result))
    rows = page.xpath("(//section[@aria-labelledby='scores']//table)[1]/tbody/tr")
    assert len(rows) == 3
    cells = [" ".join(cell.text_content().split()) for cell in rows[1]]
    assert cells[0] == "Fine-tuned"
    better = "▲significantly better than the baseline:"
    assert cells[1] == f"{better} 36.04 ± 1.20 [34.84, 37.24]"
    assert cells[3] == f"{better} 0.8021 ± 0.0090 [0.7931, 0.8111]"
    best = [row.xpath("./td[.//*[@class='best']]") for row in rows]
    assert [len(each) for each in best] == [0, 2, 1]


def test_the_page_says_what_the_numbers_rest_on(result: EvaluationResult) -> None:
    page = _page(html_report(result))
    text = " ".join(page.text_content().split())
    assert page.get("lang") == "en"
    assert "English to Irish (eng_Latn → gle_Latn)" in text
    for part in (result.leak, result.test_set_hash, *result.notes):
        assert part in text
    assert "paired bootstrap, 1,000 samples, seed 12345" in text
    assert "500 scored of 500" in text
    assert "Not scored: Upload: 12 of its 500 segments failed." in text
    assert "parameters.beam5" in text
    assert "sacrebleu2.6.0" in text
    assert [each.signature for each in result.metrics] == _texts(
        page, "//section[@aria-labelledby='signatures']//code"
    )


def test_leaks_stand_out(result: EvaluationResult) -> None:
    def strong(badge: NoteBadge) -> list[str]:
        return _texts(_page(html_report(replace(result, leak_badge=badge))), "//dd/strong")

    assert strong("leaks") == [result.leak]
    assert strong("clean") == []


def test_an_unknown_leak_status_is_said_to_be_unknown(result: EvaluationResult) -> None:
    assert "was not checked against training data" in html_report(replace(result, leak=""))


def test_differences_stand_by_system_with_p_after_holm(result: EvaluationResult) -> None:
    page = _page(html_report(result))
    rows = page.xpath("//section[@aria-labelledby='differences']//tbody/tr")
    assert len(rows) == 6
    cells = [" ".join(cell.text_content().split()) for cell in rows[1]]
    assert cells == [
        "TER ↓ (lower is better)", "−10.50", "[−11.35, −9.65]", "0.001", "0.002", "▲ better",
    ]  # fmt: skip


def test_ranks_say_what_the_tests_leave_open(result: EvaluationResult) -> None:
    page = _page(html_report(result))
    cells = _texts(page, "//section[@aria-labelledby='ranks']//td")
    assert cells[0] == "cluster 2rank 3"
    assert cells[3] == "cluster 1ranks 1–2"


def test_power_follows_from_the_intervals(result: EvaluationResult) -> None:
    page = _page(html_report(result))
    cells = _texts(page, "//section[@aria-labelledby='power']//tbody/tr[2]/*")
    # Half-widths of TER: scores 1.9, 1.7 and 1.8, differences 0.85 and 0.9.
    assert cells[:2] == ["TER", "1.80"]
    found = [float(cell) for cell in cells[2:]]
    assert found == pytest.approx([0.875, 0.875 * (1.96 + 0.84) / 1.96], abs=0.006)


def test_plots_have_a_strip_and_words_for_each_system(result: EvaluationResult) -> None:
    page = _page(html_report(result))
    figures = page.xpath("//figure")
    assert len(figures) == 6
    for figure, count in zip(figures, (3, 3, 3, 2, 2, 2), strict=True):
        assert len(figure.xpath(".//svg[@role='img'][@aria-label]/desc")) == count
        assert len(figure.xpath(".//circle")) == count
        assert len(figure.xpath(".//line[@class='range']")) == 3 * count


def test_one_system_alone_is_compared_with_nothing(result: EvaluationResult) -> None:
    alone = replace(result, systems=result.systems[:1], differences=(), ranks=())
    page = _page(html_report(alone))
    assert not page.xpath("//*[@id='differences' or @id='ranks']")
    assert (
        "baseline"
        not in page.xpath("//section[@aria-labelledby='scores']//tbody")[0].text_content()
    )
    assert _texts(page, "//section[@aria-labelledby='power']//tbody/tr[1]/*")[2:] == ["–", "–"]


def test_what_was_not_resampled_has_no_interval_and_no_power(result: EvaluationResult) -> None:
    scores = tuple(
        replace(each, mean=None, half_width=None, low=None, high=None) for each in result.scores
    )
    differences = tuple(replace(each, low=None, high=None) for each in result.differences)
    text = html_report(replace(result, scores=scores, differences=differences))
    page = _page(text)
    assert "None" not in page.text_content()
    assert not page.xpath("//*[@id='power'] | //line[@class='range']")


def test_no_scored_system_is_said(result: EvaluationResult) -> None:
    nothing = replace(result, systems=result.systems[3:], scores=(), differences=(), ranks=())
    page = _page(html_report(nothing))
    assert "No system was scored." in page.text_content()
    assert not page.xpath("//figure")


def test_the_first_200_segments_are_shown(result: EvaluationResult) -> None:
    page = _page(html_report(result, _supplement(*map(str, range(230))), has_all_segments=True))
    section = page.xpath("//section[.//h2[@id='segments']]")[0]
    assert len(section.xpath(".//tbody/tr")) == 200
    assert "The first 200 of 230." in section.text_content()
    assert "segments.csv" in section.text_content()
    assert "segments.csv" not in html_report(result, _supplement("a"))


def test_published_scores_stand_apart_with_source_casing_and_caveat(
    result: EvaluationResult,
) -> None:
    published = published_scores("eng_Latn", "gle_Latn")
    page = _page(html_report(result, Supplement(published=tuple(published))))
    (box,) = page.xpath("//section[@class='apart']")
    assert "Shown beside, never ranked." in box.text_content()
    for each, row in zip(published, box.xpath(".//tbody/tr"), strict=True):
        cells = [cell.text_content() for cell in row]
        assert cells[0] == each.system
        assert cells[4:] == [each.casing, each.status, each.source, each.caveat]
    outside = page.xpath("//section[not(@class='apart')]//th[@scope='row']")
    assert not {each.text_content().strip() for each in outside} & {
        each.system for each in published
    }


def test_provenance_is_flat_and_without_what_is_unknown() -> None:
    provenance = {"model": "m", "parameters": {"beam": 5, "a": {"b": [1, "x"]}}, "empty": None}
    assert list(provenance_rows(provenance)) == [
        ("model", "m"),
        ("parameters.beam", "5"),
        ("parameters.a.b", '[1, "x"]'),
    ]


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(first: str, second: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_texts_and_marks_can_be_told_from_their_ground(theme: str) -> None:
    css = Path(module.__file__).with_name("report.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    block = blocks[("light", "dark", "print").index(theme)]
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", block))
    for ground in ("background", "surface", "caution-surface"):
        for ink in ("text", "quiet", "accent", "caution"):
            assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    assert _contrast(colours["axis"], colours["background"]) >= 3


def test_the_page_says_what_is_particular_to_a_metric(
    result: EvaluationResult, judged: EvaluationResult
) -> None:
    text = " ".join(_page(html_report(judged)).text_content().split())
    assert "n = 500 (LLM: 480). Bold is best." in text
    assert "half of its 95 % interval of 1,000 resamples" in text
    assert "LLM: 12 of 400 failed (3.0 %)." in text
    assert "judged by an LLM. This report does not say how that agrees with people" in text
    assert "judged by an LLM" not in html_report(result)
