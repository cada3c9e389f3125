"""A connection test: what an endpoint can do, found out by asking it, in words and as values."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import AdaptMLLMError
from core.storage.files import utc_now
from core.storage.workspace import Workspace
from core.systems.catalogue import endpoint_settings, find_system, open_system
from core.systems.clients.openai_system import OpenAISystem
from core.systems.clients.refusals import IGNORED, RENAMED
from core.systems.endpoint import KIND_NAMES, references_of
from core.systems.failures import AskError
from core.systems.parameters import Parameters
from core.systems.protocol import (
    Delta,
    Finished,
    Ignored,
    Request,
    System,
    SystemInfo,
    Usage,
)

TEST_TEXT = "Good morning."
TEST_TOKENS = 16
PROBE = "probe"

Verdict = Literal["yes", "no", "unknown"]


@dataclass(frozen=True)
class Check:
    """One thing that was tried.

    Attributes:
        name: Such as `key accepted`.
        verdict: `yes`, `no`, or `unknown` where it could not be tried.
        detail: What was seen; why not.
    """

    name: str
    verdict: Verdict
    detail: str = ""


async def probe(
    workspace: Workspace, system_id: str, *, session_keys: Mapping[str, str] | None = None
) -> list[Check]:
    """Tries a system and remembers what it found; earlier lessons are forgotten.

    Args:
        workspace: Where the system was set up.
        system_id: Its id or name.
        session_keys: Keys for this session, by the system's id.

    Raises:
        ConfigError: There is no such system, or its key is missing.
    """
    info = find_system(workspace, system_id)
    record = workspace.systems.get(info.id.partition(":")[2])
    if record is not None:
        workspace.systems.learn(record.id, {IGNORED: [], RENAMED: {}}, replaces=True)
    system = open_system(workspace, info.id, session_keys=session_keys)
    try:
        checks = await _checks(system, _has_key(workspace, info, session_keys or {}))
    finally:
        await system.close()
    if record is not None:
        found = [vars(check) for check in checks]
        workspace.systems.learn(record.id, {PROBE: {"checks": found, "time": utc_now()}})
    return checks


def _has_key(workspace: Workspace, info: SystemInfo, session_keys: Mapping[str, str]) -> bool:
    if info.id in session_keys or info.kind not in KIND_NAMES:
        return info.id in session_keys
    settings = endpoint_settings(workspace, info.id)
    return bool(settings.key_env or references_of(settings.header_lines()))


async def _checks(system: System, has_key: bool) -> list[Check]:
    models = await _models_check(system) if isinstance(system, OpenAISystem) else []
    parameters = Parameters(max_tokens=TEST_TOKENS, temperature=0.0, seed=1)
    if not system.info.is_llm:
        parameters = Parameters()
    request = Request(TEST_TEXT, "eng_Latn", "fra_Latn", parameters)
    num_pieces, usage, ignored, reason = 0, None, set(), ""
    try:
        async with aclosing(system.ask(request)) as events:
            async for event in events:
                num_pieces += isinstance(event, Delta)
                if isinstance(event, Usage):
                    usage = event
                elif isinstance(event, Ignored):
                    ignored.add(event.parameter)
                elif isinstance(event, Finished):
                    reason = event.reason
    except AdaptMLLMError as error:
        return [*models, *_failed(error)]
    found = [
        Check("reachable", "yes"),
        Check("key accepted", "yes", "" if has_key else "No key was sent, and none was asked for."),
        Check("answers", "yes" if num_pieces else "no", f"finish reason: {reason}"),
        *models,
    ]
    if system.info.is_llm:
        is_reported = usage is not None and not usage.is_estimated
        found += [
            Check(
                "streaming",
                "yes" if num_pieces > 1 else "unknown",
                f"{num_pieces} pieces for a short answer",
            ),
            Check("usage reported", "yes" if is_reported else "no", _usage_words(usage)),
            *(
                Check(f"{name} accepted", "no" if name in ignored else "yes")
                for name in ("temperature", "seed", "max_tokens")
            ),
        ]
    return found


async def _models_check(system: OpenAISystem) -> list[Check]:
    try:
        models = await system.models()
    except AskError as error:
        return [Check("lists models", "no", error.message)]
    if not models:
        return [Check("lists models", "no", "The list is empty; type the model's id.")]
    return [Check("lists models", "yes", f"{len(models)}: {', '.join(models[:5])}")]


def _failed(error: AdaptMLLMError) -> list[Check]:
    kind = error.kind if isinstance(error, AskError) else ""
    is_reached = kind not in ("connection", "timeout", "protocol", "")
    return [
        Check("reachable", "yes" if is_reached else "no", "" if is_reached else str(error)),
        Check(
            "key accepted",
            "no" if kind == "key" else "unknown",
            str(error) if kind == "key" else "",
        ),
        Check("answers", "no", "" if kind == "key" or not is_reached else str(error)),
    ]


def _usage_words(usage: Usage | None) -> str:
    if usage is None or usage.is_estimated:
        return "Tokens are estimated from the texts."
    return f"{usage.prompt_tokens} + {usage.completion_tokens} tokens"


def as_values(checks: list[Check]) -> list[dict[str, Any]]:
    """Gives the checks as plain values."""
    return [vars(check) for check in checks]
