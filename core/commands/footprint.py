"""`python -m core emissions measure|inference|break-even`: what translating takes."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from core.commands.answers import Answer, table
from core.commands.login import login_name
from core.emissions.amounts import co2_words, kwh_words
from core.emissions.carbon import Basis, chosen_basis, chosen_pue
from core.emissions.inference import (
    Inference,
    measured,
    newest,
    newest_of_each,
    origin_words,
    rate_words,
)
from core.emissions.inference_badges import badge_names, found_by_words
from core.errors import AdaptMLLMError, DataError
from core.storage.workspace import Workspace

if TYPE_CHECKING:
    from core.systems.footprint.answer_lengths import Text
    from core.systems.footprint.estimated import LlmEstimate


def add_footprint_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds these actions to the group `emissions`."""
    measuring = commands.add_parser(
        "measure", parents=[common], help="measure what translating with a local model takes"
    )
    measuring.add_argument("system", help="a run, RUN@STEP or a base model; it must be prepared")
    measuring.add_argument(
        "--corpus", default="", help="whose test split is translated (default: the run's own)"
    )
    measuring.add_argument(
        "--seconds", type=float, default=30.0, help="30 to 600, after the warm-up (default: 30)"
    )
    measuring.set_defaults(command=_measure)
    telling = commands.add_parser(
        "inference", parents=[common], help="what translating takes: measured, and LLMs estimated"
    )
    telling.add_argument("--corpus", default="", help="for LLMs: whose test split they translate")
    telling.set_defaults(command=_inference)
    comparing = commands.add_parser(
        "break-even", parents=[common], help="when a fine-tuning has paid for itself"
    )
    comparing.add_argument("--system", required=True, help="a fine-tuned model that was measured")
    comparing.add_argument("--llm", required=True, help="an LLM endpoint")
    _add_size(comparing)
    comparing.set_defaults(command=_break_even)
    sizing = commands.add_parser(
        "llm-size", parents=[common], help="store how large an endpoint's LLM is"
    )
    sizing.add_argument("llm", help="an LLM endpoint")
    _add_size(sizing)
    sizing.set_defaults(command=_llm_size)
    for parser in (measuring, telling, comparing):
        parser.add_argument("--pue", type=float, help="(default: the settings')")
        if parser is not comparing:
            parser.add_argument("--grid", default="", help="such as codecarbon:IRL")


