"""Campaigns that commands are about: stored ones by name or id, or those of files."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from core.annotate.formats.registry import FORMATS
from core.annotate.mqm_weights import PRESETS
from core.errors import DataError
from core.storage.workspace import Workspace

if TYPE_CHECKING:
    from core.annotate.campaign_data import CampaignData
    from core.annotate.mqm_weights import Preset


def add_campaign(parser: argparse.ArgumentParser, *, or_file: bool) -> None:
    """Adds the argument that names a campaign."""
    text = "name or id of a campaign"
    if or_file:
        parser.add_argument("campaign", metavar="FILE|CAMPAIGN", help=f"a file, or {text}")
    else:
        parser.add_argument("campaign", metavar="CAMPAIGN", help=text)


def add_format(parser: argparse.ArgumentParser) -> None:
    """Adds the option that names the format of a file that is read."""
    names = [name for name, each in FORMATS.items() if each.can_read]
    text = "format of the file (default: as it looks)"
    parser.add_argument("--format", choices=names, default="", help=text)


def add_preset(parser: argparse.ArgumentParser) -> None:
    """Adds the option that names the weights of errors."""
    text = "weights of MQM errors (default: those of the file's time, or of the typology)"
    parser.add_argument("--preset", choices=list(PRESETS), default="", help=text)


def find_data(workspace: Workspace, name: str, *, kind: str = "") -> CampaignData:
    """Gives the campaign of a file, or a stored one.

    Args:
        workspace: Where campaigns are stored.
        name: Of a file, else name or id of a campaign.
        kind: Format of the file, or "".

    Raises:
        DataError: There is neither, or the file cannot be read.
    """
    from core.annotate.stored import load_campaign

    if os.path.isfile(name):  # a name may be too long for a path
        return read_file(Path(name), kind=kind)
    try:
        return load_campaign(workspace, workspace.campaigns.find(name).id)
    except DataError as error:
        hint = "Give a file, or a campaign that `python -m core annotate list` names."
        raise DataError(error.message, hint=hint) from None


def read_file(
    path: Path, *, kind: str = "", name: str = "", src_lang: str = "", tgt_lang: str = ""
) -> CampaignData:
    """Gives the campaign of a file; the options are those of `read_campaign`.

    Raises:
        DataError: It cannot be read.
    """
    from core.annotate.formats.reading import read_campaign
    from core.commands.text_files import printable, read_bytes

    file_name = printable(Path(path.name))
    langs = {"src_lang": src_lang, "tgt_lang": tgt_lang}
    return read_campaign(read_bytes(path), file_name, kind=kind, name=name, **langs)


def chosen_preset(data: CampaignData, name: str) -> Preset:
    """Gives the weights of a name, or the usual ones of a campaign for ""."""
    from core.annotate.formats.writing import usual_preset
    from core.annotate.mqm_weights import find_preset

    return find_preset(name) if name else usual_preset(data)
