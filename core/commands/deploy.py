"""`python -m core serve` and `python -m core deploy …`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from core.commands import leave
from core.commands.answers import Answer, given_options, table
from core.commands.login import login_name
from core.errors import ModelError
from core.jobs import queue
from core.serving import versions
from core.serving.gate import gate_note
from core.serving.settings import PrepareSettings, ServeSettings
from core.storage.version_records import Version
from core.storage.workspace import Workspace


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds `serve` and the group `deploy`."""
    serving = groups.add_parser("serve", parents=[common], help="serve a model over HTTP")
    ServeSettings.add_arguments(serving)
    serving.add_argument(
        "--detach", action="store_true", help="start it in a process of its own and return"
    )
    serving.set_defaults(command=_serve)
    group = groups.add_parser("deploy", help="prepare, accept and list versions; services and keys")
    commands = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    preparing = commands.add_parser(
        "prepare", parents=[common], help="convert a model and compare it with the original"
    )
    preparing.add_argument("--run", dest="model", help="a run's id or name, RUN@STEP, or a model")
    PrepareSettings.add_arguments(preparing)
    preparing.add_argument("--accept", action="store_true", help="accept it if the loss is small")
    preparing.set_defaults(command=_prepare)
    for name, command, note in (
        ("accept", _accept, "serve this version from now on (also an earlier one: rollback)"),
        ("refuse", _refuse, "do not serve this version"),
        ("delete", _delete, "delete a version with its files"),
    ):
        parser = commands.add_parser(name, parents=[common], help=note)
        parser.add_argument("version_id", help="id, or its beginning")
        parser.set_defaults(command=command)
    listing = commands.add_parser("list", parents=[common], help="list versions")
    listing.set_defaults(command=_list)
    _add_service_commands(commands, common)
    leave.add_commands(commands, common)


def _add_service_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    listing = commands.add_parser("services", parents=[common], help="list services")
    listing.set_defaults(command=_services)
    for name, command in (("stop", _stop), ("restart", _restart)):
        parser = commands.add_parser(name, parents=[common], help=f"{name} a service")
        parser.add_argument("service_id")
        parser.set_defaults(command=command)
    keys = commands.add_parser("key", help="create, list and revoke API keys")
    actions = keys.add_subparsers(dest="key_action", required=True, metavar="ACTION")
    creating = actions.add_parser("create", parents=[common], help="make a key; it is shown once")
    creating.add_argument("name")
    creating.add_argument("--requests-per-minute", type=int, default=0)
    creating.add_argument("--characters-per-minute", type=int, default=0)
    creating.set_defaults(command=_create_key)
    showing = actions.add_parser("list", parents=[common], help="list keys")
    showing.set_defaults(command=_list_keys)
    revoking = actions.add_parser("revoke", parents=[common], help="make a key worthless")
    revoking.add_argument("key", help="id, prefix or name")
    revoking.set_defaults(command=_revoke_key)


