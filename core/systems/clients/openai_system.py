"""An LLM behind an OpenAI-compatible API, asked by prompts and answering as a stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from core.languages import language_name
from core.systems.clients.answers import Chunk, chunk_of, text_of, whole_answer
from core.systems.clients.bounds import WHOLE_KINDS, media_kind
from core.systems.clients.connection import open_connection
from core.systems.clients.refusals import Refusals
from core.systems.endpoint import EndpointSettings
from core.systems.failures import (
    AskError,
    deadline_passed,
    engine_error,
    from_exception,
    from_status,
    not_an_api,
)
from core.systems.prompting import Prompting, messages_of
from core.systems.prompts.cleaning import clean_output
from core.systems.prompts.tokens import count_messages, estimate_tokens
from core.systems.protocol import (
    Delta,
    Event,
    Finished,
    Ignored,
    Note,
    Request,
    Sent,
    SystemInfo,
    Usage,
)
from core.systems.secrets import Credentials, scrubbed

if TYPE_CHECKING:
    from openai import AsyncOpenAI

NO_KEY = "none"  # the SDK wants one; our connection takes it off again
MAX_CHARACTERS = 400_000  # of one answer and of what a model thinks before it
MAX_REFUSALS = 16
DRAFT = "draft"
REASONING = "reasoning"

Messages = tuple[dict[str, str], ...]


class OpenAISystem:
    """An endpoint with its connection.

    Attributes:
        info: What is known of it.
        cleans: As in the protocol.
    """

    cleans = True

    def __init__(
        self,
        info: SystemInfo,
        settings: EndpointSettings,
        credentials: Credentials,
        *,
        learned: dict[str, Any] | None = None,
        on_learn: Callable[[dict[str, Any]], None] = lambda _: None,
        extra_fields: Callable[[Request], dict[str, Any]] = lambda _: {},
    ) -> None:
        """Prepares to ask; nothing is sent yet.

        Args:
            info: What is known of the system.
            settings: Where and how it is asked.
            credentials: Its key and headers.
            learned: What earlier answers taught, such as parameters that it refuses.
            on_learn: Called with what is new of it.
            extra_fields: Gives fields beyond OpenAI's that are sent with a request.
        """
        self.info = info
        self._settings = settings
        self._credentials = credentials
        self._refusals = Refusals(learned or {}, on_learn)
        self._extra_fields = extra_fields
        self._client: AsyncOpenAI | None = None

    async def ask(self, request: Request) -> AsyncGenerator[Event, None]:
        """Answers one request; a template may ask for a draft first.

        Raises:
            AskError: The endpoint did not answer as it should.
            ConfigError: The template cannot be filled.
        """
        draft = ""
        template = request.prompting.template
        if not request.messages and template.draft_from != "none":
            drafting = self._drafted(request)
            async with aclosing(drafting):
                async for event in drafting:
                    draft += event.text if isinstance(event, Delta) else ""
                    yield event
            language = language_name(request.tgt_lang)
            draft = clean_output(draft, source=request.source, tgt_language=language)
            if request.prompting.draft_system is not None:  # whose key is no business of this one
                draft = request.prompting.draft_system.scrub(draft)
        messages = messages_of(request, draft)
        yield Sent(messages)
        answering = self._answered(messages, request)
        async with aclosing(answering):
            async for event in answering:
                yield event

    def scrub(self, text: str) -> str:
        """Gives a text without the endpoint's secrets."""
        return scrubbed(text, self._credentials.secrets)

    async def close(self) -> None:
        """Closes the connection."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def models(self) -> list[str]:
        """Gives the models that the endpoint lists; [] if it lists none.

        Raises:
            AskError: It did not answer, or refused.
        """
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                page = await self._opened().models.list()
        except TimeoutError:
            raise deadline_passed(self.info.name, self._settings.deadline_s) from None
        except _raised() as error:
            raise self._failure(error) from None
        models = getattr(page, "data", None)
        if not isinstance(models, list):
            what = "it gives no list of models"
            raise not_an_api(self.info.name, self._settings.url, what)
        return sorted({self.scrub(text_of(getattr(model, "id", ""))) for model in models} - {""})

    async def _drafted(self, request: Request) -> AsyncGenerator[Event, None]:
        """Gives the draft as a text in between: by this LLM itself, or by the chosen system."""
        system = request.prompting.draft_system
        if request.prompting.template.draft_from == "itself":
            inner = self._answered(messages_of(request), request)
        elif system is not None:
            inner = system.ask(replace(request, prompting=Prompting()))
        else:
            raise AskError(
                f"The template {request.prompting.template.name!r} edits a draft, and no system "
                "was chosen that writes one.",
                hint="Choose the system of the draft beside the template.",
            )
        async with aclosing(inner):
            async for event in inner:
                if isinstance(event, Delta) and not event.stage:
                    yield Delta(event.text, DRAFT)
                elif isinstance(event, Note | Ignored | Usage):
                    yield event

    async def _answered(self, messages: Messages, request: Request) -> AsyncGenerator[Event, None]:
        """Asks once, and again without each parameter that the endpoint refuses by name."""
        deadline = time.monotonic() + self._settings.deadline_s
        wanted = request.parameters.sampling() | {"stream_options": {"include_usage": True}}
        for stop in request.prompting.template.stop if not request.messages else ():
            wanted["stop"] = [*wanted.get("stop", []), stop]
        told: set[str] = set()
        for attempt in range(1, MAX_REFUSALS + 1):
            sent, ignored = self._refusals.accepted(wanted)
            for name in sorted(ignored - told):
                told.add(name)
                yield Ignored(name)
            has_begun = False
            asking = self._asked(messages, sent, request, deadline)
            try:
                async with aclosing(asking):
                    async for event in asking:
                        has_begun = True
                        yield event
                return
            except AskError as error:
                is_last = has_begun or attempt == MAX_REFUSALS
                # What is learned is stored, and a database may let one wait.
                if is_last or not await asyncio.to_thread(self._refusals.learn_from, error, sent):
                    raise

    async def _asked(
        self, messages: Messages, sent: dict[str, Any], request: Request, deadline: float
    ) -> AsyncGenerator[Event, None]:
        """Asks once; what came before a failure is paid for, too."""
        raw = await self._within(deadline, self._create(messages, sent, request))
        said: list[str] = []
        usage = None
        async with aclosing(self._events(raw, deadline)) as events:
            try:
                async for event in events:
                    if isinstance(event, Usage):
                        usage = event
                        continue
                    if isinstance(event, Delta):
                        said.append(event.text)
                    if isinstance(event, Finished):
                        yield self._paid(messages, said, usage)
                    yield event
            except AskError:
                if said or usage is not None:
                    yield self._paid(messages, said, usage)
                raise

    def _paid(self, messages: Messages, said: list[str], usage: Usage | None) -> Usage:
        """Gives the usage that the endpoint told, else an estimate, with its price."""
        if usage is None:
            num_tokens = estimate_tokens("".join(said))
            usage = Usage(count_messages(list(messages)), num_tokens, is_estimated=True)
        return self.info.priced(usage)

    async def _create(self, messages: Messages, sent: dict[str, Any], request: Request) -> Any:
        """Sends the request and waits for the answer's head."""
        named = {"temperature", "top_p", "max_tokens", "presence_penalty", "frequency_penalty"}
        named |= {"seed", "stop", "stream_options", "max_completion_tokens"}
        arguments = {name: value for name, value in sent.items() if name in named}
        rest = {name: value for name, value in sent.items() if name not in named}
        arguments |= {"model": self._settings.model, "stream": True}
        arguments["extra_body"] = {**rest, **self._extra_fields(request)}
        client = self._opened()
        if self._settings.api == "completions":
            prompt = "\n".join(message["content"] for message in messages)
            arguments.pop("max_completion_tokens", None)
            return await client.completions.with_raw_response.create(prompt=prompt, **arguments)
        return await client.chat.completions.with_raw_response.create(
            messages=cast(Any, list(messages)), **arguments
        )

    async def _events(self, raw: Any, deadline: float) -> AsyncGenerator[Event, None]:
        """Turns an answer's stream into events, up to its end or the deadline."""
        response = raw.http_response
        kind, secrets = media_kind(response), self._credentials.secrets
        reason, seen, length = "", False, 0
        try:
            if kind in WHOLE_KINDS:
                body = await self._within(deadline, response.aread())
                for event in whole_answer(body, kind, self._settings, secrets):
                    yield event
                return
            stream = aiter(raw.parse())
            while (chunk := await self._within(deadline, _next(stream))) is not None:
                piece = chunk_of(chunk, secrets)
                seen = seen or piece.is_understood
                for event in _events_of(piece):
                    yield event
                reason = piece.finish_reason or reason
                length += len(piece.text) + len(piece.reasoning)
                if length > MAX_CHARACTERS:
                    reason = "length"
                    break
        finally:
            await response.aclose()
        if not seen:
            what = "the answer holds no text"
            raise not_an_api(self.info.name, self._settings.url, what)
        yield Finished(reason or "incomplete")

    async def _within(self, deadline: float, work: Any) -> Any:
        """Waits for a step, but not beyond the deadline; failures become sentences."""
        left_s = max(0.0, deadline - time.monotonic())
        try:
            async with asyncio.timeout(left_s) as limit:
                return await work
        except TimeoutError as error:
            if limit.expired():
                raise deadline_passed(self.info.name, self._settings.deadline_s) from None
            raise self._failure(error) from None
        except _raised() as error:
            raise self._failure(error) from None

    def _failure(self, error: Exception) -> AskError:
        import openai

        secrets = self._credentials.secrets
        if isinstance(error, AskError):
            return error
        if isinstance(error, openai.APIStatusError):
            body = error.body if error.body is not None else error.response.text
            headers = {name.lower(): value for name, value in error.response.headers.items()}
            return from_status(
                error.status_code, headers, body, name=self.info.name, secrets=secrets
            )
        if isinstance(error, openai.APIError) and not isinstance(error, openai.APIConnectionError):
            return engine_error(self.info.name, error.body or error.message, secrets)
        url = self._settings.url
        return from_exception(error, name=self.info.name, url=url, secrets=secrets)

    def _opened(self) -> AsyncOpenAI:
        if self._client is None:
            from openai import AsyncOpenAI

            # Everything is given, so that nothing is taken from the environment.
            self._client = AsyncOpenAI(
                api_key=NO_KEY,
                admin_api_key="",
                organization="",
                project="",
                webhook_secret="",
                base_url=self._settings.url,
                default_query=dict(self._settings.query),
                max_retries=0,  # a person waits; a batch tries again in its own way
                timeout=self._settings.stall_s,
                http_client=open_connection(self._settings, self._credentials),
            )
        return self._client


def _raised() -> tuple[type[Exception], ...]:
    """Gives what SDK, connection and parser raise on whatever a server may answer."""
    import httpx2
    import openai

    of_text = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
    of_connection = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError)
    return (AskError, openai.OpenAIError, RecursionError, *of_connection, *of_text)


async def _next(stream: AsyncIterator[Any]) -> Any:
    """Gives the next chunk, None at the end: no exception may leave a task as StopIteration."""
    return await anext(stream, None)


def _events_of(piece: Chunk) -> list[Event]:
    found: list[Event] = []
    if piece.reasoning:
        found.append(Delta(piece.reasoning, REASONING))
    if piece.text:
        found.append(Delta(piece.text))
    if piece.usage is not None:
        found.append(piece.usage)
    return found
