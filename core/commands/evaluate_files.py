"""`python -m core evaluate score|compare`: files against references; nothing is stored."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import Field

from core.commands.answers import Answer, given_options, table
from core.commands.progress import told_progress
from core.errors import DataError
from core.evaluate.settings import DEFAULT_SAMPLES
from core.settings import Settings
from core.storage.workspace import Workspace

if TYPE_CHECKING:
    from core.commands.text_files import FileTexts
    from core.metrics.comparison import Comparison, Measured
    from core.metrics.lexical import MetricSpec


Tokenizer: TypeAlias = Literal["13a", "intl", "char", "zh", "none"]
Row: TypeAlias = dict[str, Any]

_METRICS: Any = Field(
    "bleu,bleu-lc,ter,chrf1,chrf2,chrf3,chrf++", description="Keys with commas between them."
)
_TOKENIZER: Any = Field("13a", description="How BLEU finds words.")
_NFC: Any = Field(False, description="Bring all texts to Unicode's form NFC first.")
_SEED: Any = Field(12345, description="Of the draws; sacreBLEU's is 12345.", ge=0, le=2**31 - 1)


class ScoreSettings(Settings):
    """By which metrics files are scored, and with which intervals."""

    metrics: str = _METRICS
    tokenizer: Tokenizer = _TOKENIZER
    nfc: bool = _NFC
    samples: int = Field(
        1000, description="Resamples for 95 % intervals; 0 = no intervals.", ge=0, le=1_000_000
    )
    seed: int = _SEED


class CompareSettings(Settings):
    """By which metrics and with which test the systems of files are compared."""

    metrics: str = _METRICS
    tokenizer: Tokenizer = _TOKENIZER
    nfc: bool = _NFC
    test: Literal["bs", "ar"] = Field(
        "bs", description="Paired bootstrap (bs) or approximate randomisation (ar)."
    )
    samples: int = Field(
        0,
        description="Resamples, or trials of the randomisation; 0 = 1,000, or 10,000.",
        ge=0,
        le=1_000_000,
    )
    seed: int = _SEED


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds `score` and `compare` to the group `evaluate`."""
    files: dict[str, Any] = {"nargs": "+", "action": "extend", "type": Path, "metavar": "FILE"}
    scoring = commands.add_parser(
        "score", parents=[common], help="score files against references, with signatures"
    )
    note = "text, TSV, JSONL, or WMT's XML or SGM; of one with several systems all are scored"
    scoring.add_argument("--hypotheses", required=True, help=note, **files)
    ScoreSettings.add_arguments(scoring)
    scoring.set_defaults(command=_score)
    comparing = commands.add_parser(
        "compare", parents=[common], help="test whether systems differ by more than chance"
    )
    comparing.add_argument("--baseline", required=True, type=Path, metavar="FILE")
    comparing.add_argument("--system", required=True, help="compared with the baseline", **files)
    CompareSettings.add_arguments(comparing)
    comparing.set_defaults(command=_compare)
    for parser in (scoring, comparing):
        note = "one reference each; left out: those in the files of hypotheses"
        parser.add_argument("--references", help=note, **files)


