"""What checks found, kept on disk for test sets on which looking takes minutes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path

import numpy as np

from core.evaluate.causes.checks import CHECKS, Finding, run_checks
from core.evaluate.causes.counting_texts import counting_texts
from core.evaluate.evaluating import Evaluated, scored_settings
from core.evaluate.settings import EvaluationSettings
from core.evaluate.texts import EvaluationTexts
from core.storage.files import write_bytes
from core.storage.workspace import Workspace

Findings = dict[str, dict[str, Finding]]
AT_ONCE = 20_000  # hypotheses that a page looks at by itself, some ten seconds of work


def is_quick(texts: EvaluationTexts, settings: EvaluationSettings) -> bool:
    """Whether a page may look for defects in the systems that are scored by itself."""
    num_scored = len(scored_settings(texts, settings).systems)
    return texts.num_segments * num_scored <= AT_ONCE


def find_all(
    found: Evaluated, *, on_progress: Callable[[int, int], None] | None = None
) -> Findings:
    """Gives what each check found, by translation set, then by the key of the check.

    Only segments that count are looked at; the others of the test set are flagged nowhere.

    Args:
        found: The evaluation.
        on_progress: Told how many segments of how many are done; to cancel, it raises.
    """
    texts = counting_texts(found)
    by_set = run_checks(
        texts.sources,
        texts.references,
        texts.hypotheses,
        tgt_lang=found.result.tgt_lang,
        on_progress=on_progress,
    )
    return {
        set_id: {
            key: Finding(each.check, texts.spread(each.flags), texts.spread(each.is_applicable))
            for key, each in of_set.items()
        }
        for set_id, of_set in by_set.items()
    }


def store_findings(
    workspace: Workspace, found: Evaluated, findings: Mapping[str, Mapping[str, Finding]]
) -> None:
    """Keeps findings of an evaluation for the page.

    Raises:
        OSError: They cannot be written.
    """
    arrays = {}
    for set_id, of_set in findings.items():
        for key, finding in of_set.items():
            arrays[f"{set_id}/{key}/flags"] = np.packbits(finding.flags)
            arrays[f"{set_id}/{key}/applicable"] = np.packbits(finding.is_applicable)
    path = _path(workspace, found)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    write_bytes(path, content.getvalue())


def stored_findings(workspace: Workspace, found: Evaluated) -> Findings | None:
    """Gives the findings that a job kept; None if there are none, or of another version."""
    num_segments = found.texts.num_segments
    try:
        with np.load(_path(workspace, found), allow_pickle=False) as arrays:
            return {
                each.set_id: {
                    check.key: Finding(
                        check,
                        _unpacked(arrays[f"{each.set_id}/{check.key}/flags"], num_segments),
                        _unpacked(arrays[f"{each.set_id}/{check.key}/applicable"], num_segments),
                    )
                    for check in CHECKS
                }
                for each in found.result.scored
            }
    except (OSError, ValueError, KeyError):
        return None


def _unpacked(
    bits: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], count: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.unpackbits(bits, count=count).astype(bool)


def _path(workspace: Workspace, found: Evaluated) -> Path:
    return workspace.statistics_folder / "findings" / f"{found.key}.npz"
