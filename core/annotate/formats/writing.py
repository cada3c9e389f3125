"""Writing a campaign as a file; the names of raters stay out unless they are asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.annotate.campaign_data import CampaignData
from core.annotate.formats.annotator_sheet import write_annotator_sheet
from core.annotate.formats.appraise import write_appraise
from core.annotate.formats.campaign_table import write_csv, write_xlsx
from core.annotate.formats.mt_metrics_writing import write_mt_metrics_eval
from core.annotate.formats.pearmut import write_pearmut
from core.annotate.formats.psqm import write_psqm
from core.annotate.formats.registry import FORMATS, find_format
from core.annotate.formats.wmt_mqm import write_wmt_mqm
from core.annotate.mqm_weights import Preset, find_preset
from core.annotate.pseudonyms import pseudonymous
from core.errors import ConfigError

# All but mt-metrics-eval's, which needs a preset.
_WRITERS: Mapping[str, Callable[[CampaignData], bytes]] = {
    "wmt-mqm": write_wmt_mqm,
    "psqm": write_psqm,
    "appraise": write_appraise,
    "pearmut": write_pearmut,
    "annotator-sheet": write_annotator_sheet,
    "csv": write_csv,
    "xlsx": write_xlsx,
}
_LATER, _EARLIER = "wmt23", "wmt21"
_MOST_CHARACTERS = 80


@dataclass(frozen=True)
class ExportedFile:
    """A file to download.

    Attributes:
        name: Of letters, digits, `-`, `_` and dots alone.
        content: The file.
        media_type: For browsers.
    """

    name: str
    content: bytes
    media_type: str


def write_campaign(
    data: CampaignData,
    kind: str,
    *,
    preset: Preset | None = None,
    are_raters_named: bool | None = None,
) -> ExportedFile:
    """Gives the file of a campaign.

    Args:
        data: The campaign.
        kind: Name of the format.
        preset: What MQM errors cost, where the format holds scores; None: `usual_preset`.
        are_raters_named: Whether raters keep their names, or are `rater1` and so on. None: only
            the raters of an imported file do, whose names were public before.

    Raises:
        ConfigError: There is no such format, or it cannot hold what was judged.
        DataError: The format cannot hold a text.
    """
    found = find_format(kind)
    if not found.can_write or data.protocol not in found.protocols:
        others = [each.name for each in FORMATS.values() if data.protocol in each.protocols]
        raise ConfigError(
            f"The format {found.name} cannot hold a campaign of the protocol {data.protocol}.",
            hint=f"Choose one of {', '.join(others)}.",
        )
    is_imported = data.origin.get("format") in FORMATS
    if not (is_imported if are_raters_named is None else are_raters_named):
        data = pseudonymous(data)
    if found.name == "mt-metrics-eval":
        content = write_mt_metrics_eval(data, preset or usual_preset(data))
    else:
        content = _WRITERS[found.name](data)
    return ExportedFile(_file_name(data.name) + found.extension, content, found.media_type)


def usual_preset(data: CampaignData) -> Preset:
    """Gives the weights of a campaign's errors: those of its file's time, or of its typology."""
    if data.origin.get("format") == "wmt-mqm":
        return find_preset(_LATER if data.origin.get("is_later") else _EARLIER)
    return find_preset(
        {"adaptmllm": "adaptmllm", "mqm-core": "mqm-core"}.get(data.typology, _LATER)
    )


def _file_name(name: str) -> str:
    """Gives a name that is safe in any folder."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:_MOST_CHARACTERS] or "campaign"
