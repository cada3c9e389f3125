"""A measurement of a system for tests: 1,000 segments of 50 characters, 0.004 kWh in 30 s."""

from __future__ import annotations

from typing import Any

from core.emissions.energy import Conditions, Energy
from core.emissions.inference import Inference, Translated

CONDITIONS = Conditions(
    methods={"cpu": "load model", "ram": "heuristic"}, measured_by="codecarbon 3.3.2"
)
TRANSLATED = Translated(
    text="Small *a* corpus, test split",
    src_lang="eng_Latn",
    tgt_lang="gle_Latn",
    num_segments=1000,
    num_source_characters=50_000,
    num_output_characters=60_000,
    seconds=30.0,
    reference_tokens=20.0,
)


def made_inference(**changes: Any) -> Inference:
    """Gives the measurement, or one with something changed."""
    values: dict[str, Any] = {
        "id": "m-1",
        "system_id": "model:run-1",
        "name": "demo",
        "translated": TRANSLATED,
        "energy": Energy(cpu_kwh=0.003, ram_kwh=0.001),
        "conditions": (CONDITIONS,),
        "version": "v-1",
        "engine": "ctranslate2",
        "quantization": "int8",
        "batching": {"segments_at_once": 64},
        "created_at": "2026-11-01T10:00:00.000+00:00",
        **changes,
    }
    return Inference(**values)
