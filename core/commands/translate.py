"""`python -m core translate`: lines of stdin by one system, or a test set by several."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, Any

from core.commands.answers import Answer, given_options, table
from core.commands.login import login_name
from core.errors import ConfigError, DataError
from core.jobs import queue
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace

if TYPE_CHECKING:
    from core.systems.collecting import Collected
    from core.systems.protocol import SystemInfo

LOCAL_LINES_AT_ONCE = 32
ENDPOINT_LINES_AT_ONCE = 4
NO_CACHE_HELP = (
    "take no answers that other batches paid for; what the same batch has translated already "
    "stays, only segments without a hypothesis are asked"
)


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds the command `translate`."""
    from core.corpora.perturbing import PERTURBATIONS
    from core.systems.parameters import Parameters

    parser = groups.add_parser(
        "translate", parents=[common], help="translate lines of stdin, or a test set as a batch"
    )
    parser.add_argument(
        "--system", action="append", required=True, help="id or name; several for a batch"
    )
    parser.add_argument("--src-lang", default="", help="FLORES-200 code of the source")
    parser.add_argument("--tgt-lang", default="", help="FLORES-200 code of the target")
    parser.add_argument("--template", default="Zero-shot", help="prompt template of LLMs")
    parser.add_argument("--template-version", type=int, default=0, help="0 = the newest")
    parser.add_argument("--examples-from", default="", help="corpus for retrieved examples")
    parser.add_argument("--draft-system", default="", help="whose draft is post-edited")
    parser.add_argument("--test-set", default="", help="a corpus: its test split as a batch")
    parser.add_argument("--split", default="test", choices=["test", "dev"])
    parser.add_argument("--num-segments", type=int, default=0, help="0 = all")
    parser.add_argument(
        "--perturbation",
        choices=["none", *PERTURBATIONS],
        default="none",
        help="disturb the sources of the test set, for a test of robustness",
    )
    parser.add_argument(
        "--perturbation-seed", type=int, default=1, help="of typing errors and noise (default: 1)"
    )
    parser.add_argument("--budget-usd", type=float, default=0.0, help="0 = no limit")
    parser.add_argument("--no-cache", action="store_true", help=NO_CACHE_HELP)
    Parameters.add_arguments(parser)
    parser.set_defaults(command=_translate)