def _score(_: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.commands.file_scores import measure_files, score_rows
    from core.commands.text_files import read_texts
    from core.metrics.significance import paired_bootstrap

    settings = ScoreSettings.parse(given_options(ScoreSettings, chosen))
    specs = _specs(settings)
    texts = read_texts(chosen.hypotheses, chosen.references or [], nfc=settings.nfc)
    measured = measure_files(specs, texts, on_progress=told_progress("statistics"))
    compared: list[Comparison] = []
    if settings.samples:
        compared = paired_bootstrap(
            measured,
            baseline=next(iter(texts.systems)),
            num_samples=settings.samples,
            seed=settings.seed,
            on_progress=told_progress("resamples"),
        )
    values = {
        **_about(texts),
        "tokenizer": settings.tokenizer,
        "nfc": settings.nfc,
        "num_samples": settings.samples,
        "seed": settings.seed,
        "scores": score_rows(specs, measured, compared),
    }
    return Answer(_scores_text(values), values)


def _compare(_: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.commands.file_scores import difference_rows, measure_files, rank_rows, score_rows
    from core.commands.text_files import printable, read_texts

    settings = CompareSettings.parse(given_options(CompareSettings, chosen))
    specs = _specs(settings)
    files = [chosen.baseline, *chosen.system]
    texts = read_texts(files, chosen.references or [], nfc=settings.nfc)
    baseline = _baseline(printable(chosen.baseline), texts)
    measured = measure_files(specs, texts, on_progress=told_progress("statistics"))
    compared = _tested(measured, baseline, settings)
    about = _about(texts)
    about["notes"] += _caveats(compared)
    values = {
        **about,
        "tokenizer": settings.tokenizer,
        "nfc": settings.nfc,
        "baseline": baseline,
        "test": settings.test,
        "num_samples": settings.samples or DEFAULT_SAMPLES[settings.test],
        "seed": settings.seed,
        "scores": score_rows(specs, measured, compared),
        "differences": difference_rows(specs, compared),
        "ranks": rank_rows(specs, compared),
    }
    return Answer(_comparison_text(values), values)


def _specs(settings: ScoreSettings | CompareSettings) -> list[MetricSpec]:
    from core.metrics.lexical import find_specs

    keys = dict.fromkeys(key.strip() for key in settings.metrics.split(","))
    return find_specs(list(keys), tokenizer=settings.tokenizer)


def _baseline(file: str, texts: FileTexts) -> str:
    names = [name for name, found_in in texts.files.items() if found_in == file]
    if len(names) != 1:
        raise DataError(
            f"{file!r} holds {len(names)} systems; a baseline is one.",
            hint="Give it a file of its own.",
        )
    return names[0]


def _tested(
    measured: Sequence[Measured], baseline: str, settings: CompareSettings
) -> list[Comparison]:
    from core.metrics.significance import approximate_randomisation, paired_bootstrap

    draws, seed = settings.samples or DEFAULT_SAMPLES[settings.test], settings.seed
    tell = told_progress("resamples")
    if settings.test == "ar":
        return approximate_randomisation(
            measured, baseline=baseline, num_trials=draws, seed=seed, on_progress=tell
        )
    return paired_bootstrap(
        measured, baseline=baseline, num_samples=draws, seed=seed, on_progress=tell
    )


def _about(texts: FileTexts) -> Row:
    systems = [
        {
            "system": name,
            "file": texts.files[name],
            "num_empty": sum(not text.strip() for text in hypotheses),
        }
        for name, hypotheses in texts.systems.items()
    ]
    return {
        "num_segments": texts.num_segments,
        "systems": systems,
        "references": list(texts.references),
        "notes": list(texts.notes),
    }


def _caveats(compared: Sequence[Comparison]) -> list[str]:
    from core.evaluate.summary import SAMPLING_NOTE, inseparable_words

    few = [inseparable_words(each) for each in compared if not each.can_separate]
    return [*dict.fromkeys(few), SAMPLING_NOTE]


def _scores_text(values: Row) -> str:
    has_intervals = values["num_samples"] > 0
    header = ["metric", "system", "score", *(["95 % interval"] if has_intervals else [])]
    rows = [
        [row["name"], row["system"], _two(row["value"]), *([_range(row)] if has_intervals else [])]
        for row in values["scores"]
    ]
    return "\n".join([table(header, rows), "", *_below(values)])


def _comparison_text(values: Row) -> str:
    header = ("metric", "system", "score", "95 % interval", "difference", "95 % interval", "p",
              "p (Holm)", "verdict", "cluster", "ranks")  # fmt: skip
    differences = {(row["metric"], row["system"]): row for row in values["differences"]}
    rows = []
    for score, rank in zip(values["scores"], values["ranks"], strict=True):
        found = differences.get((score["metric"], score["system"]))
        cells = ["", "", "", "", "baseline"]
        if found:
            p_values = (f"{found[name]:.4f}" for name in ("p_value", "p_corrected"))
            cells = [_two(found["delta"], "+"), _range(found, "+"), *p_values, _verdict(found)]
        places = "-".join(dict.fromkeys(f"{rank[end]}" for end in ("best_rank", "worst_rank")))
        first = (score["name"], score["system"], _two(score["value"]), _range(score))
        rows.append([*first, *cells, rank["cluster"], places])
    return "\n".join([table(header, rows), "", *_below(values)])


def _below(values: Row) -> list[str]:
    """Gives what belongs below a table: the number of segments, the draws, signatures, notes."""
    num_segments, num_references = values["num_segments"], len(values["references"])
    counted = [f"segments {num_segments:,}", f"references {num_references}"]
    if values["num_samples"]:
        test = {"ar": "trials of approximate randomisation"}.get(values.get("test", ""))
        counted.append(f"{test or 'bootstrap resamples'} {values['num_samples']:,}")
        counted.append(f"seed {values['seed']}")
    signatures = dict.fromkeys((row["name"], row["signature"]) for row in values["scores"])
    return [
        " · ".join(counted),
        *(f"{name}: {each}" for name, each in signatures),
        *values["notes"],
    ]


def _verdict(difference: Row) -> str:
    if not difference["is_significant"]:
        return "not shown to differ"
    return "better" if difference["is_better"] else "worse"


def _two(value: float, sign: str = "") -> str:
    return f"{value:{sign}z.2f}"


def _range(row: Row, sign: str = "") -> str:
    if row["low"] is None or row["high"] is None:
        return ""
    return f"[{_two(row['low'], sign)}, {_two(row['high'], sign)}]"
