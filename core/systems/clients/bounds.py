"""How much of an answer is read: a server that never ends must not fill the memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from functools import cache
from typing import TYPE_CHECKING, Any

from core.systems.endpoint import EndpointSettings
from core.systems.failures import AskError, not_an_api

if TYPE_CHECKING:
    import httpx2

MAX_BYTES = 4_000_000  # of one body, or of one event of a stream
MAX_ERROR_BYTES = 256_000  # the rest of an error's page says no more
WHOLE_KINDS = ("application/json", "text/html", "text/plain")
_COMPRESSED = {"gzip", "deflate", "br", "zstd"}
_EVENT_ENDS = (b"\n\n", b"\n\r", b"\r\r")


def bound(response: httpx2.Response, settings: EndpointSettings) -> None:
    """Limits what is read of an answer from now on.

    Raises:
        AskError: It is compressed, although that was not asked for: no limit would hold for it.
    """
    refusal = _refusal(settings, f"it answered with more than {MAX_BYTES / 1e6:g} MB")
    codings = response.headers.get("content-encoding", "").lower().split(",")
    is_compressed = bool(_COMPRESSED & {coding.strip() for coding in codings})
    if response.status_code >= 300:  # the status alone says enough to go on
        max_bytes = 0 if is_compressed else MAX_ERROR_BYTES
        response.stream = _bounded()(response.stream, max_bytes, None)
        return
    if is_compressed:
        raise _refusal(settings, "its answers are compressed, which was not asked for")
    is_stream = response.request.method == "POST" and settings.kind == "openai"
    by_event = is_stream and media_kind(response) not in WHOLE_KINDS
    response.stream = _bounded()(response.stream, MAX_BYTES, refusal, by_event=by_event)


def media_kind(response: httpx2.Response) -> str:
    """Gives the media type of an answer without its parameters."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


async def limited(
    pieces: AsyncIterable[bytes], max_bytes: int, refusal: AskError | None, *, by_event: bool
) -> AsyncGenerator[bytes, None]:
    """Gives the pieces of a body up to a limit.

    Args:
        pieces: The body.
        max_bytes: The limit.
        refusal: Raised beyond it; None: the rest is left out.
        by_event: Whether the limit is that of each event of a stream, which end at empty lines.
    """
    num_bytes, last = 0, b""
    iterator = aiter(pieces)
    try:
        async for piece in iterator:
            seen = last + piece
            end = max(map(seen.rfind, _EVENT_ENDS)) if by_event else -1
            num_bytes = len(seen) - end if end >= 0 else num_bytes + len(piece)
            last = seen[-1:]
            if num_bytes <= max_bytes:
                yield piece
            elif refusal is None:
                return
            else:
                raise refusal
    finally:
        if isinstance(iterator, AsyncGenerator):
            await iterator.aclose()


def _refusal(settings: EndpointSettings, what: str) -> AskError:
    return not_an_api(settings.name, settings.url, what, is_llm=settings.kind == "openai")


@cache
def _bounded() -> Any:
    """Gives the class of bounded streams: httpx2 wants one of its own, and is imported late."""
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        def __init__(
            self,
            stream: httpx2.AsyncByteStream,
            max_bytes: int,
            refusal: AskError | None,
            *,
            by_event: bool = False,
        ) -> None:
            self._stream = stream
            self._max_bytes = max_bytes
            self._refusal = refusal
            self._by_event = by_event

        def __aiter__(self) -> AsyncGenerator[bytes, None]:
            refusal, self._refusal = self._refusal, None  # OpenAI's SDK discards what is left
            return limited(self._stream, self._max_bytes, refusal, by_event=self._by_event)

        async def aclose(self) -> None:
            await self._stream.aclose()

    return Bounded
