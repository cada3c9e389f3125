from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.spans import spans_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hi {name}, {0} and {}", ["{name}", "{0}", "{}"]),
        ("{{ user.name }}: {% if x %}", ["{{ user.name }}", "{% if x %}"]),
        (
            "%s of %d, %(count)s, %1$d, %-5.2f, %@",
            ["%s", "%d", "%(count)s", "%1$d", "%-5.2f", "%@"],
        ),
        ("%{n} ${x} $t(key) [[page]]", ["%{n}", "${x}", "$t(key)", "[[page]]"]),
        ("100% sure, 50 %, 5%a, 20% discount, %of", []),
        ('<b>x</b><br/><br /> <x id="1"/>', ["<b>", "</b>", "<br/>", "<br />", '<x id="1"/>']),
        ("a < b and c > d, 3<4, <3, if (a<b) c", []),
        ("<a href='u' title=\"x > y\">k</a>", ["<a href='u' title=\"x > y\">", "</a>"]),
        ("<!-- note --> text", ["<!-- note -->"]),
        ("See https://a.ie/b_(c)?d=1&e=2#f.", ["https://a.ie/b_(c)?d=1&e=2#f"]),
        ("(www.a.com), «http://b.ie/é»", ["www.a.com", "http://b.ie/é"]),
        ("访问https://a.com。谢谢 www.b.com网站", ["https://a.com", "www.b.com"]),
        (
            "http://a.ie\ufeff http://b.ie\u200bx http://c.ie/\x00",
            ["http://a.ie", "http://b.ie", "http://c.ie/"],
        ),
        ("Mail jo.b+x@c-d.ie. or 谢a@b.cn谢", ["jo.b+x@c-d.ie", "a@b.cn"]),
        ("@joe_b said #тег and #हिन्दी, C# #1 a@b", ["@joe_b", "#тег", "#हिन्दी"]),
        ("\ue000\ue001x\uf8ff", ["\ue000", "\ue001", "\uf8ff"]),
        ("{ not one } {a b} $5 (x) [y] e.g. 10% s", []),
    ],
)
def test_protected_parts_are_found(text: str, found: list[str]) -> None:
    spans = spans_in(text)
    assert [span.text for span in spans] == found
    assert all(text[span.start : span.end] == span.text for span in spans)


@given(st.text(st.sampled_from("ab1 {}%$<>/=\"'@#.:[]()s\ue000-!"), max_size=80))
def test_parts_never_overlap_and_are_never_empty(text: str) -> None:
    end = 0
    for span in spans_in(text):
        assert end <= span.start < span.end
        end = span.end


@pytest.mark.parametrize(
    "unit",
    ["{", "{{", "<a ", "<a x=", '<a x="', "<a b=c ", "a.", "a@", "%", "%(a", "www.", "http://"]
    + ["<!--", "[[", "$t(", "#1", "@", " ", "https://)", "#1111111", "a"],
)
def test_search_takes_time_in_proportion(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    started = time.perf_counter()
    spans_in(text)
    assert time.perf_counter() - started < 2
