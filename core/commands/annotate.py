"""`python -m core annotate …`: human evaluations in files and in the workspace."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.annotate.formats.registry import FORMATS
from core.commands import annotate_results
from core.commands.answers import Answer, table
from core.commands.campaign_files import (
    add_campaign,
    add_format,
    add_preset,
    chosen_preset,
    find_data,
    read_file,
)
from core.errors import ConfigError, HostError
from core.storage.workspace import Workspace

if TYPE_CHECKING:
    from core.annotate.campaign_data import CampaignData


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds the group `annotate`."""
    group = groups.add_parser("annotate", help="human evaluations: import, score, agree, export")
    commands = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    importing = commands.add_parser(
        "import", parents=[common], help="store the file of another tool as a closed campaign"
    )
    importing.add_argument("file", type=Path, metavar="FILE")
    add_format(importing)
    importing.add_argument("--name", default="", help="of the campaign (default: the file's)")
    importing.add_argument("--src-lang", default="", help="FLORES-200 code, such as gle_Latn")
    importing.add_argument("--tgt-lang", default="", help="FLORES-200 code, such as eng_Latn")
    importing.set_defaults(command=_import)
    annotate_results.add_commands(commands, common)
    _add_export(commands, common)
    publishing = commands.add_parser(
        "publish", parents=[common], help="put a campaign's ratings beside metrics in Evaluate"
    )
    add_campaign(publishing, or_file=False)
    add_preset(publishing)
    publishing.set_defaults(command=_publish)
    listing = commands.add_parser("list", parents=[common], help="list campaigns, newest first")
    listing.set_defaults(command=_list)
    deleting = commands.add_parser("delete", parents=[common], help="delete a campaign for good")
    add_campaign(deleting, or_file=False)
    deleting.set_defaults(command=_delete)


def _add_export(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("export", parents=[common], help="write a file for another tool")
    add_campaign(parser, or_file=True)
    names = [name for name, each in FORMATS.items() if each.can_write]
    parser.add_argument("--format", choices=names, required=True, help="what is written")
    parser.add_argument("--out", type=Path, metavar="FILE", help="(default: the campaign's name)")
    text = "with the names of raters, which are rater1 and so on else; imported files keep theirs"
    parser.add_argument("--named", action="store_const", const=True, default=None, help=text)
    add_preset(parser)
    parser.set_defaults(command=_export)


def _import(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.annotate.stored import store_campaign

    langs = {"src_lang": chosen.src_lang, "tgt_lang": chosen.tgt_lang}
    data = read_file(chosen.file, kind=chosen.format, name=chosen.name, **langs)
    campaign = store_campaign(workspace, data)
    values = {"id": campaign.id, **_counts(data), "notes": list(data.origin.get("notes", ()))}
    text = (
        f"Imported {data.name!r} ({campaign.id}): {values['num_items']:,} rated outputs of "
        f"{values['num_systems']:,} systems by {values['num_raters']:,} raters."
    )
    return Answer("\n".join([text, *values["notes"]]), values)


def _counts(data: CampaignData) -> dict[str, Any]:
    return {
        "name": data.name,
        "format": data.origin.get("format", ""),
        "protocol": data.protocol,
        "src_lang": data.src_lang,
        "tgt_lang": data.tgt_lang,
        "num_systems": len(data.systems),
        "num_segments": len(data.segments),
        "num_raters": len(data.raters),
        "num_items": len(data.items),
        "num_errors": sum(len(item.annotation.marks) for item in data.items),
    }


def _export(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.annotate.formats.writing import write_campaign
    from core.commands.text_files import printable
    from core.storage.files import write_bytes

    data = find_data(workspace, chosen.campaign)
    preset = chosen_preset(data, chosen.preset)
    file = write_campaign(data, chosen.format, preset=preset, are_raters_named=chosen.named)
    path = chosen.out or Path(file.name)
    if path.exists():
        raise ConfigError(f"{printable(path)} is there already.", hint="Give --out another name.")
    try:
        write_bytes(path, file.content)
    except OSError as error:
        raise HostError(f"{printable(path)} cannot be written: {error.strerror}.") from None
    values = {"file": printable(path), "format": chosen.format, "size_bytes": len(file.content)}
    return Answer(f"{data.name!r} is in {values['file']}.", values)


def _publish(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.evaluate.people.from_campaign import add_translation_sets, publish_ratings

    data = find_data(workspace, chosen.campaign)
    sets = add_translation_sets(workspace, data.campaign_id)
    preset = chosen_preset(data, chosen.preset)
    scoring = publish_ratings(workspace, data.campaign_id, preset)
    values = {
        "scoring": scoring.id,
        "name": scoring.name,
        "test_set_hash": scoring.test_set_hash,
        "translation_sets": [{"id": each.id, "system": each.system_name} for each in sets],
    }
    return Answer(f"Published {scoring.name!r} ({scoring.id}).", values)


def _list(workspace: Workspace, _: argparse.Namespace) -> Answer:
    values = []
    for each in workspace.campaigns.all():
        progress = workspace.ratings.progress(each.id).values()
        values.append(
            {
                "id": each.id,
                "name": each.name,
                "protocol": each.protocol,
                "state": each.state,
                "num_raters": len(workspace.raters.of_campaign(each.id)),
                "num_items": sum(own.num_items for own in progress),
                "num_done": sum(own.num_done for own in progress),
                "created_at": each.created_at,
            }
        )
    names = ("name", "protocol", "state", "num_raters", "num_done", "num_items", "id")
    header = ("name", "protocol", "state", "raters", "done", "of", "id")
    return Answer(
        table(header, [[each[name] for name in names] for each in values]), {"campaigns": values}
    )


def _delete(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    campaign = workspace.campaigns.find(chosen.campaign)
    workspace.campaigns.delete(campaign.id)
    return Answer(f"Deleted {campaign.name!r} with its ratings.", {"deleted": campaign.id})
