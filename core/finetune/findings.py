"""What a reader should know of a run that did not fail: a list of findings, the worst first."""

from __future__ import annotations

from core.finetune.course_findings import course_findings
from core.finetune.evidence import Evidence, Finding, Severity
from core.finetune.output_findings import output_findings

_ORDER: dict[Severity, int] = {"problem": 0, "warning": 1, "note": 2}


def findings(evidence: Evidence) -> list[Finding]:
    """Gives what is worth knowing about a run, the worst first.

    The first call that has translations to look at takes a second: it loads the language
    identifier.

    Args:
        evidence: What the run left behind until now.
    """
    if not evidence.plan and not evidence.train:
        return []  # it has not begun
    found = [*output_findings(evidence), *course_findings(evidence)]
    return sorted(found, key=lambda each: _ORDER[each.severity])