def _translate(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.systems.parameters import Parameters
    from core.systems.prompt_choice import PromptChoice

    values = given_options(Parameters, chosen)
    if "stop" in values:
        values["stop"] = (values["stop"],)
    parameters = Parameters.parse(values)
    choice = PromptChoice.parse(
        {
            "template": chosen.template,
            "template_version": chosen.template_version,
            "corpus": chosen.examples_from,
            "draft_system": chosen.draft_system,
        }
    )
    if chosen.test_set:
        return _batch(workspace, chosen, parameters, choice)
    if chosen.perturbation != "none":
        raise ConfigError(
            f"The perturbation {chosen.perturbation!r} was chosen without a test set.",
            hint="Give --test-set; lines of stdin are translated as they are.",
        )
    if len(chosen.system) != 1:
        raise ConfigError(
            f"{len(chosen.system)} systems were named; lines of stdin go to one.",
            hint="With --test-set several translate the same test set.",
        )
    if not chosen.src_lang or not chosen.tgt_lang:
        raise ConfigError("Give --src-lang and --tgt-lang.", hint="Such as eng_Latn and gle_Latn.")
    return _stdin(workspace, chosen, parameters, choice)


def _stdin(
    workspace: Workspace, chosen: argparse.Namespace, parameters: Any, choice: Any
) -> Answer:
    """Translates stdin line by line; a blank line stays one, a failed one is told on stderr."""
    from core.settings import checked_language
    from core.systems.catalogue import find_system

    try:
        direction = (checked_language(chosen.src_lang), checked_language(chosen.tgt_lang))
    except ValueError as error:
        raise ConfigError(str(error)) from None
    info = find_system(workspace, chosen.system[0])
    lines = _stdin_lines()
    found = asyncio.run(_asked(workspace, info, lines, direction, parameters, choice))
    ignored = {name for answer in found if answer is not None for name in answer.ignored}
    if ignored:
        sys.stderr.write(f"{info.name} does not take, so ignored: {', '.join(sorted(ignored))}\n")
    rows: list[dict[str, Any]] = []
    for number, (line, answer) in enumerate(zip(lines, found, strict=True), 1):
        problem = answer.problem if answer is not None else ""
        if problem:
            sys.stderr.write(f"line {number}: {problem}\n")
        text = "" if answer is None or problem else answer.text
        rows.append({"source": line, "hypothesis": None if problem else text, "failure": problem})
    # One line for one line, or what follows could not be put beside the source any more.
    text = "\n".join((row["hypothesis"] or "").replace("\n", " ") for row in rows)
    num_failed = sum(bool(row["failure"]) for row in rows)
    values = {"system": info.id, "segments": rows, "num_failed": num_failed}
    return Answer(text, values, 1 if num_failed else 0)


async def _asked(
    workspace: Workspace,
    info: SystemInfo,
    lines: list[str],
    direction: tuple[str, str],
    parameters: Any,
    choice: Any,
) -> list[Collected | None]:
    """Gives the answer to each line, None for a blank one."""
    from core.systems.catalogue import open_system
    from core.systems.collecting import collect
    from core.systems.parts import draft_system_of, is_prompted
    from core.systems.prompt_choice import Prompter
    from core.systems.protocol import Request

    prompted = is_prompted(workspace, info)
    draft_id = draft_system_of(workspace, choice) if prompted else ""
    opened = [open_system(workspace, each) for each in (info.id, draft_id) if each]
    system, *drafting = opened
    prompter = None
    if prompted:
        draft_system = drafting[0] if drafting else None
        prompter = Prompter(workspace, choice, *direction, draft_system=draft_system)
    is_local = info.kind == "model"
    gate = asyncio.Semaphore(LOCAL_LINES_AT_ONCE if is_local else ENDPOINT_LINES_AT_ONCE)

    async def one(line: str) -> Collected | None:
        if not line.strip():
            return None
        async with gate:
            request = Request(line, *direction, parameters)
            if prompter is not None:
                request = Request(line, *direction, parameters, prompter.prompting_for(line))
            return await collect(system, request)

    async with contextlib.AsyncExitStack() as stack:
        for each in opened:
            stack.push_async_callback(each.close)
        return list(await asyncio.gather(*(one(line) for line in lines)))


def _stdin_lines() -> list[str]:
    try:
        data = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"Byte {error.start} of the input is not UTF-8.") from None
    lines = data.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _batch(
    workspace: Workspace, chosen: argparse.Namespace, parameters: Any, choice: Any
) -> Answer:
    """Translates a test set as a job; the same command again goes on where it ended."""
    from core.systems.batch import batches

    settings = _batch_settings(chosen, parameters, choice)
    settings = batches.check_start(workspace, settings)
    batch_id = batches.repeatable_id(workspace, settings)
    known = workspace.jobs.get(batch_id)
    if known is not None and known.has_ended:
        budget_usd, uses_cache = settings.budget_usd, settings.uses_cache
        batches.resume(workspace, batch_id, budget_usd=budget_usd, uses_cache=uses_cache)
    else:
        batches.start(workspace, settings, batch_id=batch_id, by=login_name())
    sys.stderr.write(f"Batch {batch_id} of {len(settings.systems)} systems …\n")
    queue.wait(workspace, batch_id)
    state = batches.batch_state(workspace, batch_id)
    sets = workspace.translation_sets.of_batch(batch_id)
    found: list[dict[str, Any]] = [_set_values(workspace, each) for each in sets]
    values = {
        "batch": batch_id,
        "state": state.state,
        "reason": state.reason,
        "translation_sets": found,
    }
    rows = [
        (
            each["system"],
            each["num_done"],
            each["num_failed"],
            f"{each['cost_usd']:.4f}",
            each["id"],
        )
        for each in found
    ]
    head = f"{state.state} {state.reason} {state.hint}".strip()
    header = ("system", "translated", "failed", "USD", "translation set")
    is_whole = state.state == "finished" and not any(row[2] for row in rows)
    return Answer(f"{head}\n{table(header, rows)}", values, 0 if is_whole else 1)


def _batch_settings(chosen: argparse.Namespace, parameters: Any, choice: Any) -> Any:
    from core.systems.batch.settings import BatchSettings

    return BatchSettings.parse(
        {
            "corpus": chosen.test_set,
            "split": chosen.split,
            "systems": tuple(chosen.system),
            "src_lang": chosen.src_lang,
            "tgt_lang": chosen.tgt_lang,
            "num_segments": chosen.num_segments,
            "perturbation": chosen.perturbation,
            "perturbation_seed": chosen.perturbation_seed,
            "budget_usd": chosen.budget_usd,
            "uses_cache": not chosen.no_cache,
            "parameters": parameters.model_dump(),
            "prompt": choice.model_dump(),
        }
    )


def _set_values(workspace: Workspace, record: TranslationSet) -> dict[str, Any]:
    counts = workspace.translation_sets.counts(record.id)
    return {
        "id": record.id,
        "system": record.system_name,
        "system_id": record.system_id,
        "num_segments": record.num_segments,
        **vars(counts),
    }
