"""What routes say in the OpenAPI document: errors, and bodies in three forms."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class ErrorAnswer(BaseModel):
    """Every error: one sentence."""

    error: str


ANSWERS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "A field is missing, wrong or too long."},
    403: {"model": ErrorAnswer, "description": "The API key is wrong or missing."},
    413: {"model": ErrorAnswer, "description": "The body is too large."},
    429: {"model": ErrorAnswer, "description": "A limit a minute is reached; see Retry-After."},
    503: {"model": ErrorAnswer, "description": "Busy or stopping; see Retry-After."},
}


def accepts(model: type[BaseModel], *, with_forms: bool = True) -> dict[str, Any]:
    """Gives the description of a body that may come as JSON, form or multipart form."""
    schema = model.model_json_schema()
    schema.pop("title", None)
    if with_forms:
        schema["properties"] = {
            **schema["properties"],
            "api_key": {"type": "string", "description": "API key, where one is demanded."},
        }
    kinds = ["application/json"]
    if with_forms:
        kinds += ["application/x-www-form-urlencoded", "multipart/form-data"]
    return {"requestBody": {"required": True, "content": {k: {"schema": schema} for k in kinds}}}


def accepts_file() -> dict[str, Any]:
    """Gives the description of a multipart form with a document."""
    text = {"type": "string"}
    properties = {
        "file": {"type": "string", "format": "binary", "description": "The document."},
        "source": {**text, "description": "Language code."},
        "target": {**text, "description": "Language code."},
        "api_key": {**text, "description": "API key, where one is demanded."},
    }
    schema = {
        "type": "object",
        "properties": properties,
        "required": ["file", "source", "target"],
    }
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }
