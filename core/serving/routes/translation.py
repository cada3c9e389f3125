"""Texts: `/translate`, `/detect`, `/languages`, `/suggest`, as LibreTranslate's clients expect."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from core.errors import DataError
from core.languages import is_right_to_left, language_name
from core.serving.documents.reading import read_html_fragment
from core.serving.language_codes import AUTO, public_code
from core.serving.routes.answers import ANSWERS, accepts
from core.serving.routes.fields import (
    Beams,
    Caller,
    LengthPenalty,
    caller_of,
    clean,
    read_fields,
    read_values,
    service_of,
)
from core.serving.routes.leaving import unless_client_leaves
from core.serving.service import Service
from core.serving.translator import Direction, Translation
from core.text.detection import Detected, detect

log = logging.getLogger("adaptmllm.texts")
router = APIRouter(tags=["translation"])

Code = Annotated[str, Field(max_length=100, examples=["en", "eng_Latn"])]


class TranslateFields(BaseModel):
    """What `/translate` takes."""

    q: str | list[str] = Field(description="A text, or a list of texts.")
    source: Code = Field(description="Language code, or `auto`.")
    target: Code = Field(description="Language code.")
    format: Literal["text", "html"] = "text"
    alternatives: int = Field(0, ge=0, le=8, description="Other translations wanted.")
    num_beams: Beams = None
    length_penalty: LengthPenalty = None


class DetectFields(BaseModel):
    """What `/detect` takes."""

    q: str | list[str] = Field(description="The text whose language is wanted.")


class SuggestFields(BaseModel):
    """What `/suggest` takes."""

    q: str = Field(min_length=1, description="The source.")
    s: str = Field(min_length=1, description="The better translation.")
    source: Code
    target: Code
    hypothesis: str = Field("", description="What the service had said.")


@router.post("/translate", responses=ANSWERS, openapi_extra=accepts(TranslateFields))
async def translate(request: Request) -> dict[str, Any]:
    """Translates a text or a list of texts; JSON, form or query."""
    fields, caller = await read_fields(request, TranslateFields)
    service = service_of(request)
    texts = [clean(text) for text in ([fields.q] if isinstance(fields.q, str) else fields.q)]
    count_texts(service, texts, caller)
    detected = await _detected(service, texts, fields.source)
    work = _translated(service, texts, detected, fields)
    found = await unless_client_leaves(request, work)
    service.statistics.translated(sum(map(len, texts)))
    if service.settings.log_texts:
        for text, item in zip(texts, found, strict=True):
            log.info("%r -> %r", text, item.text)
    return _answer(fields, found, detected)


def count_texts(service: Service, texts: Sequence[str], caller: Caller) -> None:
    """Checks the limits of one request and counts it against the caller's.

    Raises:
        DataError: Too many texts or characters.
        AccessError: The caller's limit is reached.
    """
    characters, limits = sum(map(len, texts)), service.settings
    if len(texts) > limits.batch_limit:
        raise DataError(
            f"Invalid request: {len(texts)} texts exceed the limit of {limits.batch_limit}."
        )
    if characters > limits.char_limit:
        raise DataError(
            f"Invalid request: {characters} characters exceed the limit of {limits.char_limit}."
        )
    service.access.take(caller, characters)


async def _detected(service: Service, texts: list[str], source: str) -> list[Detected] | None:
    """Gives the language of each text where the caller asked for it, else None."""
    if source.strip().lower() != AUTO:
        return None
    sources = service.servable.sources
    found = await asyncio.to_thread(lambda: [detect(text, sources) for text in texts])
    return [answers[0] for answers in found]


async def _translated(
    service: Service,
    texts: list[str],
    detected: list[Detected] | None,
    fields: TranslateFields,
) -> list[Translation]:
    tgt_lang = service.codes.flores(fields.target)
    if detected is None:
        sources = [service.codes.flores(fields.source)] * len(texts)
    else:
        sources = [answer.lang for answer in detected]
    found: dict[int, Translation] = {}
    for src_lang in dict.fromkeys(sources):
        indices = [i for i, source in enumerate(sources) if source == src_lang]
        part = [texts[i] for i in indices]
        if src_lang == tgt_lang:  # as LibreTranslate does: nothing to translate
            found.update(zip(indices, map(Translation, part), strict=True))
            continue
        direction = service.direction(
            src_lang,
            tgt_lang,
            num_alternatives=fields.alternatives,
            num_beams=fields.num_beams,
            length_penalty=fields.length_penalty,
        )
        translate_all = _translated_html if fields.format == "html" else _translated_text
        found.update(zip(indices, await translate_all(service, part, direction), strict=True))
    return [found[i] for i in range(len(texts))]


async def _translated_text(
    service: Service, texts: list[str], direction: Direction
) -> list[Translation]:
    return await service.translator.translate(texts, direction)


async def _translated_html(
    service: Service, texts: list[str], direction: Direction
) -> list[Translation]:
    """Translates the text nodes of HTML fragments and keeps their tags."""
    documents = [await asyncio.to_thread(read_html_fragment, text) for text in texts]
    units = [unit for document in documents for unit in document.texts]
    found = iter(await service.translator.translate(units, direction))
    answers = []
    for document in documents:
        mine = [next(found) for _ in document.texts]
        text = document.write([item.text for item in mine]).decode("utf-8")
        warnings = dict.fromkeys(warning for item in mine for warning in item.warnings)
        answers.append(Translation(text, (), tuple(warnings)))
    return answers


def _answer(
    fields: TranslateFields, found: list[Translation], detected: list[Detected] | None
) -> dict[str, Any]:
    """Gives the answer in the shape of the question: one of each, or lists."""
    columns: dict[str, list[Any]] = {"translatedText": [item.text for item in found]}
    if fields.alternatives:
        columns["alternatives"] = [list(item.alternatives) for item in found]
    if detected is not None:
        columns["detectedLanguage"] = [_shown(answer) for answer in detected]
    if any(item.warnings for item in found):
        columns["warnings"] = [list(item.warnings) for item in found]
    if isinstance(fields.q, list):
        return columns
    return {name: values[0] for name, values in columns.items()}


def _shown(answer: Detected) -> dict[str, Any]:
    return {"confidence": round(answer.confidence, 1), "language": public_code(answer.lang)}


@router.post("/detect", responses=ANSWERS, openapi_extra=accepts(DetectFields))
async def detect_language(request: Request) -> list[dict[str, Any]]:
    """Tells the language of a text, the likeliest first; confidence is 0 to 100."""
    fields, caller = await read_fields(request, DetectFields)
    service = service_of(request)
    texts = [fields.q] if isinstance(fields.q, str) else fields.q
    text = clean("\n".join(texts))
    count_texts(service, [text], caller)
    languages = service.servable.languages
    return [_shown(answer) for answer in await asyncio.to_thread(detect, text, languages)]


@router.get("/languages", responses=ANSWERS)
async def languages(request: Request, response: Response) -> list[dict[str, Any]]:
    """Lists the languages with what each can be translated into.

    The headers `X-Model-Licence` and, where users must be told something about it,
    `X-Model-Licence-Notice` say under which licence the model stands.
    """
    values = await read_values(request)
    caller_of(request, values.get("api_key"))
    servable = service_of(request).servable
    for name, text in (("", servable.licence), ("-Notice", servable.notice)):
        if text:  # headers are Latin-1
            response.headers[f"X-Model-Licence{name}"] = text.encode("latin-1", "replace").decode(
                "latin-1"
            )
    return [
        {
            "code": public_code(code),
            "name": language_name(code),
            "targets": [public_code(target) for target in servable.targets_of(code)],
            "flores": code,
            "rtl": is_right_to_left(code),
            "source": code in servable.sources,
        }
        for code in servable.languages
    ]


@router.post("/suggest", responses=ANSWERS, openapi_extra=accepts(SuggestFields))
async def suggest(request: Request) -> dict[str, bool]:
    """Keeps a better translation as a pair for the next fine-tuning."""
    fields, caller = await read_fields(request, SuggestFields)
    service = service_of(request)
    texts = [clean(text).strip() for text in (fields.q, fields.s, fields.hypothesis)]
    if not texts[0] or not texts[1]:
        raise DataError("Invalid request: q and s must hold text.")
    count_texts(service, texts, caller)
    src_lang, tgt_lang = service.codes.flores(fields.source), service.codes.flores(fields.target)
    service.servable.require(src_lang, tgt_lang)
    await asyncio.to_thread(service.suggest, src_lang, tgt_lang, texts[0], texts[2], texts[1])
    return {"success": True}
