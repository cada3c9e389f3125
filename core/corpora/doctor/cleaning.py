"""What a cleaning keeps of a split, and what it leaves out with its reasons; nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from core.corpora.doctor.findings import Finding, Findings
from core.corpora.doctor.repairs import repaired
from core.corpora.doctor.settings import DoctorSettings
from core.corpora.segments import Row, read_rows


def kept_rows(
    path: Path,
    findings: Findings,
    split: str,
    settings: DoctorSettings,
    *,
    active_checks: Collection[str] | None = None,
) -> Iterator[Row]:
    """Gives the rows that stay, in order, mended if the settings say so.

    Args:
        path: The split's file, as it was examined.
        findings: What was found in it.
        split: Its name.
        settings: Those of the examination.
        active_checks: The checks whose findings count; None = all that are on.
    """
    if not settings.cleans(split):
        yield from read_rows(path)
        return
    dropped = _dropped(findings, split, settings, active_checks)
    mends = settings.has_repairs
    for number, row in enumerate(read_rows(path)):
        if number not in dropped:
            yield _mended(row, settings) if mends else row


def rejected_rows(
    findings: Findings,
    split: str,
    settings: DoctorSettings,
    *,
    active_checks: Collection[str] | None = None,
) -> Iterator[Finding]:
    """Gives the rows that do not stay, in order, with the reasons that count.

    The arguments are those of `kept_rows`; together they give every row of the split once.
    """
    if not settings.cleans(split):
        return
    keys = settings.active if active_checks is None else active_checks
    dropped = _dropped(findings, split, settings, active_checks)
    for finding in findings.of_split(split):
        if finding.number in dropped:
            yield replace(finding, reasons=tuple(key for key in finding.reasons if key in keys))


def _dropped(
    findings: Findings,
    split: str,
    settings: DoctorSettings,
    active_checks: Collection[str] | None,
) -> set[int]:
    keys = settings.active if active_checks is None else active_checks
    return set(findings.numbers(split, keys).tolist())


def _mended(row: Row, settings: DoctorSettings) -> Row:
    return row._replace(
        source=repaired(row.source, settings), target=repaired(row.target, settings)
    )
