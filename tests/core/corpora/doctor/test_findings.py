from __future__ import annotations

from pathlib import Path

import pytest

from core.corpora.doctor.checks import REASONS
from core.corpora.doctor.findings import Finding, Findings, write_findings

ROWS = [
    Finding("train", 3, "Wash your hands", "Nigh do lámha", "Doc A", ("duplicate",), "same"),
    Finding("train", 5, "तुमचे हात", "ÉIRE agus", "", ("duplicate", "numbers"), ""),
    Finding("train", 8, "100% of (it)", "a\nb\t\u2028c", "", ("numbers",), "x"),
    Finding("test", 3, "", "", "", ("empty",), ""),
]


@pytest.fixture
def findings(tmp_path: Path) -> Findings:
    assert write_findings(tmp_path / "findings.parquet", ROWS) == 4
    return Findings(tmp_path / "findings.parquet")


def test_findings_come_back_exactly(findings: Findings) -> None:
    assert findings.page() == ROWS
    assert findings.count == 4
    assert findings.counts == {"empty": 1, "duplicate": 2, "numbers": 2}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"check": "duplicate"}, [0, 1]),
        ({"check": "numbers"}, [1, 2]),
        ({"check": "control"}, []),
        ({"check": "no such check"}, []),
        ({"split": "test"}, [3]),
        ({"split": "dev"}, []),
        ({"check": "numbers", "split": "test"}, []),
        ({"search": "HANDS"}, [0]),
        ({"search": "éire"}, [1]),
        ({"search": "हात"}, [1]),
        ({"search": "doc a"}, [0]),
        ({"search": "% of ("}, [2]),
        ({"search": "\n"}, [2]),
        ({"search": "a", "check": "numbers"}, [1, 2]),
        ({"limit": 2, "offset": 1}, [1, 2]),
        ({"limit": 2, "offset": 3}, [3]),
        ({"offset": 4}, []),
    ],
)
def test_page_shows_what_was_asked_for(
    findings: Findings, question: dict[str, str], expected: list[int]
) -> None:
    assert findings.page(**question) == [ROWS[place] for place in expected]  # type: ignore[arg-type]
    if "limit" not in question and "offset" not in question:
        assert findings.num_matching(**question) == len(expected)  # type: ignore[arg-type]


def test_numbers_of_a_split_by_checks(findings: Findings) -> None:
    assert findings.numbers("train").tolist() == [3, 5, 8]
    assert findings.numbers("train", ["duplicate", "control"]).tolist() == [3, 5]
    assert findings.numbers("train", []).tolist() == []
    assert findings.numbers("test", ["empty"]).tolist() == [3]


def test_bits_are_read_as_the_file_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, findings: Findings
) -> None:
    older = [key for key in REASONS if key != "identical"]  # before a check came in between
    with monkeypatch.context() as patch:
        patch.setattr("core.corpora.doctor.findings.REASONS", dict.fromkeys(older))
        patch.setattr(
            "core.corpora.doctor.checks.BITS", {key: 1 << n for n, key in enumerate(older)}
        )
        write_findings(tmp_path / "older.parquet", ROWS)
    assert Findings(tmp_path / "older.parquet").page() == ROWS
    assert Findings(tmp_path / "older.parquet").numbers("train", ["numbers"]).tolist() == [5, 8]


def test_rows_that_were_never_checked_keep_their_reason(tmp_path: Path) -> None:
    row = Finding("", 6, "Wash", "", "", ("no_translation",), "a.tmx line 7")
    write_findings(tmp_path / "rejected.parquet", [row])
    assert Findings(tmp_path / "rejected.parquet").page(check="no_translation") == [row]


def test_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> object:
        yield ROWS[0]
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_findings(tmp_path / "findings.parquet", broken())  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_pages_of_many_findings_are_the_right_ones(tmp_path: Path) -> None:
    num = 60_000
    write_findings(
        tmp_path / "f.parquet",
        (
            Finding(
                "train",
                n,
                f"source {n}",
                f"target {n}",
                "",
                ("numbers",) if n % 3 else ("control",),
            )
            for n in range(num)
        ),
    )
    findings = Findings(tmp_path / "f.parquet")
    page = findings.page(check="control", offset=10_000, limit=50)
    assert [item.number for item in page] == list(range(30_000, 30_150, 3))
    assert findings.page(search="Source 59999")[0].number == 59_999
    assert [item.number for item in findings.of_split("train")] == list(range(num))
