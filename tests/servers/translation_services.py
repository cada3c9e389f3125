"""Stand-ins for LibreTranslate, DeepL and Google Cloud Translation v2, after their references.

All of them answer "<target language>: <text>". Their situations are `lt`, `lt-key`, `lt-limit`,
`lt-429`; `deepl`, `deepl-429`, `deepl-456`, `deepl-free`; `google`, `google-403`, `google-429`.
DeepL and Google always want the key, LibreTranslate in `lt-key`.
"""

from __future__ import annotations

from typing import Any

from tests.servers.exchange import KEY, Exchange, Handler, not_found

LANGUAGES = {"en": "English", "ga": "Irish", "mr": "Marathi", "fr": "French"}

LT_CHAR_LIMIT = 50
DEEPL_MAX_TEXTS = 50
DEEPL_MAX_BYTES = 128 * 1024
GOOGLE_MAX_TEXTS = 128


def handler(situation: str) -> Handler | None:
    """Gives what answers in a situation; None if there is no such situation."""
    return {"lt": _libretranslate, "deepl": _deepl, "google": _google}.get(situation.split("-")[0])


def _texts(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given or [])


async def _libretranslate(exchange: Exchange) -> None:
    asked = exchange.asked
    limit = LT_CHAR_LIMIT if asked.situation == "lt-limit" else -1
    if asked.rest == "/languages":
        listed = [{"code": c, "name": n, "targets": [*LANGUAGES]} for c, n in LANGUAGES.items()]
        await exchange.reply(listed)
    elif asked.rest == "/frontend/settings":
        await exchange.reply(_lt_settings(limit, needs_key=asked.situation == "lt-key"))
    elif asked.rest != "/translate":
        await not_found(exchange)
    elif refusal := _lt_refusal(asked.situation, asked.fields, limit):
        await exchange.reply({"error": refusal[1]}, refusal[0])
    else:
        await exchange.reply(_lt_translated(asked.fields))


def _lt_settings(limit: int, *, needs_key: bool) -> dict[str, Any]:
    source, target = ({"code": code, "name": LANGUAGES[code]} for code in ("en", "ga"))
    return {
        "apiKeys": needs_key,
        "charLimit": limit,
        "filesTranslation": False,
        "frontendTimeout": 500,
        "keyRequired": needs_key,
        "language": {"source": source, "target": target},
        "suggestions": False,
        "supportedFilesFormat": [],
    }


def _lt_refusal(situation: str, fields: dict[str, Any], limit: int) -> tuple[int, str] | None:
    if situation == "lt-429":
        return 429, "Slowdown: 20 per 1 minute"
    key = fields.get("api_key")
    if key and key != KEY:
        return 403, "Invalid API key"
    if situation == "lt-key" and not key:
        return 400, "Please contact the server operator to get an API key"
    for name in ("q", "source", "target"):
        if not fields.get(name):
            return 400, f"Invalid request: missing {name} parameter"
    num_chars = sum(map(len, _texts(fields["q"])))
    if 0 <= limit < num_chars:
        return 400, f"Invalid request: request ({num_chars}) exceeds text limit ({limit})"
    for name in ("source", "target"):
        if fields[name] not in LANGUAGES and (name, fields[name]) != ("source", "auto"):
            return 400, f"{fields[name]} is not supported"
    return None


def _lt_translated(fields: dict[str, Any]) -> dict[str, Any]:
    texts = [f"{fields['target']}: {text}" for text in _texts(fields["q"])]
    is_batch = not isinstance(fields["q"], str)
    answer: dict[str, Any] = {"translatedText": texts if is_batch else texts[0]}
    if fields["source"] == "auto":
        detected = {"confidence": 90.0, "language": "en"}
        answer["detectedLanguage"] = [detected] * len(texts) if is_batch else detected
    if num := int(fields.get("alternatives") or 0):
        others = [[f"{text} ({number})" for number in range(1, num + 1)] for text in texts]
        answer["alternatives"] = others if is_batch else others[0]
    return answer


async def _deepl(exchange: Exchange) -> None:
    asked = exchange.asked
    if refusal := _deepl_refusal(exchange):
        await exchange.reply({"message": refusal[1]}, refusal[0])
    elif asked.rest == "/v2/translate":
        await _deepl_translated(exchange)
    elif asked.rest == "/v2/usage":
        await exchange.reply({"character_count": 180_118, "character_limit": 500_000})
    elif asked.rest == "/v2/languages":
        is_target = asked.query.get("type") == "target"
        more = {"supports_formality": False} if is_target else {}
        codes = LANGUAGES.items()
        await exchange.reply([{"language": c.upper(), "name": n, **more} for c, n in codes])
    else:
        await not_found(exchange)


