"""What a caller sent: JSON, a form or query parameters, checked by one declaration."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile

from core.errors import DataError
from core.serving.access import AccessError
from core.serving.service import Service
from core.storage.key_records import ApiKey

Fields = TypeVar("Fields", bound=BaseModel)
Caller = tuple[str, ApiKey | None]
Beams = Annotated[
    int | None, Field(ge=1, le=16, description="Beam size; absent = the service's own.")
]
LengthPenalty = Annotated[
    float | None,
    Field(
        ge=0,
        le=5,
        description="Above 1 a beam search favours longer translations, below 1 shorter ones; "
        "absent = the model's own. With 1 beam it has no effect, other than on alternatives.",
    ),
]

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def service_of(request: Request) -> Service:
    """Gives the service that the application serves."""
    service: Service = request.app.state.service
    return service


async def read_values(request: Request) -> dict[str, Any]:
    """Gives what the caller sent; the body counts before the query.

    Raises:
        DataError: The body is not what its type says.
    """
    values = _with_lists(list(request.query_params.multi_items()))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _FORMS:
        try:
            form = await request.form(max_files=1, max_fields=1000)
        except (UnicodeDecodeError, ValueError) as error:
            raise DataError(f"The form cannot be read: {error}.") from None
        return {**values, **_with_lists(list(form.multi_items()))}
    body = await request.body()
    if not body.strip():
        return values
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        if kind in ("", "text/plain"):  # curl -d without a type, and clients that forget it
            return {**values, **_with_lists(parse_qsl(body.decode("utf-8", errors="replace")))}
        raise DataError(
            "The body is not valid JSON.", hint="Send JSON, a form or a query."
        ) from None
    if not isinstance(sent, dict):
        raise DataError(f"The body is a JSON {type(sent).__name__}, not an object.")
    return {**values, **sent}


def _with_lists(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Gives the values by name; one that comes several times as a list."""
    found: dict[str, Any] = {}
    for name, value in items:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def parse_fields(model: type[Fields], values: dict[str, Any]) -> Fields:
    """Gives the fields as their declaration has them.

    Raises:
        DataError: One is missing or wrong; the sentence names it, never what users wrote.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_context=False)[0]
        name = ".".join(str(part) for part in problem["loc"][:1])
        if problem["type"] == "missing":
            raise DataError(f"Invalid request: missing {name} parameter.") from None
        message = problem["msg"].removeprefix("Value error, ").rstrip(".")
        raise DataError(f"Invalid request: {name}: {message}.") from None


async def read_fields(request: Request, model: type[Fields]) -> tuple[Fields, Caller]:
    """Gives what the caller sent and who calls.

    Raises:
        AccessError: The key is wrong or missing.
        DataError: A field is missing or wrong.
    """
    values = await read_values(request)
    # A wrong key is told before anything else: it says nothing about the rest.
    caller = caller_of(request, values.pop("api_key", None))
    return parse_fields(model, values), caller


def caller_of(request: Request, api_key: Any = None) -> Caller:
    """Gives who calls, by the key in field, header or query.

    Raises:
        AccessError: The key is wrong or missing.
    """
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    secret = api_key or (bearer.strip() if scheme.lower() == "bearer" else "")
    secret = secret or request.query_params.get("api_key", "")
    if not isinstance(secret, str):
        raise AccessError(403, "Invalid API key.")
    address = request.client.host if request.client else ""
    return service_of(request).access.caller(secret, address)


def clean(text: str) -> str:
    """Gives a text without lone surrogates, which no file and no tokenizer can hold."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def uploaded(values: dict[str, Any]) -> UploadFile:
    """Gives the file of a form.

    Raises:
        DataError: There is none.
    """
    file = values.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise DataError("Invalid request: missing file parameter.", hint="Send a multipart form.")
    return file
