"""The service as a web application: routes, what stands before them, and errors in one sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from core.errors import AdaptMLLMError, DataError, HostError
from core.serving import SERVICE_VERSION
from core.serving.access import AccessError
from core.serving.batching.batcher import BusyError
from core.serving.middleware import BodyLimit, Observed, SameOrigin
from core.serving.routes import chat, documents, operation, page, translation
from core.serving.routes.leaving import ClientLeft
from core.serving.service import Service

# Nobody reads it; nginx's number for a caller who has closed the connection.
CLIENT_LEFT_STATUS = 499
_DESCRIPTION = """Translates texts and documents with one model.

LibreTranslate's clients and OpenAI's SDK work with it; languages are named by ISO 639-1 or BCP 47
codes (`ga`) or FLORES-200 codes (`gle_Latn`)."""


def create_app(service: Service) -> FastAPI:
    """Gives the application of a service that was put together by `open_service`."""
    app = FastAPI(
        title=f"Translation service: {service.servable.name}",
        description=_DESCRIPTION,
        version=SERVICE_VERSION,
        docs_url=None,  # FastAPI's would load its script from elsewhere; ours is in `routes.page`
        redoc_url=None,
        lifespan=_lifespan,
        middleware=_middleware(service),
    )
    app.state.service = service
    for module in (translation, documents, chat, operation, page):
        app.include_router(module.router)
    for kind, handler in {
        AdaptMLLMError: _user_error,
        AccessError: _access_error,
        BusyError: _busy_error,
        ClientLeft: _client_left,
        HTTPException: _http_error,
        RequestValidationError: _invalid,
        Exception: _defect,
    }.items():
        app.add_exception_handler(kind, handler)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    await service.start()
    yield
    await service.stop()


def _middleware(service: Service) -> list[Middleware]:
    """Gives what stands before the routes, the outermost first."""
    settings = service.settings
    found = [Middleware(Observed, service=service)]
    hosts = settings.allowed_hosts.split()
    if not hosts and settings.is_loopback:
        # A page elsewhere whose name leads to this machine must not speak for its user.
        hosts = ["localhost", "127.0.0.1", "[::1]", "::1", settings.host, f"[{settings.host}]"]
    if hosts:
        found.append(Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False))
    if settings.cors_origins:
        found.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins.split(),
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["Authorization", "Content-Type"],
                expose_headers=["Retry-After"],
            )
        )
    return [*found, Middleware(SameOrigin, service=service), Middleware(BodyLimit, service=service)]


def _error(
    request: Request, status: int, sentence: str, retry_after_s: int = 0, kind: str = ""
) -> JSONResponse:
    """Gives an error in the shape that the caller's client reads."""
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s else None
    content: dict[str, Any] = {"error": sentence}
    if request.url.path.startswith("/v1/"):
        kind = kind or ("invalid_request_error" if status < 500 else "server_error")
        content = {"error": {"message": sentence, "type": kind, "code": None, "param": None}}
    return JSONResponse(content, status_code=status, headers=headers)


async def _user_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AdaptMLLMError)
    missing = isinstance(error, DataError) and error.message.startswith("There is no such")
    status = 404 if missing else 503 if isinstance(error, HostError) else 400
    return _error(request, status, str(error), 30 if status == 503 else 0)


async def _access_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AccessError)
    kind = {403: "authentication_error", 429: "rate_limit_error"}.get(error.status, "")
    return _error(request, error.status, error.reason, error.retry_after_s, kind)


async def _busy_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, BusyError)
    return _error(request, 503, error.reason, error.retry_after_s)


async def _client_left(_: Request, __: Exception) -> Response:
    return Response(status_code=CLIENT_LEFT_STATUS)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = _error(request, error.status_code, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


async def _defect(request: Request, _: Exception) -> Response:
    # Starlette raises it again for the log; the caller learns nothing of its text.
    return _error(request, 500, "The service failed to answer this request; its log says why.")


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problem = error.errors()[0]
    name = ".".join(str(part) for part in problem["loc"])
    return _error(request, 400, f"Invalid request: {name}: {problem['msg']}.")
