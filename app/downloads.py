"""Downloads that are too large for the page: streamed from folder or database, never in memory."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.corpora.download_routes import rejected_response
from app.corpora.exported import export_response
from app.corpora.raw_files import raw_files
from core.errors import AdaptMLLMError
from core.finetune.run_folder import RunFolder
from core.storage.workspace import Workspace, default_workspace
from core.systems import history

CHUNK_BYTES = 1 << 20
WHAT = ("model", "logs", "settings", "again")


def routes() -> list[Route]:
    """The routes to hand to `st.App`."""
    return [
        Route("/download/runs/{run_id}/{what}.zip", download, methods=["GET"]),
        Route("/download/answers.{kind}", download_history, methods=["GET"]),
        Route("/download/translation-sets/{set_id}.jsonl", download_set, methods=["GET"]),
        Route("/download/corpora/{corpus_id}/raw.zip", download_raw, methods=["GET"]),
        Route(
            "/download/corpora/{corpus_id}/rejected.{format}", download_rejected, methods=["GET"]
        ),
        Route("/download/corpora/{corpus_id}/{split}.{format}", download_corpus, methods=["GET"]),
    ]


def download_url(run_id: str, what: str) -> str:
    """Gives the address of a download; `what` is one of WHAT."""
    return f"/download/runs/{run_id}/{what}.zip"


def history_url(kind: str, text: str, purpose: str) -> str:
    """Gives the address of the history as `jsonl` or `csv`, filtered as the page is."""
    return f"/download/answers.{kind}?{urlencode({'text': text, 'purpose': purpose})}"


def set_url(set_id: str) -> str:
    """Gives the address of a translation set, a segment a line."""
    return f"/download/translation-sets/{set_id}.jsonl"


def raw_url(corpus_id: str) -> str:
    """Gives the address of the files that a corpus was imported from, as a zip archive."""
    return f"/download/corpora/{corpus_id}/raw.zip"


def download_history(request: Request) -> Response:
    """Streams what was asked in the Playground."""
    writers = {"jsonl": history.json_lines, "csv": history.csv_lines}
    kind = request.path_params["kind"]
    if kind not in writers:
        return PlainTextResponse("There are jsonl and csv.", status_code=404)
    asked = request.query_params
    workspace = _workspace(default_workspace())
    found = workspace.answers.each(asked.get("text", ""), purpose=asked.get("purpose", ""))
    records = history.blinded(workspace, found)
    media_type = "text/csv; charset=utf-8" if kind == "csv" else "application/jsonl"
    headers = {"Content-Disposition": f'attachment; filename="answers.{kind}"'}
    return StreamingResponse(writers[kind](records), media_type=media_type, headers=headers)


def download_set(request: Request) -> Response:
    """Streams the segments of one translation set."""
    sets = _workspace(default_workspace()).translation_sets
    try:
        record = sets.get(request.path_params["set_id"])
    except AdaptMLLMError as error:
        return PlainTextResponse(str(error), status_code=404)
    name = f"translation-set-{record.id[:8]}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    lines = (
        json.dumps(vars(segment), ensure_ascii=False) + "\n" for segment in sets.segments(record.id)
    )
    return StreamingResponse(lines, media_type="application/jsonl", headers=headers)


def download(request: Request) -> Response:
    """Streams files of one run as a zip archive."""
    workspace = _workspace(default_workspace())
    what = request.path_params["what"]
    try:
        run = workspace.runs.get(request.path_params["run_id"])
    except AdaptMLLMError as error:
        return PlainTextResponse(str(error), status_code=404)
    folder = RunFolder(workspace.run_folder(run.id))
    files = _files(folder, what) if what in WHAT else []
    if not files:
        return PlainTextResponse(f"The run has no {what}.", status_code=404)
    # The name in the header is ours, never the user's: ids are plain ASCII.
    headers = {"Content-Disposition": f'attachment; filename="{what}-{run.id[:8]}.zip"'}
    return StreamingResponse(
        zipped(files, folder.path), media_type="application/zip", headers=headers
    )


def download_corpus(request: Request) -> Response:
    """Sends a corpus, or a split of it, as a file of a format."""
    asked = request.path_params
    line_breaks = request.query_params.get("line_breaks", "refuse")
    return export_response(
        _workspace(default_workspace()),
        asked["corpus_id"],
        asked["split"],
        asked["format"],
        line_breaks,
    )


def download_rejected(request: Request) -> Response:
    """Sends the rows that a corpus was made without."""
    asked = request.path_params
    workspace = _workspace(default_workspace())
    return rejected_response(workspace, asked["corpus_id"], asked["format"])


def download_raw(request: Request) -> Response:
    """Streams the files that a corpus was imported from as a zip archive."""
    workspace = _workspace(default_workspace())
    try:
        corpus = workspace.corpora.get(request.path_params["corpus_id"])
    except AdaptMLLMError as error:
        return PlainTextResponse(str(error), status_code=404)
    found = raw_files(workspace, corpus)
    if not found:
        return PlainTextResponse("The corpus has no raw files.", status_code=404)
    headers = {"Content-Disposition": f'attachment; filename="raw-{corpus.id[:8]}.zip"'}
    pieces = zipped(
        [each.path for each in found],
        workspace.corpus_folder(corpus.id),
        {each.path: each.name for each in found},
    )
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


@cache
def _workspace(root: Path) -> Workspace:
    return Workspace(root)


def _files(folder: RunFolder, what: str) -> list[Path]:
    patterns = {
        "model": ("model/**/*",),
        "logs": ("*.log", "log.txt", "*.jsonl", "state.json", "result.json", "failure-*.json"),
        "settings": ("settings.json", "command.txt", "ds_config.json", "environment.json"),
        "again": ("settings.json", "command.txt", "environment.json", "corpora/*/*"),
    }
    found = (path for pattern in patterns[what] for path in sorted(folder.path.glob(pattern)))
    return [path for path in found if path.is_file()]


class _Outlet(io.RawIOBase):
    """Collects what the archive writes until it is sent on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(memoryview(data))  # type: ignore[arg-type]
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def zipped(
    files: list[Path], root: Path, names: Mapping[Path, str] | None = None
) -> Iterator[bytes]:
    """Gives a zip archive piece by piece; weights do not shrink, so nothing is compressed.

    Args:
        files: What goes into it.
        root: The folder to which names within the archive are relative.
        names: Other names within the archive, for files that have one.
    """
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            info = zipfile.ZipInfo.from_file(path, (names or {}).get(path, path.relative_to(root)))
            with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
                while chunk := source.read(CHUNK_BYTES):
                    target.write(chunk)
                    yield outlet.taken()
    yield outlet.taken()
