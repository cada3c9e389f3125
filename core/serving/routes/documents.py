"""Documents: sent, watched, fetched; `/translate_file` as LibreTranslate has it."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from core.errors import DataError
from core.serving.access import AccessError
from core.serving.batching.batcher import BusyError
from core.serving.document_queue import DocumentJob
from core.serving.documents.reading import read_document
from core.serving.language_codes import AUTO
from core.serving.routes.answers import ANSWERS, ErrorAnswer, accepts_file
from core.serving.routes.fields import caller_of, clean, read_values, service_of, uploaded
from core.serving.routes.leaving import unless_client_leaves
from core.serving.service import Service
from core.text.detection import detect

router = APIRouter(tags=["documents"])

DETECTED_CHARACTERS = 4000
_ANSWERS = {**ANSWERS, 404: {"model": ErrorAnswer, "description": "No such document."}}


@router.post("/documents", status_code=202, responses=ANSWERS, openapi_extra=accepts_file())
async def send(request: Request) -> dict[str, Any]:
    """Takes a document; it is translated while the caller asks how far it is."""
    return shown(request, await _added(request))


@router.get("/documents/{document_id}", responses=_ANSWERS)
async def look(request: Request, document_id: str) -> dict[str, Any]:
    """Tells how far a document is."""
    return shown(request, service_of(request).documents.get(document_id))


@router.delete("/documents/{document_id}", responses=_ANSWERS)
async def cancel(request: Request, document_id: str) -> dict[str, Any]:
    """Ends the work on a document and deletes its result."""
    return shown(request, service_of(request).documents.remove(document_id))


@router.get("/download_file/{document_id}", responses=_ANSWERS, response_class=Response)
async def fetch(request: Request, document_id: str) -> Response:
    """Gives a translated document."""
    job = service_of(request).documents.get(document_id)
    if job.result is None:
        raise DataError(f"The document is {job.state}, not finished.", hint="Ask again later.")
    # Always an attachment: what users sent must never be shown as a page of this service.
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(job.name)}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(job.result, media_type=job.media_type, headers=headers)


@router.post("/translate_file", responses=ANSWERS, openapi_extra=accepts_file())
async def translate_file(request: Request) -> dict[str, str]:
    """Translates a document and answers when it is done."""
    job = await _added(request)
    documents = service_of(request).documents
    try:
        await unless_client_leaves(request, documents.wait(job))
    except BaseException:
        documents.remove(job.id)
        raise
    if job.state == "cancelled":
        raise BusyError("The service is being stopped.", 5.0)
    if job.state != "finished":
        raise DataError(job.error or "The document was not translated.")
    return {"translatedFileUrl": _url(request, job)}


async def _added(request: Request) -> DocumentJob:
    """Reads the form, checks limits and puts the document into the queue."""
    values = await read_values(request)
    caller = caller_of(request, values.get("api_key"))
    service = service_of(request)
    service.access.take_request(caller)
    file = uploaded(values)
    data = await _bytes_of(file, service.settings.file_limit_mb)
    tgt_lang = service.codes.flores(_text(values, "target"))
    name = clean(file.filename or "")
    source = _text(values, "source")
    if source.strip().lower() == AUTO:
        src_lang = await asyncio.to_thread(_language_of, service, name, data, tgt_lang)
    else:
        src_lang = service.codes.flores(source)
    service.servable.require(src_lang, tgt_lang)
    direction = service.direction(src_lang, tgt_lang)
    job = await service.documents.add(name, data, direction)
    try:
        service.access.take_characters(caller, job.num_characters)
    except AccessError:
        service.documents.remove(job.id)
        raise
    service.statistics.translated(job.num_characters)
    service.documents.begin(job)
    return job


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise DataError(f"Invalid request: missing {name} parameter.")
    return value


def _language_of(service: Service, name: str, data: bytes, tgt_lang: str) -> str:
    """Gives the likeliest source language of a document, by the beginning of its text."""
    sources = service.servable.sources
    texts = read_document(name, data, sources[0], tgt_lang).texts
    return detect("\n".join(texts[:50])[:DETECTED_CHARACTERS], sources)[0].lang


async def _bytes_of(file: UploadFile, limit_mb: float) -> bytes:
    data = await file.read(int(limit_mb * 1e6) + 1)
    if len(data) > limit_mb * 1e6:
        raise AccessError(413, f"The document is larger than {limit_mb:g} MB.")
    return data


def shown(request: Request, job: DocumentJob) -> dict[str, Any]:
    """Gives what a caller is told of a document."""
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "seconds_left": job.seconds_left,
        "error": job.error,
        "warnings": job.warnings,
        "translatedFileUrl": _url(request, job) if job.result is not None else None,
    }


def _url(request: Request, job: DocumentJob) -> str:
    return str(request.url_for("fetch", document_id=job.id))
