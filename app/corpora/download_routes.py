"""The address from which the rows that a corpus was made without are downloaded."""

from __future__ import annotations

from typing import cast, get_args

from starlette.responses import PlainTextResponse, Response

from app.corpora.written_files import sent, written_file
from core.corpora.formats.rejected import RejectedFormat
from core.errors import AdaptMLLMError, DataError
from core.storage.workspace import Workspace

CONFLICT = 409  # what is asked for cannot be had as it is
MEDIA_TYPES: dict[RejectedFormat, str] = {
    "tmx": "application/x-tmx+xml",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def rejected_url(corpus_id: str, format: RejectedFormat) -> str:
    """Gives the address of the rows that a corpus was made without."""
    return f"/download/corpora/{corpus_id}/rejected.{format}"


def rejected_response(workspace: Workspace, corpus_id: str, format: str) -> Response:
    """Sends the rows that a corpus was made without, with their reasons."""
    known = get_args(RejectedFormat)
    if format not in known:
        return PlainTextResponse(f"There are {', '.join(known)}.", status_code=404)
    kind = cast(RejectedFormat, format)
    try:
        corpus = workspace.corpora.get(corpus_id)
    except DataError as error:
        return PlainTextResponse(str(error), status_code=404)
    try:
        file = written_file(workspace, "corpora", "rejected", corpus.id, "--format", kind)
    except AdaptMLLMError as error:
        return PlainTextResponse(str(error), status_code=CONFLICT)
    return sent(file, f"{corpus.id[:8]}-left-out.{kind}", MEDIA_TYPES[kind])
