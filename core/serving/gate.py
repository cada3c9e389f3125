"""The gate: the same dev lines by the original and the prepared model, each in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.corpora.leak_notes import LeakNote, corpus_note
from core.errors import ModelError
from core.host import SHORT_SPIN
from core.metrics.lexical import score_system
from core.serving.conversion import weights_bytes
from core.storage.files import read_json, write_json
from core.storage.workspace import PROJECT, Workspace

CHILD_LIMIT_S = 6 * 3600
MAX_DIFFERENCES = 100
METRIC = "chrF2"


@dataclass(frozen=True)
class GateInput:
    """What both models translate.

    Attributes:
        sources, references: Dev lines, parallel.
        src_lang, tgt_lang: FLORES-200 codes.
        num_beams: Beam size.
        max_target_length: Translations end here, in tokens.
        threads: Processor threads; 0 = all cores.
    """

    sources: list[str]
    references: list[str]
    src_lang: str
    tgt_lang: str
    num_beams: int
    max_target_length: int
    threads: int


def compare(original: Path, prepared: Path, given: GateInput, folder: Path) -> dict[str, Any]:
    """Gives the gate's figures.

    Args:
        original: The model as Transformers loads it.
        prepared: The folder with `servable.json`.
        given: What both translate.
        folder: Where the children's files go.

    Returns:
        `num_segments`, `identical_share` (0 to 1), `chrf_original`, `chrf_prepared`,
        `chrf_difference` (prepared minus original), `signature`, and for each of `original` and
        `prepared`: `segments_per_s`, `peak_memory_bytes`, `load_s`, `size_bytes`; `differences`
        holds up to 100 lines that came out differently.

    Raises:
        ModelError: One of them could not translate.
    """
    sides = {
        "original": _measured("original", original, given, folder),
        "prepared": _measured("prepared", prepared, given, folder),
    }
    first, second = (sides[name].pop("hypotheses") for name in ("original", "prepared"))
    differences = _differences(given, first, second)
    metric = (METRIC,)
    scores = [score_system(side, given.references, names=metric)[0] for side in (first, second)]
    count = len(given.sources)
    return {
        "num_segments": count,
        "num_beams": given.num_beams,
        "src_lang": given.src_lang,
        "tgt_lang": given.tgt_lang,
        "identical_share": round(1 - len(differences) / count, 4),
        "chrf_original": scores[0].value,
        "chrf_prepared": scores[1].value,
        "chrf_difference": round(scores[1].value - scores[0].value, 2),
        "signature": scores[1].signature,
        **sides,
        "differences": differences[:MAX_DIFFERENCES],
    }


def gate_note(workspace: Workspace, gate: dict[str, Any]) -> LeakNote:
    """Gives what is known of leaks of the dev lines that the models were compared on."""
    # Older gates know the corpus by its name alone.
    return corpus_note(workspace, gate.get("corpus_id") or gate.get("corpus", ""), "dev")


def _differences(given: GateInput, first: list[str], second: list[str]) -> list[dict[str, str]]:
    rows = zip(given.sources, given.references, first, second, strict=True)
    return [
        {"source": source, "reference": reference, "original": one, "prepared": two}
        for source, reference, one, two in rows
        if one != two
    ]


def _measured(side: str, model: Path, given: GateInput, folder: Path) -> dict[str, Any]:
    spec, answer = folder / f"gate-{side}.json", folder / f"gate-{side}-answer.json"
    write_json(spec, {"side": side, "model": str(model), "answer": str(answer), **asdict(given)})
    child = subprocess.run(
        [sys.executable, "-m", "core.serving.gate_child", str(spec)],
        cwd=PROJECT,
        env={**os.environ, **SHORT_SPIN},
        capture_output=True,
        text=True,
        timeout=CHILD_LIMIT_S,
        check=False,
    )
    if child.returncode:
        lines = child.stderr.strip().splitlines() or ["no message"]
        cause = "it was killed, most often for lack of memory" if child.returncode == -9 else ""
        raise ModelError(
            f"The {side} model could not translate the dev lines: {cause or lines[-1]}.",
            hint="The log of the preparation says more.",
        )
    try:
        values: dict[str, Any] = read_json(answer)
    except (OSError, json.JSONDecodeError) as error:
        raise ModelError(f"The {side} model's answer cannot be read: {error}.") from None
    finally:
        for path in (spec, answer):
            path.unlink(missing_ok=True)
    return {**values, "size_bytes": weights_bytes(model)}
