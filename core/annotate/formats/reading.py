"""Reading a file of a human evaluation, whatever its format is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from core.annotate.campaign_data import CampaignData
from core.annotate.formats.annotator_sheet import read_annotator_sheet
from core.annotate.formats.appraise import read_appraise
from core.annotate.formats.campaign_table import read_csv, read_xlsx
from core.annotate.formats.mt_metrics_eval import read_mt_metrics_eval
from core.annotate.formats.pearmut import read_pearmut
from core.annotate.formats.psqm import read_psqm
from core.annotate.formats.registry import find_format, guess_format
from core.annotate.formats.wmt_mqm import read_wmt_mqm
from core.errors import ConfigError
from core.settings import checked_language

_READERS: Mapping[str, Callable[[bytes, str], CampaignData]] = {
    "wmt-mqm": read_wmt_mqm,
    "psqm": read_psqm,
    "mt-metrics-eval": read_mt_metrics_eval,
    "appraise": read_appraise,
    "pearmut": read_pearmut,
    "annotator-sheet": read_annotator_sheet,
    "csv": read_csv,
    "xlsx": read_xlsx,
}


def read_campaign(
    data: bytes,
    file_name: str,
    *,
    kind: str = "",
    name: str = "",
    src_lang: str = "",
    tgt_lang: str = "",
) -> CampaignData:
    """Gives the campaign of a file; nothing is stored.

    Args:
        data: The file.
        file_name: What its owner calls it.
        kind: Name of the format; empty: as the file looks.
        name: Of the campaign; empty: the file's own, or its name.
        src_lang: FLORES-200 code; empty: as the file says, if it does.
        tgt_lang: The same.

    Raises:
        DataError: The file cannot be read; the sentence names file, place and cause.
        ConfigError: There is no such format or language.
    """
    try:
        langs = [checked_language(code) if code else "" for code in (src_lang, tgt_lang)]
    except ValueError as error:
        raise ConfigError(str(error)) from None
    chosen = find_format(kind or guess_format(data, file_name))
    found = _READERS[chosen.name](data, file_name)
    return replace(
        found,
        name=" ".join(name.split()) or found.name,
        src_lang=langs[0] or found.src_lang,
        tgt_lang=langs[1] or found.tgt_lang,
    )
