"""`python -m core notify …`: what is told about runs, and to whom."""

from __future__ import annotations

import argparse
from typing import Any
from urllib.parse import urlsplit

from core.commands.answers import Answer, given_options, table
from core.errors import AdaptMLLMError, ConfigError
from core.notify.delivering import SENT, sample_notice, send
from core.notify.settings import NotifySettings, notify_settings, store_notify_settings
from core.storage.workspace import Workspace

NUM_SHOWN = 10


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds the group `notify`."""
    group = groups.add_parser("notify", help="webhook and e-mail for runs that ended or stall")
    commands = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    showing = commands.add_parser("show", parents=[common], help="show settings and last messages")
    showing.set_defaults(command=_show)
    setting = commands.add_parser("set", parents=[common], help="change settings")
    NotifySettings.add_arguments(setting)
    setting.set_defaults(command=_set)
    testing = commands.add_parser("test", parents=[common], help="send a test message every way")
    testing.set_defaults(command=_test)


def _set(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    settings = notify_settings(workspace).changed(**given_options(NotifySettings, chosen))
    store_notify_settings(workspace, settings)
    return _show(workspace, chosen)


def _show(workspace: Workspace, _: argparse.Namespace) -> Answer:
    values = notify_settings(workspace).model_dump(exclude={"version"})
    if values["webhook_url"]:  # whoever has the address can post there
        values["webhook_url"] = f"{urlsplit(values['webhook_url']).hostname} …"
    rows = [(name, "" if value == "" else value) for name, value in values.items()]
    notices = workspace.notices.newest(limit=NUM_SHOWN)
    lines = [table(("setting", "value"), rows)]
    if notices:
        told = [
            (each.created_at[:16], each.event, each.title, _outcome(each.sent)) for each in notices
        ]
        lines += ["", table(("time", "event", "run", "sent"), told)]
    return Answer("\n".join(lines), {"settings": values, "notices": [vars(n) for n in notices]})


def _outcome(sent: dict[str, str]) -> str:
    return "; ".join(f"{way}: {what}" for way, what in sent.items()) or "in the application only"


def _test(workspace: Workspace, _: argparse.Namespace) -> Answer:
    settings = notify_settings(workspace)
    if not settings.ways:
        raise ConfigError(
            "Neither a webhook nor e-mail is set up.",
            hint="`python -m core notify set --help` names the settings.",
        )
    sent = {}
    for way in settings.ways:
        try:
            send(settings, sample_notice(), way)
            sent[way] = SENT
        except AdaptMLLMError as error:
            sent[way] = str(error)
    is_well = set(sent.values()) == {SENT}
    return Answer("\n".join(f"{w}: {t}" for w, t in sent.items()), sent, 0 if is_well else 2)
