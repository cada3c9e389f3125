"""The page for end users at `/`, and the description of the API at `/docs`."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException

PAGE = Path(__file__).resolve().parents[1] / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
# An old page must never meet new scripts.
_FRESH = {"Cache-Control": "no-cache"}
# Swagger's script styles elements itself; everything else on it stays closed.
DOCS_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_DOCS = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>API of the translation service</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="page/icon.svg"><link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><div id="api"></div><script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script></body></html>
"""
_START = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#api", validatorUrl: null});\n'

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page() -> FileResponse:
    """Gives the page."""
    return FileResponse(PAGE / "index.html", media_type=_TYPES[".html"], headers=_FRESH)


@router.get("/page/{name}")
async def page_file(name: str) -> FileResponse:
    """Gives a script, style or picture of the page; no other file."""
    if name not in _page_files():
        raise HTTPException(404, "There is no such file.")
    path = PAGE / name
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=_FRESH)


@cache
def _page_files() -> frozenset[str]:
    return frozenset(path.name for path in PAGE.iterdir() if path.suffix in _TYPES)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Gives the description of the API with forms to try it."""
    return HTMLResponse(_DOCS, headers={"Content-Security-Policy": DOCS_POLICY})


@router.get("/docs/{name}")
async def docs_file(name: str) -> Response:
    """Gives Swagger UI's files from the installed package."""
    if name == "start.js":
        return Response(_START, media_type=_TYPES[".js"])
    if name not in ("swagger-ui.css", "swagger-ui-bundle.js"):
        raise HTTPException(404, "There is no such file.")
    path = _swagger() / name
    return FileResponse(path, media_type=_TYPES[path.suffix])


@cache
def _swagger() -> Path:
    # Only its files are used; find_spec does not run the package.
    spec = importlib.util.find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("The package fastapi-offline is not installed.")
    return Path(spec.origin).parent / "static"