def _add_size(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--active-b", type=float, default=0.0, help="active parameters, billions")
    parser.add_argument("--total-b", type=float, default=0.0, help="all parameters, billions")


def _measure(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.systems.footprint.measurements import start_measurement, wait_for
    from core.systems.footprint.settings import MeasureSettings

    basis = chosen_basis(workspace, grid=chosen.grid, pue=chosen.pue)
    values = {"system": chosen.system, "corpus": chosen.corpus, "seconds": chosen.seconds}
    settings = MeasureSettings.parse(values)
    started = start_measurement(workspace, settings, by=login_name())
    plan = started.plan
    sys.stderr.write(f"Measuring {plan.name} for {plan.seconds:g} s, after a warm-up …\n")
    wait_for(workspace, started.job.id)
    found = measured(workspace, system_id=plan.system_id)
    mine = next((each for each in found if each.id == started.job.id), None)
    if mine is None:
        raise DataError("The measurement left no figures.", hint="Measure again.")
    pue = chosen_pue(workspace, chosen.pue)
    lines = [
        f"{mine.name}: {rate_words(mine, basis, pue=pue)}",
        f"Found by: {found_by_words(mine)}",
        origin_words(mine),
    ]
    return Answer("\n".join([*lines, *mine.warnings]), _measured_values(mine, basis, pue))


def _inference(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.systems.catalogue import all_systems

    basis = chosen_basis(workspace, grid=chosen.grid, pue=chosen.pue)
    pue = chosen_pue(workspace, chosen.pue)
    local = newest_of_each(measured(workspace))
    text = _text(workspace, chosen.corpus)
    llms, problems = [], []
    for info in all_systems(workspace):
        if info.is_llm:
            try:
                llms.append(_estimate(workspace, info.id, text))
            except AdaptMLLMError as error:
                problems.append(f"{info.name}: {error}")
    rows = [_measured_row(each, basis, pue) for each in local]
    rows += [_estimated_row(each, basis) for each in llms]
    header = (
        "system",
        "version",
        "found by",
        "per 1,000 segments",
        "per million characters",
        "CO2eq per 1,000",
        "CO2eq per million",
    )
    values = {
        "measured": [_measured_values(each, basis, pue) for each in local],
        "estimated": [_estimated_values(each, basis) for each in llms],
        "not_estimated": problems,
    }
    notes = [f"LLMs: for segments of {text.name}."] if llms else []
    return Answer("\n".join([table(header, rows), *notes, *problems]), values)


def _break_even(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.systems.footprint.answer_lengths import text_of
    from core.systems.footprint.break_even import break_even, fine_tuning_of
    from core.systems.footprint.planning import measurable

    pue = chosen_pue(workspace, chosen.pue)
    info = measurable(workspace, chosen.system)
    local = newest(measured(workspace, system_id=info.id))
    if local is None:
        hint = f"`python -m core emissions measure '{info.name}'` measures it."
        raise DataError(f"What {info.name!r} takes has not been measured.", hint=hint)
    tuning = fine_tuning_of(workspace, info.id)
    llm = _estimate(workspace, chosen.llm, text_of(local.translated), chosen)
    found = break_even(tuning, local, llm, pue=pue)
    runs = f" in {tuning.num_runs} runs" if tuning.num_runs > 1 else ""
    rate = f"{kwh_words(found.local_kwh * 1000)} per 1,000 segments"
    lines = [
        f"Fine-tuning: {kwh_words(found.fine_tuning_kwh)}{runs}",
        f"{info.name}: {rate}, {found_by_words(local)}",
        f"{llm.name}: {llm.kwh_per_1000_segments.words(kwh_words)} per 1,000 segments, estimated",
        f"Paid for: {found.words}",
    ]
    values = {
        "fine_tuning_kwh": found.fine_tuning_kwh,
        "num_runs": tuning.num_runs,
        "pue": pue,
        "local_kwh_per_segment": found.local_kwh,
        "llm_kwh_per_segment": vars(found.llm_kwh),
        "earliest_segments": found.earliest,
        "latest_segments": found.latest,
        "characters_per_segment": found.characters_per_segment,
        "notes": list(llm.notes),
    }
    return Answer("\n".join([*lines, *llm.notes]), values)


def _llm_size(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.systems.footprint.model_size import store_size

    size = _size(chosen)
    info = store_size(workspace, chosen.llm, size)
    said = size.words if size.is_known else "forgotten: as in the endpoint's settings"
    return Answer(f"{info.name}: {said}.", {"system": info.id, **size.model_dump()})


def _size(chosen: argparse.Namespace) -> Any:
    from core.systems.footprint.model_size import ModelSize

    return ModelSize.parse({"active_b": chosen.active_b, "total_b": chosen.total_b})


def _estimate(
    workspace: Workspace, llm: str, text: Text, chosen: argparse.Namespace | None = None
) -> LlmEstimate:
    from core.systems.footprint.estimated import estimate
    from core.systems.footprint.model_size import llm_endpoint

    given = _size(chosen) if chosen else None
    size = given if given is not None and given.is_known else None
    return estimate(workspace, llm_endpoint(workspace, llm), text, size=size)


def _text(workspace: Workspace, corpus: str) -> Text:
    from core.systems.footprint.answer_lengths import default_text, text_of_corpus

    if corpus:
        return text_of_corpus(workspace, workspace.corpora.get(corpus))
    return default_text(workspace)


def _measured_row(each: Inference, basis: Basis | None, pue: float) -> list[str]:
    kwhs = (each.kwh_per_1000_segments, each.kwh_per_million_characters)
    energy = (kwh_words(kwh * pue) for kwh in kwhs)
    co2 = (co2_words(basis.co2_kg(kwh)) if basis else "-" for kwh in kwhs)
    return [each.name, each.version[:8] or "-", found_by_words(each), *energy, *co2]


def _estimated_row(each: LlmEstimate, basis: Basis | None) -> list[str]:
    energy = (each.kwh_per_1000_segments, each.kwh_per_million_characters)
    co2 = ["-", "-"]
    if basis:
        spans = (each.co2_kg_per_1000_segments(basis), each.co2_kg_per_million_characters(basis))
        co2 = [span.words(co2_words) for span in spans]
    return [each.name, "-", "estimated", *(span.words(kwh_words) for span in energy), *co2]


def _measured_values(each: Inference, basis: Basis | None, pue: float) -> dict[str, Any]:
    kwh, million_kwh = each.kwh_per_1000_segments, each.kwh_per_million_characters
    return {
        "system": each.system_id,
        "name": each.name,
        "version": each.version,
        "quantization": each.quantization,
        "devices_kwh_per_1000_segments": kwh,
        "devices_kwh_per_million_characters": million_kwh,
        "pue": pue,
        "co2_kg_per_1000_segments": basis.co2_kg(kwh) if basis else None,
        "co2_kg_per_million_characters": basis.co2_kg(million_kwh) if basis else None,
        "basis": basis.label if basis else None,
        "num_segments": each.translated.num_segments,
        "seconds": each.translated.seconds,
        "found_by": badge_names(each),
        "heuristic_share": each.heuristic_share,
        "batching": dict(each.batching),
        "warnings": list(each.warnings),
        "created_at": each.created_at,
    }


def _estimated_values(each: LlmEstimate, basis: Basis | None) -> dict[str, Any]:
    return {
        "system": each.system_id,
        "name": each.name,
        "model": each.model,
        "text": each.text.name,
        "tokens_per_segment": vars(each.tokens),
        "tokens_from": each.tokens_from,
        "kwh_per_1000_segments": vars(each.kwh_per_1000_segments),
        "kwh_per_million_characters": vars(each.kwh_per_million_characters),
        "co2_kg_per_1000_segments": vars(each.co2_kg_per_1000_segments(basis)) if basis else None,
        "co2_kg_per_million_characters": (
            vars(each.co2_kg_per_million_characters(basis)) if basis else None
        ),
        "found_by": ["estimated"],
        "notes": list(each.notes),
        "estimated_by": each.estimated_by,
    }
