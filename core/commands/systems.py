"""`python -m core systems …`: what translates."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from core.commands.answers import Answer, given_options, table
from core.storage.workspace import Workspace


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds the group `systems`."""
    from core.systems.chain import ChainSettings
    from core.systems.endpoint import EndpointSettings

    group = groups.add_parser("systems", help="list, add, test and delete what translates")
    commands = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = commands.add_parser(
        "list", parents=[common], help="list local models, endpoints and chains"
    )
    listing.set_defaults(command=_list)
    prompts = commands.add_parser("templates", parents=[common], help="list prompt templates")
    prompts.set_defaults(command=_templates)
    endpoint = commands.add_parser("add-endpoint", parents=[common], help="set up an endpoint")
    EndpointSettings.add_arguments(endpoint)
    endpoint.set_defaults(command=_add_endpoint)
    chain = commands.add_parser("add-chain", parents=[common], help="put two systems in a row")
    ChainSettings.add_arguments(chain)
    chain.set_defaults(command=_add_chain)
    probing = commands.add_parser("probe", parents=[common], help="test the connection")
    deleting = commands.add_parser("delete", parents=[common], help="delete an endpoint or a chain")
    for parser in (probing, deleting):
        parser.add_argument("system", help="id or name")
    probing.set_defaults(command=_probe)
    deleting.set_defaults(command=_delete)


def _list(workspace: Workspace, _: argparse.Namespace) -> Answer:
    from core.systems.catalogue import all_systems

    found = all_systems(workspace)
    rows = [(info.id, info.name, info.kind, info.detail) for info in found]
    values = [
        {"id": info.id, "name": info.name, "kind": info.kind, "detail": info.detail}
        for info in found
    ]
    return Answer(table(("id", "name", "kind", "what"), rows), {"systems": values})


def _templates(workspace: Workspace, _: argparse.Namespace) -> Answer:
    from core.systems.prompt_choice import all_templates

    found = all_templates(workspace)
    rows = [(name, version or "ours", each.description) for name, (each, version) in found.items()]
    values = [
        {**template.model_dump(), "template_version": version}
        for template, version in found.values()
    ]
    return Answer(table(("name", "version", "what"), rows), {"templates": values})


def _add_endpoint(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.systems.catalogue import add_endpoint
    from core.systems.endpoint import EndpointSettings

    info = add_endpoint(workspace, EndpointSettings.parse(given_options(EndpointSettings, chosen)))
    return Answer(f"Added {info.name} ({info.id}).", {"id": info.id, "name": info.name})


def _add_chain(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.systems.catalogue import add_chain
    from core.systems.chain import ChainSettings

    info = add_chain(workspace, ChainSettings.parse(given_options(ChainSettings, chosen)))
    return Answer(f"Added {info.name} ({info.id}).", {"id": info.id, "name": info.name})


def _probe(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.systems.probe import as_values, probe

    checks = asyncio.run(probe(workspace, chosen.system))
    answers = all(check.verdict == "yes" for check in checks if check.name == "answers")
    rows = [(check.name, check.verdict, check.detail) for check in checks]
    status = 0 if answers else 1
    values = {"checks": as_values(checks), "answers": answers}
    return Answer(table(("check", "verdict", "detail"), rows), values, status)


def _delete(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.systems.catalogue import delete_system, find_system

    info = find_system(workspace, chosen.system)
    delete_system(workspace, info.id)
    return Answer(f"Deleted {info.name}.", {"deleted": info.id})