def _serve(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.serving import services
    from core.serving.server import serve

    settings = ServeSettings.parse(given_options(ServeSettings, chosen))
    if chosen.detach:
        record = services.start(workspace, settings, by=login_name())
        return Answer(
            f"{record.name} will be served at {record.address} (service {record.id}).",
            {"service": record.id, "address": record.address},
        )
    folder = services.check_start(workspace, settings)
    serve(workspace, settings, folder)
    return Answer("The service has ended.", {"ended": True})


def _prepare(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    settings = PrepareSettings.parse(given_options(PrepareSettings, chosen))
    version = versions.prepare(workspace, settings, by=login_name())
    sys.stderr.write(f"Preparing version {version.id} of {version.name} …\n")
    state = queue.wait(workspace, version.id)
    if state.state != "finished":
        raise ModelError(f"The preparation {state.state}: {state.reason}", hint=state.hint)
    version = workspace.versions.get(version.id)
    if chosen.accept:
        if not version.gate["is_recommended"]:
            raise ModelError(
                f"The version {version.id} loses {-version.gate['chrf_difference']:.2f} chrF, more "
                f"than {settings.max_chrf_drop:g}, and was not accepted.",
                hint=f"`python -m core deploy accept {version.id}` accepts it all the same.",
            )
        version = versions.accept(workspace, version.id)
    return Answer(_described(workspace, version), _values(workspace, version))


def _described(workspace: Workspace, version: Version) -> str:
    gate = version.gate
    if not gate:
        return f"{version.name}: {version.job.state}"
    lines = [
        f"version {version.id} of {version.name}: {version.engine} {version.quantization}, "
        f"{version.decision}",
        f"{gate['identical_share']:.1%} of {gate['num_segments']} lines identical; chrF "
        f"{gate['chrf_original']:.2f} -> {gate['chrf_prepared']:.2f}",
    ]
    for side in ("original", "prepared"):
        row = gate[side]
        lines.append(
            f"{side:9} {row['segments_per_s']:8.1f} segments/s, peak "
            f"{row['peak_memory_bytes'] / 1e6:,.0f} MB, on disk {row['size_bytes'] / 1e6:,.1f} MB"
        )
    note = gate_note(workspace, gate)
    lines.append(f"leaks of dev: {note.sentence}")
    return "\n".join([*lines, gate["engine_reason"]]).rstrip()


def _values(workspace: Workspace, version: Version) -> dict[str, Any]:
    return {
        "version": version.id,
        "model": version.model,
        "name": version.name,
        "engine": version.engine,
        "quantization": version.quantization,
        "state": version.job.state,
        "decision": version.decision,
        "gate": version.gate,
        "leaks": gate_note(workspace, version.gate).to_dict() if version.gate else None,
    }


def _accept(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    version = versions.accept(workspace, chosen.version_id)
    return Answer(
        f"Version {version.id} of {version.name} is served from now on.",
        _values(workspace, version),
    )


def _refuse(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    version = versions.refuse(workspace, chosen.version_id)
    return Answer(
        f"Version {version.id} of {version.name} is refused.", _values(workspace, version)
    )


def _delete(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    version = workspace.versions.get(chosen.version_id)
    versions.delete(workspace, version.id)
    return Answer(f"Deleted version {version.id}.", {"deleted": version.id})


def _list(workspace: Workspace, _: argparse.Namespace) -> Answer:
    queue.advance(workspace)
    found = workspace.versions.all()
    rows = [
        (v.id[:8], v.name, v.engine, v.quantization, v.job.state, v.decision, v.created_at[:16])
        for v in found
    ]
    header = ("id", "model", "engine", "quantization", "state", "decision", "made")
    return Answer(
        table(header, rows), {"versions": [_values(workspace, version) for version in found]}
    )


def _services(workspace: Workspace, _: argparse.Namespace) -> Answer:
    from core.serving import services

    queue.advance(workspace)
    rows, values = [], []
    for record in workspace.services.all():
        state = services.service_state(workspace, record)
        rows.append((record.id, record.name, state.state, record.address, state.reason))
        values.append(
            {
                "service": record.id,
                "name": record.name,
                "model": record.model,
                "state": state.state,
                "reason": state.reason,
                "address": record.address,
                "figures": services.figures(workspace, record),
            }
        )
    text = table(("id", "model", "state", "address", "reason"), rows)
    return Answer(text, {"services": values})


def _stop(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.serving import services

    services.stop(workspace, chosen.service_id)
    return Answer("Asked the service to stop.", {"service": chosen.service_id})


def _restart(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.serving import services

    services.restart(workspace, chosen.service_id)
    return Answer("The service starts again.", {"service": chosen.service_id})


def _create_key(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.serving.access import new_key

    secret, key = new_key(
        workspace.keys,
        chosen.name,
        requests_per_minute=chosen.requests_per_minute,
        characters_per_minute=chosen.characters_per_minute,
    )
    return Answer(
        f"{secret}\nThis is the only time that the key is shown.",
        {"key": secret, "id": key.id, "name": key.name},
    )


def _list_keys(workspace: Workspace, _: argparse.Namespace) -> Answer:
    keys = workspace.keys.all()
    rows = [
        (
            key.prefix + "…",
            key.name,
            key.requests_per_minute or "no limit",
            key.characters_per_minute or "no limit",
            "revoked" if key.revoked_at else "valid",
            key.created_at[:16],
        )
        for key in keys
    ]
    header = ("key", "name", "requests/min", "characters/min", "state", "made")
    values = [{**vars(key)} for key in keys]
    for value in values:
        del value["key_hash"]
    return Answer(table(header, rows), {"keys": values})


def _revoke_key(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    key = workspace.keys.revoke(chosen.key)
    return Answer(f"Revoked {key.name!r} ({key.prefix}…).", {"revoked": key.id})
