from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.corpora.doctor.cleaning import kept_rows, rejected_rows
from core.corpora.doctor.examining import Examination, examine
from core.corpora.doctor.findings import Findings, write_findings
from core.corpora.doctor.settings import CHECKS, DoctorSettings
from core.corpora.segments import Row, write_segments

Examining = Callable[..., tuple[Examination, Findings]]

ROWS = [
    Row("Wash it.", "Nigh é.", "A"),
    Row("Wash it.", "Nigh é.", "A"),
    Row("Wash it.", "", "B"),
    Row("Dry it.\x00", "Triomaigh é."),
    Row("Dry it.\x00", "Triomaigh é."),
]


def test_flagged_rows_go_and_say_why(examined: Examining, tmp_path: Path) -> None:
    _, findings = examined(ROWS)
    settings = DoctorSettings()
    assert list(kept_rows(tmp_path / "train.jsonl", findings, "train", settings)) == [ROWS[0]]
    rejected = list(rejected_rows(findings, "train", settings))
    assert [(item.number, item.reasons) for item in rejected] == [
        (1, ("duplicate",)),
        (2, ("empty",)),
        (3, ("control",)),
        (4, ("duplicate", "control")),
    ]
    assert write_findings(tmp_path / "rejected.parquet", iter(rejected)) == 4
    assert Findings(tmp_path / "rejected.parquet").page() == rejected


def test_only_checks_that_count_reject(examined: Examining, tmp_path: Path) -> None:
    _, findings = examined(ROWS)
    settings, active = DoctorSettings(), ["duplicate"]
    path = tmp_path / "train.jsonl"
    kept = kept_rows(path, findings, "train", settings, active_checks=active)
    assert list(kept) == [ROWS[0], ROWS[2], ROWS[3]]
    rejected = list(rejected_rows(findings, "train", settings, active_checks=active))
    assert [item.reasons for item in rejected] == [("duplicate",), ("duplicate",)]


@pytest.mark.parametrize("split", ["dev", "test"])
def test_held_out_splits_keep_every_row_unless_asked(
    examined: Examining, tmp_path: Path, split: str
) -> None:
    repairs = {"strip_spaces": True, "remove_controls": True}
    rows = [*ROWS, Row(" a ", " b ")]
    path = tmp_path / f"{split}.jsonl"
    for is_cleaned in (False, True):
        settings = DoctorSettings(clean_held_out=is_cleaned, **repairs)
        _, findings = examined({split: rows}, settings=settings)
        kept = list(kept_rows(path, findings, split, settings))
        rejected = list(rejected_rows(findings, split, settings))
        assert findings.count > 0
        if is_cleaned:
            assert kept == [rows[0], Row("Dry it.", "Triomaigh é."), Row("a", "b")]
            assert [item.number for item in rejected] == [1, 2, 4]
        else:
            assert (kept, rejected) == (rows, [])


TEXT = st.text(st.sampled_from("ab .,1é्हا洗<\x00Ã©\u2028\n\t"), max_size=8)


@settings(max_examples=30)
@given(
    rows=st.lists(st.builds(Row, TEXT, TEXT, st.sampled_from(["", "A"])), max_size=30),
    active=st.none() | st.sets(st.sampled_from(list(CHECKS))),
)
def test_every_row_is_kept_or_rejected_with_a_reason_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[Row],
    active: set[str] | None,
) -> None:
    folder = tmp_path_factory.mktemp("clean")
    path = folder / "train.jsonl"
    write_segments(path, rows)
    chosen = DoctorSettings(wrong_language=False)
    examine({"train": path}, "eng_Latn", "gle_Latn", chosen, folder / "f.parquet")
    findings = Findings(folder / "f.parquet")
    kept = list(kept_rows(path, findings, "train", chosen, active_checks=active))
    rejected = list(rejected_rows(findings, "train", chosen, active_checks=active))
    assert all(item.reasons for item in rejected)
    gone = {item.number: Row(item.source, item.target, item.document) for item in rejected}
    rest = iter(kept)
    assert [gone[number] if number in gone else next(rest) for number in range(len(rows))] == rows
    assert list(rest) == []
