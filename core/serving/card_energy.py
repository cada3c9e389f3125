"""What a model card says of energy: that of the fine-tuning, and that of translating."""

from __future__ import annotations

from core.emissions.amounts import kwh_words
from core.emissions.carbon import Basis, chosen_pue
from core.emissions.energy import DEVICES, JobEnergy, sum_of
from core.emissions.inference import (
    Inference,
    known_basis,
    measured_model,
    newest,
    origin_words,
    rate_words,
)
from core.emissions.inference_badges import found_by_words
from core.emissions.sentence import sentence
from core.emissions.stored import all_energy, job_energy
from core.storage.run_records import Run
from core.storage.workspace import Workspace


def energy_lines(
    workspace: Workspace, run: Run | None, step: int, key: str, version_id: str
) -> list[str]:
    """Gives sentences, a paragraph each; none where there is nothing to say.

    User text in them is as people wrote it: the card has to escape it.

    Args:
        workspace: Where the records are, and the grid that was chosen.
        run: Where the model came from; None for a base model.
        step: The checkpoint's step; 0 for the final model.
        key: The model's canonical name.
        version_id: The version that is served; "" for none.
    """
    basis, pue = known_basis(workspace), chosen_pue(workspace)
    lines = _fine_tuning(workspace, run, step, basis, pue) if run else []
    found = newest(measured_model(workspace, key), version=version_id) if version_id else None
    if found is not None:
        lines += _translating(found, basis, pue)
    elif lines:
        lines.append("What translating with it takes was not measured.")
    return lines


def _fine_tuning(
    workspace: Workspace, run: Run, step: int, basis: Basis | None, pue: float
) -> list[str]:
    energy = job_energy(workspace, run.id)
    if energy is None:
        return ["What the fine-tuning took was not measured."]
    which = "The whole run, of which this is a checkpoint" if step else "Fine-tuning"
    lines = [f"{which}: {sentence(energy, basis, pue=pue)}.", _by_device(energy)]
    if energy.study:
        runs = [each for each in all_energy(workspace, kinds=("run",)) if _is_beside(each, energy)]
        whole = sum_of(each.total for each in runs).energy.total_kwh
        lines.append(
            f"It came out of a search: its {len(runs):,} runs took {kwh_words(whole * pue)}."
        )
    return lines


def _is_beside(each: JobEnergy, energy: JobEnergy) -> bool:
    return each.study == energy.study


def _by_device(energy: JobEnergy) -> str:
    """Gives each device with its badges, and how much of it all is guessed."""
    total = energy.total.energy
    parts = [
        f"{device.upper()} {kwh_words(total.of(device))} ({' and '.join(methods)})"
        for device, methods in ((each, energy.methods.get(each, ())) for each in DEVICES)
        if methods
    ]
    guessed = f"{energy.heuristic_share:.0%} of it is guessed"
    return f"By device, without PUE: {', '.join(parts)}; {guessed}."


def _translating(found: Inference, basis: Basis | None, pue: float) -> list[str]:
    form = f"{found.engine}, {found.quantization} weights"
    lines = [
        f"Translating with the served form ({form}): {rate_words(found, basis, pue=pue)}.",
        f"Measured on {origin_words(found)}. By device: {found_by_words(found)}.",
    ]
    if found.warnings:
        lines.append("Other work went on meanwhile: alone it may take less.")
    return lines