def _deepl_refusal(exchange: Exchange) -> tuple[int, str] | None:
    asked = exchange.asked
    if asked.headers.get("authorization") != f"DeepL-Auth-Key {KEY}":
        return 403, "Forbidden"
    if asked.situation == "deepl-free":
        return 403, "Wrong endpoint. Use https://api-free.deepl.com"
    if asked.situation == "deepl-456" and asked.rest == "/v2/translate":
        return 456, "Quota Exceeded"
    if asked.situation == "deepl-429":
        return 429, "Too many requests"
    if len(asked.raw) > DEEPL_MAX_BYTES:
        return 413, "Request Entity Too Large"
    return None


async def _deepl_translated(exchange: Exchange) -> None:
    fields = exchange.asked.fields
    texts, target = fields.get("text"), fields.get("target_lang")
    if isinstance(exchange.asked.body, dict) and not isinstance(texts, list):
        await exchange.reply({"message": "Bad request. Reason: Invalid JSON."}, 400)
        return
    if not texts or not target:
        name = "target_lang" if texts else "text"
        await exchange.reply({"message": f"Parameter '{name}' not specified."}, 400)
        return
    if len(_texts(texts)) > DEEPL_MAX_TEXTS:
        await exchange.reply({"message": "Too many texts in the request."}, 400)
        return
    source = fields.get("source_lang") or "EN"
    for name, code in (("source_lang", source), ("target_lang", target)):
        if code.lower().split("-")[0] not in LANGUAGES:
            await exchange.reply({"message": f"Value for '{name}' not supported."}, 400)
            return
    answers = [
        {"detected_source_language": source.upper(), "text": f"{target}: {text}"}
        for text in _texts(texts)
    ]
    await exchange.reply({"translations": answers})


async def _google(exchange: Exchange) -> None:
    asked = exchange.asked
    if refusal := _google_refusal(exchange):
        await exchange.reply(refusal, refusal["error"]["code"])
    elif asked.rest == "/language/translate/v2/languages":
        names = LANGUAGES.items() if "target" in asked.query else ((c, None) for c in LANGUAGES)
        listed = [{"language": code, **({"name": name} if name else {})} for code, name in names]
        await exchange.reply({"data": {"languages": listed}})
    elif asked.rest != "/language/translate/v2":
        await not_found(exchange)
    else:
        await _google_translated(exchange)


def _google_refusal(exchange: Exchange) -> dict[str, Any] | None:
    asked = exchange.asked
    key = asked.query.get("key") or asked.headers.get("x-goog-api-key")
    if not key:
        message = (
            "Method doesn't allow unregistered callers (callers without established identity). "
            "Please use API Key or other form of API consumer identity to call this API."
        )
        return _google_error(403, message, "forbidden", "PERMISSION_DENIED")
    if key != KEY:
        message = "API key not valid. Please pass a valid API key."
        refused = _google_error(400, message, "badRequest", "INVALID_ARGUMENT")
        refused["error"]["details"] = [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "translate.googleapis.com"},
            }
        ]
        return refused
    if asked.situation == "google-403":
        message, reason = "Daily Limit Exceeded", "dailyLimitExceeded"
        return _google_error(403, message, reason, domain="usageLimits")
    if asked.situation == "google-429":
        message = "Quota exceeded for quota metric 'v2 and v3 general model characters'."
        return _google_error(429, message, "rateLimitExceeded", "RESOURCE_EXHAUSTED")
    return None


def _google_error(
    code: int, message: str, reason: str, status: str = "", domain: str = "global"
) -> dict[str, Any]:
    errors = [{"message": message, "domain": domain, "reason": reason}]
    content: dict[str, Any] = {"code": code, "message": message, "errors": errors}
    return {"error": {**content, "status": status} if status else content}


async def _google_translated(exchange: Exchange) -> None:
    fields = exchange.asked.fields
    texts, source, target = _texts(fields.get("q")), fields.get("source"), fields.get("target")
    if not texts or not target:
        message = "Required Text" if target else "The target language is required"
        await exchange.reply(_google_error(400, message, "required"), 400)
    elif len(texts) > GOOGLE_MAX_TEXTS:
        message = "Too many text segments"
        await exchange.reply(_google_error(400, message, "invalid", "INVALID_ARGUMENT"), 400)
    elif target not in LANGUAGES or (source and source not in LANGUAGES):
        await exchange.reply(_google_error(400, "Invalid Value", "invalid"), 400)
    else:
        translations: list[dict[str, str]] = []
        for text in texts:
            if fields.get("format") != "text":  # HTML, unless told otherwise
                text = text.replace("'", "&#39;").replace('"', "&quot;")
            answer = {"translatedText": f"{target}: {text}"}
            translations.append(answer if source else {**answer, "detectedSourceLanguage": "en"})
        await exchange.reply({"data": {"translations": translations}})
