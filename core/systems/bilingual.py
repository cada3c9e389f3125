"""A conversation in two languages: each side writes its own, an MT system translates in between."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from core.systems.failures import AskError
from core.systems.prompting import Prompting
from core.systems.protocol import Delta, Event, Finished, Request, System

MESSAGE_TRANSLATED = "your message, translated"
ANSWER_UNTRANSLATED = "the answer, as the LLM wrote it"


class BilingualSystem:
    """An LLM that is spoken to through a translator; one request is one turn.

    The request's source is the user's message in `src_lang`, its messages are the conversation so
    far in `tgt_lang`, which is the language of the LLM; the answer comes back in `src_lang`.

    Attributes:
        info: That of the LLM.
        cleans: Never: a chat's answer is shown as it is.
    """

    cleans = False

    def __init__(self, llm: System, translator: System) -> None:
        self.info = llm.info
        self._llm = llm
        self._translator = translator

    async def ask(self, request: Request) -> AsyncGenerator[Event, None]:
        """Translates the message, asks the LLM, translates its answer.

        An answer that the LLM had to cut is translated, and ends as a cut one.

        Raises:
            AskError: One of the three did not answer as it should.
        """
        there = replace(request, messages=(), prompting=Prompting())
        back = replace(there, src_lang=request.tgt_lang, tgt_lang=request.src_lang)
        texts = {MESSAGE_TRANSLATED: "", ANSWER_UNTRANSLATED: ""}
        reason = "stop"
        async with aclosing(_staged(self._translator, there, MESSAGE_TRANSLATED, texts)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    if not event.is_whole:
                        raise _cut(self._translator, event)
                else:
                    yield event
        # What one endpoint may have echoed of its key is no business of the other one.
        translated = self._translator.scrub(texts[MESSAGE_TRANSLATED])
        message = {"role": "user", "content": translated}
        turn = replace(request, messages=(*request.messages, message))
        async with aclosing(_staged(self._llm, turn, ANSWER_UNTRANSLATED, texts)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    if not event.is_whole and event.reason != "length":
                        raise _cut(self._llm, event)
                    reason = event.reason
                else:
                    yield event
        answer = replace(back, source=self._llm.scrub(texts[ANSWER_UNTRANSLATED]))
        async with aclosing(self._translator.ask(answer)) as events:
            async for event in events:
                is_end = isinstance(event, Finished) and event.is_whole
                yield Finished(reason) if is_end else event

    def scrub(self, text: str) -> str:
        """Gives a text without the secrets of both systems."""
        return self._translator.scrub(self._llm.scrub(text))

    async def close(self) -> None:
        """Closes both, the second one even where the first one fails."""
        try:
            await self._llm.close()
        finally:
            await self._translator.close()


async def _staged(
    system: System, request: Request, stage: str, texts: dict[str, str]
) -> AsyncGenerator[Event, None]:
    """Asks one of the systems; its answer becomes a text in between, also put into `texts`."""
    async with aclosing(system.ask(request)) as events:
        async for event in events:
            if isinstance(event, Delta) and not event.stage:
                texts[stage] += event.text
                yield Delta(event.text, stage)
            elif not isinstance(event, Delta):
                yield event
    if not texts[stage].strip():
        raise AskError(f"{system.info.name} gave no text.", hint="Try again.")


def _cut(system: System, end: Finished) -> AskError:
    return AskError(f"{system.info.name} did not finish ({end.reason}).", kind="cut")
