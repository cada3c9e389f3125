"""`python -m core annotate score|agreement`: what came out of a campaign, stored or in a file."""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.commands.answers import Answer, table
from core.commands.campaign_files import (
    add_campaign,
    add_format,
    add_preset,
    chosen_preset,
    find_data,
)
from core.errors import ConfigError
from core.storage.workspace import Workspace

if TYPE_CHECKING:
    from core.annotate.campaign_data import CampaignData
    from core.annotate.mqm_weights import Preset
    from core.annotate.results.intervals import Bounds
    from core.annotate.results.ranking import RankedSystem


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds `score` and `agreement` to the group `annotate`."""
    scoring = commands.add_parser(
        "score", parents=[common], help="score a campaign's segments, or rank its systems"
    )
    scoring.add_argument("--level", choices=["seg", "sys"], default="sys")
    scoring.add_argument(
        "--gold", action="store_true", help="adjudicated errors count instead of the raters'"
    )
    scoring.add_argument("--seed", type=int, default=None, help="of the draws for intervals")
    scoring.set_defaults(command=_score)
    agreeing = commands.add_parser(
        "agreement", parents=[common], help="tell how far a campaign's raters agree"
    )
    agreeing.set_defaults(command=_agreement)
    for parser in (scoring, agreeing):
        add_campaign(parser, or_file=True)
        add_format(parser)
        add_preset(parser)


def _score(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    if chosen.seed is not None and chosen.seed < 0:
        raise ConfigError(
            f"{chosen.seed} is no seed of draws.", hint="Give a whole number, 0 or more."
        )
    data = find_data(workspace, chosen.campaign, kind=chosen.format)
    preset = chosen_preset(data, chosen.preset)
    if chosen.level == "seg":
        return _segments(data, preset, uses_gold=chosen.gold)
    return _systems(data, preset, uses_gold=chosen.gold, seed=chosen.seed)


def _segments(data: CampaignData, preset: Preset, *, uses_gold: bool) -> Answer:
    """Gives the score of each segment by each system, null where nobody rated it."""
    from core.annotate.results.scoring import segment_scores

    found = segment_scores(data, preset, uses_gold=uses_gold)
    rows: list[dict[str, Any]] = [
        {
            "system": system,
            "document": segment.document,
            "document_segment": segment.document_segment,
            "segment_id": segment.label or str(at + 1),
            "score": _known(float(found.values[at, column])),
            "num_ratings": int(found.num_ratings[at, column]),
        }
        for column, system in enumerate(found.systems)
        for at, segment in enumerate(data.segments)
    ]
    cells = [
        (row["system"], row["document"], row["segment_id"], _decimals(row["score"])) for row in rows
    ]
    about = {"campaign": data.name, "level": "seg", "preset": found.scale}
    values = {**about, "averaging": found.averaging, "segments": rows}
    text = [table(("system", "document", "segment", "score"), cells), "", _below(values)]
    return Answer("\n".join(text), values)


def _systems(data: CampaignData, preset: Preset, *, uses_gold: bool, seed: int | None) -> Answer:
    """Gives each system's mean with its interval and its cluster, the best first."""
    from core.annotate.results.ranking import rank_systems
    from core.metrics.significance import SEED

    found = rank_systems(data, preset, uses_gold=uses_gold, seed=SEED if seed is None else seed)
    rows = [_system(each) for each in found.systems]
    header = ("system", "mean", "n", "95 % by segment", "95 % by document", "cluster")
    cells = [
        (
            row["system"],
            _decimals(row["mean"]),
            row["n"],
            _range(row["interval"]),
            _range(row["interval_by_document"]),
            row["cluster"] or "",
        )
        for row in rows
    ]
    values = {
        "campaign": data.name,
        "level": "sys",
        "preset": found.scale,
        "averaging": found.averaging,
        "num_segments": found.num_segments,
        "num_documents": found.num_documents,
        "num_raters": found.num_raters,
        "num_adjudicated": found.num_adjudicated,
        "num_samples": found.num_samples,
        "seed": found.seed,
        "systems": rows,
    }
    return Answer("\n".join([table(header, cells), "", _below(values)]), values)


def _system(ranked: RankedSystem) -> dict[str, Any]:
    return {
        "system": ranked.score.system,
        "mean": ranked.score.mean,
        "n": ranked.score.num_segments,
        "num_ratings": ranked.score.num_ratings,
        "interval": _interval(ranked.by_segment),
        "interval_by_document": _interval(ranked.by_document),
        "cluster": ranked.cluster,
        "ranks": None if ranked.ranks is None else list(ranked.ranks),
    }


def _agreement(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.annotate.agreement.agreeing import agree

    data = find_data(workspace, chosen.campaign, kind=chosen.format)
    found = agree(data, chosen_preset(data, chosen.preset))
    values = {"campaign": data.name, **asdict(found)}
    cells = [
        (
            each.first,
            each.second,
            each.num_shared,
            _decimals(each.kappa) or each.note,
            f"{each.agreement:.1%}",
        )
        for each in found.pairs
    ]
    figures = {
        "mean kappa": found.mean_kappa,
        "Fleiss' kappa": found.fleiss,
        "alpha (nominal)": found.alpha_nominal,
        "alpha (ordinal)": found.alpha_ordinal,
        "alpha (interval)": found.alpha_interval,
    }
    told = [f"{name} {_decimals(value)}" for name, value in figures.items() if value is not None]
    lines = [
        found.question,
        table(("rater", "rater", f"{found.unit}s", "kappa", "same"), cells),
        "",
        " · ".join([*told, f"alpha of scores by {found.scale}"]),
        *(line for line in (found.fleiss_note, found.yardstick) if line),
    ]
    return Answer("\n".join(lines), values)


def _below(values: dict[str, Any]) -> str:
    return f"Scores: {values['preset']}. {values['averaging']}"


def _interval(bounds: Bounds | None) -> list[float] | None:
    return None if bounds is None else [bounds.low, bounds.high]


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _decimals(value: float | None) -> str:
    return "" if value is None else f"{value:z.3f}"


def _range(interval: list[float] | None) -> str:
    return "" if interval is None else f"[{interval[0]:z.3f}, {interval[1]:z.3f}]"
