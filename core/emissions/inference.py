"""What translating with a system was measured to take: per 1,000 segments, per million characters.

`core.systems.footprint` measures; this is what pages, the model card and commands read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from core.emissions.amounts import co2_words, kwh_words
from core.emissions.carbon import Basis, chosen_basis
from core.emissions.energy import Conditions, Energy
from core.emissions.sentence import NO_GRID, measured_by, methods_words
from core.errors import ConfigError
from core.storage.energy_records import SystemEnergyRecord
from core.storage.workspace import Workspace

SEGMENTS = 1_000
CHARACTERS = 1_000_000


@dataclass(frozen=True)
class Translated:
    """What was translated while it was measured.

    Attributes:
        text: In words, such as `Sample, test split`.
        src_lang, tgt_lang: FLORES-200 codes.
        num_segments: With every repetition of the test set.
        num_source_characters, num_output_characters: Of those segments, and of what came back.
        seconds: How long the system was at work on them.
        reference_tokens: Tokens of a reference translation, estimated, as a mean over segments: an
            LLM would have to write about so many.
    """

    text: str
    src_lang: str
    tgt_lang: str
    num_segments: int
    num_source_characters: int
    num_output_characters: int
    seconds: float
    reference_tokens: float = 0.0

    @property
    def characters_per_segment(self) -> float:
        """Characters of a source, as a mean."""
        return self.num_source_characters / max(self.num_segments, 1)

    @property
    def segments_per_s(self) -> float:
        """How fast it was."""
        return self.num_segments / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class Inference:
    """A measurement of a system at work; energies are those of the devices, without PUE.

    Attributes:
        id: UUID of the measurement and of its job.
        system_id, name: The system, such as `model:starter`, and its name then.
        translated: What it translated.
        energy: What that took, in kWh.
        conditions: How it was measured, and where.
        warnings: Sentences, such as that others used the GPU meanwhile.
        version: The prepared version that translated.
        engine, quantization: Of that version.
        batching: How it was asked: `segments_at_once`, `num_beams` and so on.
        created_at: UTC ISO-8601.
    """

    id: str
    system_id: str
    name: str
    translated: Translated
    energy: Energy
    conditions: tuple[Conditions, ...] = ()
    warnings: tuple[str, ...] = ()
    version: str = ""
    engine: str = ""
    quantization: str = ""
    batching: dict[str, Any] = field(default_factory=dict)
    created_at: str = ""

    @property
    def kwh_per_1000_segments(self) -> float:
        """Energy for 1,000 segments of the text that was translated."""
        return self.energy.total_kwh * SEGMENTS / max(self.translated.num_segments, 1)

    @property
    def kwh_per_million_characters(self) -> float:
        """Energy for a million characters of sources."""
        return self.energy.total_kwh * CHARACTERS / max(self.translated.num_source_characters, 1)

    @property
    def heuristic_share(self) -> float:
        """The share that is only guessed, 0 to 1."""
        guessed = {
            device
            for each in self.conditions
            for device, method in each.methods.items()
            if method == "heuristic"
        }
        total = self.energy.total_kwh
        return sum(self.energy.of(device) for device in guessed) / total if total else 0.0


def measured(workspace: Workspace, *, system_id: str = "") -> list[Inference]:
    """Gives the measurements of all systems, or of one, the newest first."""
    return [of_record(record) for record in workspace.energy.systems(system_id)]


def measured_model(workspace: Workspace, key: str) -> list[Inference]:
    """Gives the measurements of a local model by its canonical name, the newest first."""
    return measured(workspace, system_id=f"model:{key}")  # as `core.systems.descriptions` has it


def known_basis(workspace: Workspace) -> Basis | None:
    """Gives the chosen basis; None where no grid was chosen, or where it is gone."""
    try:
        return chosen_basis(workspace)
    except ConfigError:
        return None


def newest(found: Iterable[Inference], *, version: str = "") -> Inference | None:
    """Gives the newest of measurements that have the newest first; of one version, if it is given.

    Figures of another quantization or engine are no figures of this one.
    """
    return next((each for each in found if not version or each.version == version), None)


def newest_of_each(found: Iterable[Inference]) -> list[Inference]:
    """Gives the newest measurement of each version of each system, the newest first."""
    kept: dict[tuple[str, str], Inference] = {}
    for each in found:
        kept.setdefault((each.system_id, each.version), each)
    return list(kept.values())


def rate_words(inference: Inference, basis: Basis | None, *, pue: float = 1.0) -> str:
    """Says what translating takes, with the building's share.

    Such as `0.61 Wh and 0.18 g CO2eq per 1,000 segments, 6.1 Wh and 1.8 g CO2eq per million
    characters, IRL 2023, PUE 1.2`.

    Args:
        inference: The measurement.
        basis: What CO2eq is computed with; None leaves it out and says why.
        pue: Where there is no basis.
    """
    segments = _amount(inference.kwh_per_1000_segments, basis, pue)
    characters = _amount(inference.kwh_per_million_characters, basis, pue)
    on = basis.label if basis else f"{NO_GRID}, PUE {pue:g}"
    return f"{segments} per 1,000 segments, {characters} per million characters, {on}"


def origin_words(inference: Inference) -> str:
    """Says how the figures were found: `1,234 segments of … in 31 s, codecarbon 3.3.2, CPU …`."""
    did = inference.translated
    what = f"{did.num_segments:,} segments of {did.text} in {did.seconds:.0f} s"
    conditions = inference.conditions
    return ", ".join([what, *measured_by(conditions), *methods_words(conditions)])


def _amount(kwh: float, basis: Basis | None, pue: float) -> str:
    if basis is None:
        return kwh_words(kwh * pue)
    return f"{kwh_words(basis.facility_kwh(kwh))} and {co2_words(basis.co2_kg(kwh))}"


def of_record(record: SystemEnergyRecord) -> Inference:
    """Gives the measurement in a record."""
    details = record.details
    return Inference(
        id=record.id,
        system_id=record.system_id,
        name=record.name,
        translated=Translated(**{name: details[name] for name in Translated.__dataclass_fields__}),
        energy=Energy(details["cpu_kwh"], details["ram_kwh"], details["gpu_kwh"]),
        conditions=tuple(Conditions.of_json(each) for each in details["conditions"]),
        warnings=tuple(details["warnings"]),
        version=details["version"],
        engine=details["engine"],
        quantization=details["quantization"],
        batching=dict(details["batching"]),
        created_at=record.created_at,
    )


def to_record(inference: Inference) -> SystemEnergyRecord:
    """Gives the record that stores it, the two rates beside what they are made of."""
    details = {
        **vars(inference.translated),
        **vars(inference.energy),
        "conditions": [each.to_json() for each in inference.conditions],
        "warnings": list(inference.warnings),
        "version": inference.version,
        "engine": inference.engine,
        "quantization": inference.quantization,
        "batching": dict(inference.batching),
        "per_1000_segments_kwh": inference.kwh_per_1000_segments,
        "per_million_characters_kwh": inference.kwh_per_million_characters,
    }
    name = inference.name if len(inference.name) <= 300 else f"{inference.name[:299]}…"
    return SystemEnergyRecord(
        inference.id, inference.system_id, name, details, inference.created_at
    )
