"""The address from which a corpus, or a split of it, is downloaded as a file of a format."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import PlainTextResponse, Response

from app.corpora.written_files import sent, written_file
from core.corpora.exporting import ALL, export_name
from core.corpora.formats.writing import ExportFormat
from core.errors import AdaptMLLMError, DataError
from core.storage.corpus_records import SPLITS
from core.storage.workspace import Workspace

CONFLICT = 409  # what is asked for cannot be had as it is
LINE_BREAKS = ("refuse", "space")
MEDIA_TYPES: dict[ExportFormat, str] = {
    "tsv": "text/tab-separated-values; charset=utf-8",
    "jsonl": "application/jsonl",
    "moses": "application/zip",
    "tmx": "application/x-tmx+xml",
    "parquet": "application/vnd.apache.parquet",
}


def export_url(
    corpus_id: str, split: str, format: ExportFormat, line_breaks: str = "refuse"
) -> str:
    """Gives the address of a split, or all, of a corpus in a format."""
    query = f"?{urlencode({'line_breaks': line_breaks})}" if line_breaks != "refuse" else ""
    return f"/download/corpora/{corpus_id}/{split}.{format}{query}"


def export_response(
    workspace: Workspace, corpus_id: str, split: str, format: ExportFormat, line_breaks: str
) -> Response:
    """Sends a corpus as a file; one that the format cannot hold is answered with why."""
    is_known = format in MEDIA_TYPES and split in (ALL, *SPLITS) and line_breaks in LINE_BREAKS
    if not is_known:
        return PlainTextResponse("There is no such file.", status_code=404)
    try:
        corpus = workspace.corpora.get(corpus_id)
    except DataError as error:
        return PlainTextResponse(str(error), status_code=404)
    command = ("corpora", "export", corpus.id, "--format", format, "--split", split)
    try:
        file = written_file(workspace, *command, "--line-breaks", line_breaks)
    except AdaptMLLMError as error:
        return PlainTextResponse(str(error), status_code=CONFLICT)
    return sent(file, export_name(corpus, format, split), MEDIA_TYPES[format])
