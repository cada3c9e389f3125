"""The connection test: what it finds out of good and bad endpoints."""

from __future__ import annotations

import asyncio

import pytest

from core.storage.workspace import Workspace
from core.systems.catalogue import add_endpoint, learned_of
from core.systems.endpoint import EndpointSettings
from core.systems.probe import PROBE, probe
from tests.servers.fault_server import KEY, FaultServer
from tests.servers.tiny_llm import LlmServer


def found(workspace: Workspace, settings: EndpointSettings, key: str = "") -> dict[str, str]:
    info = add_endpoint(workspace, settings)
    keys = {info.id: key} if key else {}
    checks = asyncio.run(probe(workspace, info.id, session_keys=keys))
    stored = learned_of(workspace, info.id)[PROBE]["checks"]
    assert [each["name"] for each in stored] == [check.name for check in checks]
    assert KEY not in str(stored)
    return {check.name: check.verdict for check in checks}


def of(faults: FaultServer, situation: str, **values: object) -> EndpointSettings:
    return EndpointSettings.parse(
        {"name": situation, "base_url": faults.url(situation), "model": "m", **values}
    )


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        ("echo", {"reachable": "yes", "answers": "yes", "usage reported": "yes"}),
        ("no-usage", {"answers": "yes", "usage reported": "no"}),
        ("no-temperature", {"answers": "yes", "temperature accepted": "no"}),
        ("no-seed-no-stream-options", {"seed accepted": "no", "temperature accepted": "yes"}),
        ("401", {"reachable": "yes", "key accepted": "no", "answers": "no"}),
        ("500", {"reachable": "yes", "key accepted": "unknown", "answers": "no"}),
        ("html-200", {"reachable": "no", "answers": "no"}),
        ("404", {"reachable": "yes", "lists models": "no", "answers": "no"}),
        ("stall-before", {"reachable": "no", "answers": "no"}),
    ],
)
def test_what_works_is_told_and_what_does_not(
    workspace: Workspace, faults: FaultServer, situation: str, expected: dict[str, str]
) -> None:
    verdicts = found(workspace, of(faults, situation, stall_s=0.5, deadline_s=5.0))
    assert {name: verdicts[name] for name in expected} == expected


def test_a_key_of_the_session_is_tried(workspace: Workspace, faults: FaultServer) -> None:
    verdicts = found(workspace, of(faults, "needs-key"), KEY)
    assert verdicts["key accepted"] == verdicts["answers"] == "yes"


def test_mt_services_are_tested_with_one_short_translation(
    workspace: Workspace, faults: FaultServer
) -> None:
    values = {"name": "LT", "kind": "libretranslate", "base_url": faults.root("lt")}
    verdicts = found(workspace, EndpointSettings.parse(values))
    assert verdicts["answers"] == "yes" and "streaming" not in verdicts


def test_the_tiny_llm_passes(workspace: Workspace, tiny_llm: LlmServer) -> None:
    values = {"name": "Tiny", "base_url": tiny_llm.url, "model": tiny_llm.model}
    verdicts = found(workspace, EndpointSettings.parse(values))
    assert set(verdicts.values()) == {"yes"}


def test_a_test_forgets_what_was_refused_before(workspace: Workspace, faults: FaultServer) -> None:
    info = add_endpoint(workspace, of(faults, "echo"))
    workspace.systems.learn(info.id.partition(":")[2], {"ignored": ["seed"]})
    asyncio.run(probe(workspace, info.id))
    assert learned_of(workspace, info.id)["ignored"] == []
