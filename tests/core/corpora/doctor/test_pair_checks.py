from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Checking = Callable[..., list[tuple[int, str]]]


@pytest.mark.parametrize(
    ("source", "target", "changes", "is_flagged"),
    [
        ("Wash your hands now", "Wash your hands now.", {}, True),
        ("Wash your hands now", "WASH  your hands, now", {}, True),
        ("Baile Átha Cliath", "Baile Átha Cliath", {}, True),
        ("Johnson & Johnson", "Johnson & Johnson", {}, False),  # two words: a name
        ("Dublin", "Dublin", {}, False),
        ("Dublin", "Dublin", {"identical_min_words": 1}, True),
        ("12 34 56 78", "12 34 56 78", {"identical_min_words": 1}, False),
        ("Wash your hands", "Nigh do lámha", {"identical_min_words": 1}, False),
        ("तुमचे हात धुवा", "तुमचे हात धुवा!", {}, True),
        ("اغسل يديك جيدا", "اغسل يديك جيدا", {}, True),
        ("请经常洗手", "请经常洗手。", {"identical_min_words": 2}, True),
        ("请经常洗手", "请经常洗手。", {"identical_min_words": 3}, False),
    ],
)
def test_identical(
    checked: Checking, source: str, target: str, changes: dict[str, Any], is_flagged: bool
) -> None:
    assert bool(checked("identical", [(source, target)], **changes)) is is_flagged


def test_too_long_counts_characters_of_either_side(checked: Checking) -> None:
    pairs = [("a" * 20, "b"), ("a" * 21, "b"), ("a", "क" * 21), ("a", "क" * 20)]
    assert checked("too_long", pairs, max_chars=20) == [
        (1, "source has 21 characters"),
        (2, "target has 21 characters"),
    ]


@pytest.mark.parametrize(
    ("source", "target", "changes", "detail"),
    [
        ("<b>Wash</b> it", "Nigh <b>é</b>", {}, None),
        ("<b>Wash</b> it", "Nigh é", {}, "only in the source: b, /b"),
        ("Wash it", "Nigh é<br/>", {}, "only in the target: br"),
        ("<br>", "<br/>", {}, None),
        ("<a href='x'>y</a>", "<a href='z'>w</a>", {}, None),
        (
            "<a href='x'>y</a>",
            "<a href='z'>w</a>",
            {"markup_attributes": True},
            "only in the source: <a href='x'>; only in the target: <a href='z'>",
        ),
        ("<b>x</b> <b>y</b>", "<b>x y</b>", {}, "only in the source: b, /b"),
        ("a < b and c > d", "a < b", {}, None),
        ("<b>धुवा</b>", "<b>ধোয়া</b>", {}, None),
        ("<i>洗手</i>", "洗手", {}, "only in the source: i, /i"),
        ("See https://x.ie/{0}", "Féach", {}, None),  # no tag
    ],
)
def test_markup(
    checked: Checking, source: str, target: str, changes: dict[str, Any], detail: str | None
) -> None:
    expected = [] if detail is None else [(0, detail)]
    assert checked("markup", [(source, target)], **changes) == expected


@pytest.mark.parametrize(
    ("source", "target", "detail"),
    [
        ("Hello {name}", "Dia duit {name}", None),
        ("{a} of {b}", "{b}의 {a}", None),
        ("Hello {name}", "Dia duit", "only in the source: {name}"),
        ("%d files", "%s comhad", "only in the source: %d; only in the target: %s"),
        ("50% of us", "50% dínn", None),
        ("Follow @hse and #covid", "Lean muid", None),
        ("See www.hse.ie", "Féach", None),
        ("%(count)s फाइल", "%(count)s ملف", None),
    ],
)
def test_placeholders(checked: Checking, source: str, target: str, detail: str | None) -> None:
    assert checked("placeholders", [(source, target)]) == ([] if detail is None else [(0, detail)])


@pytest.mark.parametrize(
    ("source", "target", "flagged_by"),
    [
        ("See https://www.hse.ie/", "Féach https://www.hse.ie", ""),
        ("See HTTP links", "Féach", ""),
        ("See www.hse.ie", "Féach", "count host address"),
        ("See www.hse.ie/eng", "Féach https://hse.ie/gle", "address"),
        ("See www.hse.ie", "Féach www.gov.ie", "host address"),
        ("Write to a@hse.ie", "Scríobh chuig b@hse.ie", "address"),
        ("Write to a@hse.ie", "Scríobh", "count host address"),
        ("www.a.ie or www.a.ie", "www.a.ie", "count host address"),
        ("请看 https://x.cn/a。", "See https://x.cn/a.", ""),
        ("{link}", "{nasc}", ""),
    ],
)
def test_urls(checked: Checking, source: str, target: str, flagged_by: str) -> None:
    found = [
        by for by in ("count", "host", "address") if checked("urls", [(source, target)], urls_by=by)
    ]
    assert found == flagged_by.split()


@pytest.mark.parametrize(
    ("source", "target", "changes", "detail"),
    [
        ("In 2020 and 1,234.5", "Sa bhliain 2020 agus 1.234,5", {}, None),
        ("In 2020", "In 2021", {}, "only in the source: 2020; only in the target: 2021"),
        ("About 30 people", "Thart ar thríocha duine", {}, "only in the source: 30"),
        ("3 people", "triúr", {}, None),
        ("3 people", "triúr", {"least_number": 0}, "only in the source: 3"),
        ("In 2020", "Anuraidh", {"max_lost_numbers": 1}, None),
        ("20 and 30", "20, 30, 40", {}, "only in the target: 40"),
        ("Since 2020", "२०२० पासून", {}, None),
        ("Since 2020", "منذ ٢٠٢٠", {}, None),
        ("Since 2020", "自2020年以来", {}, None),
        ("Since 2020", "自2021年以来", {}, "only in the source: 2020; only in the target: 2021"),
        ("The coronavirus", "An víreas COVID-19", {}, None),
        ("B12 helps", "Cuidíonn sé", {}, None),
        ("See https://x.ie/2020", "Féach https://x.ie/ga", {}, None),
        ("%1$s of 14", "14 de %1$s", {}, None),
        ("9" * 5000, "8", {}, f"only in the source: {'9' * 40}"),
    ],
)
def test_numbers(
    checked: Checking, source: str, target: str, changes: dict[str, Any], detail: str | None
) -> None:
    expected = [] if detail is None else [(0, detail)]
    assert checked("numbers", [(source, target)], **changes) == expected


def test_detail_names_three_and_counts_the_others(checked: Checking) -> None:
    found = checked("numbers", [("20 30 40 50 60", "x")])
    assert found == [(0, "only in the source: 20, 30, 40 and 2 more")]
