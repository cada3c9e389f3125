"""What the tests of the doctor share: a check on a few pairs, and an examined small corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.corpora.doctor.batch import Batch
from core.corpora.doctor.examining import Examination, examine
from core.corpora.doctor.findings import Findings
from core.corpora.doctor.row_features import ROW_CHECKS
from core.corpora.doctor.settings import DoctorSettings
from core.corpora.segments import Pair, Row, write_segments

Checking = Callable[..., list[tuple[int, str]]]
Examining = Callable[..., tuple[Examination, Findings]]


@pytest.fixture
def checked() -> Checking:
    """Gives the rows that one check of single rows flags, each with its detail."""

    def check(
        key: str,
        pairs: list[Pair],
        src_lang: str = "eng_Latn",
        tgt_lang: str = "gle_Latn",
        **changes: Any,
    ) -> list[tuple[int, str]]:
        sources, targets = [source for source, _ in pairs], [target for _, target in pairs]
        settings = DoctorSettings(**changes)
        return list(ROW_CHECKS[key](Batch(sources, targets, src_lang, tgt_lang, settings)))

    return check


@pytest.fixture
def examined(tmp_path: Path) -> Examining:
    """Examines a corpus; given is train, or rows by split."""

    def examine_rows(
        rows: list[Pair | Row] | dict[str, list[Pair | Row]],
        src_lang: str = "eng_Latn",
        tgt_lang: str = "gle_Latn",
        settings: DoctorSettings | None = None,
        **options: Any,
    ) -> tuple[Examination, Findings]:
        splits = rows if isinstance(rows, dict) else {"train": rows}
        paths = {}
        for split, some in splits.items():
            paths[split] = tmp_path / f"{split}.jsonl"
            write_segments(paths[split], some)
        out = tmp_path / "findings.parquet"
        settings = settings or DoctorSettings()
        examination = examine(paths, src_lang, tgt_lang, settings, out, **options)
        return examination, Findings(out)

    return examine_rows
