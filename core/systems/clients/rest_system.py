"""MT services by REST: LibreTranslate's API, Google Cloud Translation and DeepL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

from core.languages import html_tag, language
from core.systems.clients.answers import text_of
from core.systems.clients.connection import open_connection
from core.systems.endpoint import EndpointSettings
from core.systems.failures import (
    LOOKED_AT,
    SHOWN,
    AskError,
    deadline_passed,
    from_exception,
    from_status,
    not_an_api,
)
from core.systems.protocol import Delta, Event, Finished, Request, SystemInfo, Usage
from core.systems.secrets import Credentials, scrubbed, scrubbed_message

if TYPE_CHECKING:
    import httpx2

# Where a vendor's code is not the BCP 47 tag of the language.
_GOOGLE_CODES = {"zho_Hans": "zh-CN", "zho_Hant": "zh-TW", "heb_Hebr": "iw", "nob_Latn": "no"}
_DEEPL_TARGETS = {
    "eng_Latn": "EN-GB",
    "por_Latn": "PT-PT",
    "zho_Hans": "ZH-HANS",
    "zho_Hant": "ZH-HANT",
    "nob_Latn": "NB",
}
_FREE_KEY = ":fx"
_FREE_URL = "https://api-free.deepl.com"


@dataclass(frozen=True)
class Call:
    """One HTTP request.

    Attributes:
        path: Below the endpoint's address.
        body: Sent as JSON.
        headers: Beside those of the endpoint.
    """

    path: str
    body: dict[str, Any]
    headers: dict[str, str]


Maker = Callable[[EndpointSettings, Credentials, Request], Call]


def libretranslate_call(
    settings: EndpointSettings, credentials: Credentials, request: Request
) -> Call:
    """Gives the request of LibreTranslate's `/translate`; our own services know it too."""
    body = {
        "q": request.source,
        "source": html_tag(request.src_lang),
        "target": html_tag(request.tgt_lang),
        "format": "text",
        **request.parameters.search(),
    }
    if credentials.key:
        body["api_key"] = credentials.key
    return Call("/translate", body, {})


def google_call(settings: EndpointSettings, credentials: Credentials, request: Request) -> Call:
    """Gives the request of Google's Translation API v2; the key goes into a header."""
    body = {
        "q": [request.source],
        "source": _google_code(request.src_lang),
        "target": _google_code(request.tgt_lang),
        "format": "text",
    }
    if settings.model:
        body["model"] = settings.model
    return Call("/language/translate/v2", body, {"X-goog-api-key": credentials.key})


def deepl_call(settings: EndpointSettings, credentials: Credentials, request: Request) -> Call:
    """Gives the request of DeepL's `/v2/translate`."""
    source = language(request.src_lang).iso.upper()
    target = _DEEPL_TARGETS.get(request.tgt_lang, html_tag(request.tgt_lang).upper())
    body = {
        "text": [request.source],
        "source_lang": source,
        "target_lang": target,
        "preserve_formatting": True,
    }
    if settings.model:
        body["model_type"] = settings.model
    return Call("/v2/translate", body, {"Authorization": f"DeepL-Auth-Key {credentials.key}"})


def read_libretranslate(values: Any) -> str:
    """Gives the translation in LibreTranslate's answer."""
    return _translation(values["translatedText"])


def read_google(values: Any) -> str:
    """Gives the translation in Google's answer; entities come even for plain text."""
    return unescape(_translation(values["data"]["translations"][0]["translatedText"]))


def read_deepl(values: Any) -> str:
    """Gives the translation in DeepL's answer."""
    return _translation(values["translations"][0]["text"])


_APIS: dict[str, tuple[Maker, Callable[[Any], str]]] = {
    "libretranslate": (libretranslate_call, read_libretranslate),
    "google": (google_call, read_google),
    "deepl": (deepl_call, read_deepl),
}


class RestSystem:
    """An MT service with its connection; its answers come in one piece.

    Attributes:
        info: What is known of it.
        cleans: As in the protocol.
    """

    cleans = False

    def __init__(
        self, info: SystemInfo, settings: EndpointSettings, credentials: Credentials
    ) -> None:
        self.info = info
        self._settings = settings
        self._credentials = credentials
        self._client: httpx2.AsyncClient | None = None

    async def ask(self, request: Request) -> AsyncGenerator[Event, None]:
        """Translates one text.

        Raises:
            AskError: The service did not answer as it should.
        """
        make, read = _APIS[self._settings.kind]
        call = make(self._settings, self._credentials, request)
        values = await self.send("POST", call)
        try:
            text = read(values)
        except (KeyError, IndexError, TypeError):
            raise self._no_api("the answer holds no translation") from None
        yield self.info.priced(Usage(characters=len(request.source)))
        if text:
            yield Delta(text)
        yield Finished("stop")

    async def send(self, method: str, call: Call) -> Any:
        """Sends one request and gives the JSON that comes back.

        Raises:
            AskError: The service did not answer as it should.
        """
        import httpx2

        name, secrets = self.info.name, self._credentials.secrets
        url = self._url()
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                answer = await self._opened().request(
                    method,
                    url + call.path,
                    params=self._settings.query,
                    json=call.body or None,
                    headers=call.headers,
                )
        except TimeoutError:
            raise deadline_passed(name, self._settings.deadline_s) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
            raise from_exception(error, name=name, url=url, secrets=secrets, is_llm=False) from None
        if answer.status_code >= 300:
            body = _json_of(answer)
            headers = {key.lower(): value for key, value in answer.headers.items()}
            raise from_status(
                answer.status_code,
                headers,
                answer.text if body is None else body,
                name=name,
                secrets=secrets,
                is_llm=False,
            )
        values = _json_of(answer)
        if values is None:
            # Scrubbed before it is cut: half a key is not recognised.
            shown = scrubbed_message(answer.text[:LOOKED_AT], secrets)[:SHOWN]
            raise self._no_api(f"it answered with other than JSON ({shown!r})")
        return values

    def scrub(self, text: str) -> str:
        """Gives a text without the service's secrets."""
        return scrubbed(text, self._credentials.secrets)

    async def close(self) -> None:
        """Closes the connection."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _no_api(self, what: str) -> AskError:
        return not_an_api(self.info.name, self._url(), what, is_llm=False)

    def _url(self) -> str:
        settings = self._settings
        # DeepL's free keys are known by their end, and only served at an address of their own.
        is_free = settings.kind == "deepl" and self._credentials.key.endswith(_FREE_KEY)
        return _FREE_URL if is_free and not settings.base_url else settings.url

    def _opened(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = open_connection(self._settings, self._credentials)
        return self._client


def _google_code(code: str) -> str:
    return _GOOGLE_CODES.get(code, html_tag(code))


def _translation(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a translation is a text")
    return text_of(value)


def _json_of(answer: httpx2.Response) -> Any:
    """Gives the JSON of an answer, None if it is none."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        return None
