"""Operation: health, readiness, figures, and what a web page needs to know."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from core.languages import language_name
from core.serving import SERVICE_VERSION
from core.serving.batching.batcher import BusyError
from core.serving.documents.reading import FORMATS
from core.serving.language_codes import public_code
from core.serving.routes.answers import ANSWERS
from core.serving.routes.fields import caller_of, service_of

router = APIRouter(tags=["operation"])


@router.get("/health")
async def health() -> dict[str, str]:
    """Says that the process answers."""
    return {"status": "ok"}


@router.get("/ready", responses={503: ANSWERS[503]})
async def ready(request: Request) -> dict[str, str]:
    """Says that the model is loaded and has translated; 503 before and while stopping."""
    service = service_of(request)
    if not service.is_ready or service.is_stopping:
        raise BusyError("The service is not ready.", 2.0)
    return {"status": "ready", "model": service.servable.name}


@router.get("/metrics", responses={403: ANSWERS[403]}, response_class=Response)
async def metrics(request: Request) -> Response:
    """Gives the figures in Prometheus' text format; demands a key where translations do."""
    caller_of(request)
    exposition = service_of(request).statistics.exposition()
    return Response(exposition, media_type=CONTENT_TYPE_LATEST)


@router.get("/frontend/settings")
async def frontend_settings(request: Request) -> dict[str, Any]:
    """Gives limits, formats and the model's name and licence."""
    service = service_of(request)
    settings, servable = service.settings, service.servable
    source = servable.sources[0]
    target = servable.targets_of(source)[0]
    return {
        "charLimit": settings.char_limit,
        "batchLimit": settings.batch_limit,
        "frontendTimeout": 500,
        "apiKeys": bool(service.access.keys),
        "keyRequired": settings.needs_key,
        "suggestions": True,
        "filesTranslation": True,
        "supportedFilesFormat": [f".{suffix}" for suffix in FORMATS],
        "fileSizeLimit": int(settings.file_limit_mb * 1e6),
        "languageDetection": True,
        "language": {"source": _named(source), "target": _named(target)},
        "model": {
            "name": servable.name,
            "engine": servable.engine,
            "quantization": servable.quantization,
            "licence": servable.licence,
            "notice": servable.notice,
        },
        "version": SERVICE_VERSION,
    }


def _named(code: str) -> dict[str, str]:
    return {"code": public_code(code), "name": language_name(code)}
