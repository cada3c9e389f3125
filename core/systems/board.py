"""Questions to several systems at once: each in a task of its own, stopped alone, never lost."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.errors import AdaptMLLMError
from core.jobs.processes import ProcessIdentity
from core.storage.answer_records import AnswerRecord
from core.storage.files import utc_now
from core.storage.workspace import Workspace
from core.systems.bilingual import BilingualSystem
from core.systems.catalogue import open_system
from core.systems.collecting import Collected, collect
from core.systems.parts import draft_system_of, is_prompted
from core.systems.prompt_choice import PromptChoice, Prompter
from core.systems.protocol import Request, System, SystemInfo

SAVE_EVERY_S = 1.0
CLOSE_S = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """What one system is asked.

    Attributes:
        info: The system.
        request: The text and its direction; for a chat the whole conversation.
        choice: How an LLM is prompted.
        position: The column, or the turn of a chat.
        translator_id: In a bilingual chat the system that translates both sides; else empty.
    """

    info: SystemInfo
    request: Request
    choice: PromptChoice = field(default_factory=lambda: PromptChoice())
    position: int = 0
    translator_id: str = ""


@dataclass
class _Live:
    """A question under way."""

    question: Question
    record: AnswerRecord
    collected: Collected
    ended: threading.Event = field(default_factory=threading.Event)
    task: asyncio.Task[None] | None = None
    is_stored: bool = False


class Board:
    """Asks systems on a loop of its own; whoever looks, reads.

    A page may be redrawn, left or reloaded meanwhile: nothing here belongs to it.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._asks: dict[str, list[_Live]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._owner = json.dumps(asdict(ProcessIdentity.of(os.getpid())))
        end_orphans(workspace)

    def ask(
        self,
        questions: Sequence[Question],
        *,
        purpose: str = "compare",
        ask_id: str = "",
        reference: str = "",
        session_keys: Mapping[str, str] | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> str:
        """Begins to ask; what is asked is stored before the first byte goes out.

        Args:
            questions: One a system.
            purpose: As in AnswerRecord.
            ask_id: A UUID chosen beforehand; a second call with it (a double click) asks nothing.
            reference: A reference translation; may be empty.
            session_keys: Keys for this session, by the system's id; they are stored nowhere.
            about: Kept with each answer, such as the test segment that it is about.
        """
        ask_id = ask_id or str(uuid.uuid4())
        lives = [self._new(each, ask_id, purpose, reference, about or {}) for each in questions]
        # Outside the lock: a database that is busy must not hold up a stop.
        if not self._workspace.answers.add([live.record for live in lives]):
            return ask_id
        with self._lock:
            self._asks[ask_id] = [*self._asks.get(ask_id, []), *lives]
        loop, keys = self._running_loop(), dict(session_keys or {})
        for live in lives:
            loop.call_soon_threadsafe(self._beginning(live, keys))
        return ask_id

    def answers(self, ask_id: str) -> list[AnswerRecord]:
        """Gives the answers of an ask as they are now, by position."""
        with self._lock:
            lives = list(self._asks.get(ask_id, ()))
        if not lives:
            return self._workspace.answers.of_ask(ask_id)
        now = {live.record.position: _as_record(live) for live in lives}
        # The turns of a chat before this one are in the database only.
        stored = self._workspace.answers.of_ask(ask_id) if min(now) > 0 else []
        earlier = {record.position: record for record in stored if record.position not in now}
        return [record for _, record in sorted({**earlier, **now}.items())]

    def note(self, ask_id: str, position: int) -> str:
        """Gives what a system is doing before it answers; empty if it answers already."""
        with self._lock:
            lives = self._asks.get(ask_id, ())
        return next((e.collected.note for e in lives if e.record.position == position), "")

    def is_active(self, ask_id: str) -> bool:
        """Whether something may still come."""
        with self._lock:
            return any(not live.record.has_ended for live in self._asks.get(ask_id, ()))

    def stop(self, ask_id: str, position: int | None = None) -> None:
        """Stops one system, or all of an ask; what has come is kept."""
        with self._lock:
            lives = list(self._asks.get(ask_id, ()))
        loop = self._running_loop()
        for live in lives:
            if position in (None, live.record.position):
                loop.call_soon_threadsafe(_cancel, live)

    def wait(self, ask_id: str, timeout_s: float | None = None) -> list[AnswerRecord]:
        """Waits until all systems of an ask have ended and are stored, and gives their answers."""
        with self._lock:
            lives = list(self._asks.get(ask_id, ()))
        for live in lives:
            live.ended.wait(timeout_s)
        return self.answers(ask_id)

    def close(self) -> None:
        """Stops everything and ends the loop's thread."""
        with self._lock:
            lives = [live for group in self._asks.values() for live in group]
            loop, self._loop = self._loop, None
        if loop is None:
            return
        for live in lives:
            loop.call_soon_threadsafe(_cancel, live)
        try:
            asyncio.run_coroutine_threadsafe(_drain(), loop).result(CLOSE_S)
        except TimeoutError:
            log.warning("answers were still being stored when the board was closed")
        loop.call_soon_threadsafe(loop.stop)

    def _beginning(self, live: _Live, session_keys: dict[str, str]) -> Callable[[], None]:
        """Gives what starts the task of a question, on the loop.

        Without arguments: asyncio would show them in messages of its own, keys included.
        """

        def begin() -> None:
            live.task = asyncio.get_running_loop().create_task(self._run(live, session_keys))
            live.task.add_done_callback(lambda _: self._ended(live))

        return begin

    def _ended(self, live: _Live) -> None:
        """Lets go of those who wait; a task that was stopped before its first step did nothing."""
        if not live.collected.has_ended:
            live.collected.state = live.collected.finish_reason = "stopped"
            live.record = replace(_as_record(live), ended_at=utc_now())
            self._store(live)
        with self._lock:
            self._forget_stored(live.record.ask_id)
        live.ended.set()

    def _new(
        self,
        question: Question,
        ask_id: str,
        purpose: str,
        reference: str,
        about: Mapping[str, Any],
    ) -> _Live:
        request, info = question.request, question.info
        record = AnswerRecord(
            id=str(uuid.uuid4()),
            ask_id=ask_id,
            position=question.position,
            purpose=purpose,
            system_id=info.id,
            system_name=info.name,
            src_lang=request.src_lang,
            tgt_lang=request.tgt_lang,
            source=request.source,
            asked_at=utc_now(),
            reference=reference,
            request={
                "parameters": request.parameters.model_dump(exclude_defaults=True),
                "prompt": question.choice.model_dump(exclude_defaults=True),
                "provenance": info.provenance,
                "messages": list(request.messages),
                **about,
            },
            owner=self._owner,
        )
        return _Live(question, record, Collected())

    async def _run(self, live: _Live, session_keys: dict[str, str]) -> None:
        """Asks one system to its end; its record is kept up to date meanwhile."""
        saving = asyncio.create_task(self._save_regularly(live))
        try:
            await self._answer(live, session_keys)
        except asyncio.CancelledError:
            live.collected.state = "stopped"
            live.collected.finish_reason = "stopped"
        except AdaptMLLMError as error:
            live.collected.state = "failed"
            live.collected.failure = error
        except Exception as error:  # a defect must not leave the column waiting for ever
            log.exception("asking %s failed", live.record.system_id)
            live.collected.state = "failed"
            live.collected.failure = AdaptMLLMError(
                f"The program failed while asking: {type(error).__name__}.",
                hint="The server's log has the traceback.",
            )
        finally:
            saving.cancel()
            live.record = replace(_as_record(live), ended_at=utc_now())
            await asyncio.shield(self._save(live))  # also when it is stopped twice

    async def _answer(self, live: _Live, session_keys: dict[str, str]) -> None:
        question = live.question
        opened: list[System] = []
        try:
            # Reading records and building an index take time; the loop must go on meanwhile.
            await asyncio.to_thread(self._open, question, session_keys, opened)
            system, request = opened[0], question.request
            prompter = await asyncio.to_thread(self._prompter, question, opened)
            if prompter is not None:
                prompting = await asyncio.to_thread(prompter.prompting_for, request.source)
                request = replace(request, prompting=prompting)
            await collect(system, request, live.collected)
        finally:
            for system in opened:
                await system.close()

    def _open(self, question: Question, keys: dict[str, str], opened: list[System]) -> None:
        system = open_system(self._workspace, question.info.id, session_keys=keys)
        opened.append(system)
        if question.translator_id:
            translator = open_system(self._workspace, question.translator_id, session_keys=keys)
            opened[0] = BilingualSystem(system, translator)
            return
        draft_id = ""
        if question.choice.draft_system and self._is_prompted(question):
            draft_id = draft_system_of(self._workspace, question.choice)
        if draft_id:
            opened.append(open_system(self._workspace, draft_id, session_keys=keys))

    def _prompter(self, question: Question, opened: Sequence[System]) -> Prompter | None:
        """Gives what fills the prompt; MT systems and chats need none."""
        request = question.request
        _, *drafting = opened
        if question.translator_id or not self._is_prompted(question):
            return None
        return Prompter(
            self._workspace,
            question.choice,
            request.src_lang,
            request.tgt_lang,
            draft_system=drafting[0] if drafting else None,
        )

    def _is_prompted(self, question: Question) -> bool:
        return not question.request.messages and is_prompted(self._workspace, question.info)

    async def _save_regularly(self, live: _Live) -> None:
        saved = -1
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            if live.collected.version != saved:
                saved = live.collected.version
                await self._save(live)

    async def _save(self, live: _Live) -> None:
        await asyncio.to_thread(self._store, live)

    def _store(self, live: _Live) -> None:
        record = _as_record(live)
        names = ("text", "raw", "stages", "state", "finish_reason", "failure", "figures")
        values = {name: getattr(record, name) for name in (*names, "request", "ended_at")}
        try:
            self._workspace.answers.update(record.id, values)
            live.is_stored = record.ended_at is not None
        except Exception:  # noqa: BLE001 (a full disk must not end the stream that is shown)
            log.exception("the answer %s could not be stored", record.id)

    def _forget_stored(self, ask_id: str) -> None:
        """Lets go of an ask that has ended as a whole and is in the database; holds the lock."""
        lives = self._asks.get(ask_id, [])
        if lives and all(live.is_stored for live in lives):
            del self._asks[ask_id]

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                loop = self._loop
                threading.Thread(target=_run_loop, args=(loop,), daemon=True, name="board").start()
            return self._loop


def _cancel(live: _Live) -> None:
    """Stops one question; runs on the loop, after its task was made."""
    if live.task is not None:
        live.task.cancel()


def end_orphans(workspace: Workspace) -> None:
    """Marks answers as interrupted whose process is gone."""
    gone = [each.id for each in workspace.answers.unfinished() if _is_gone(each.owner)]
    if gone:
        workspace.answers.interrupt(gone)


def _is_gone(owner: str) -> bool:
    """Whether the process that asks has ended; on another host nobody can look."""
    try:
        process = ProcessIdentity(**json.loads(owner))
    except (ValueError, TypeError):
        return True
    return not process.is_elsewhere and not process.is_alive()


def _as_record(live: _Live) -> AnswerRecord:
    """Gives the record of a question with what has come until now."""
    collected = live.collected
    request = live.record.request
    if collected.messages:
        request = {**request, "messages": list(collected.messages)}
    return replace(
        live.record,
        text=collected.text,
        raw=collected.raw,
        stages=[{"name": name, "text": text} for name, text in list(collected.stages.items())],
        state=collected.state,
        finish_reason=collected.finish_reason,
        failure=collected.problem,
        figures=collected.figures(),
        request=request,
    )


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.close()


async def _drain() -> None:
    """Waits until every other task of the loop has ended."""
    current = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not current]
    await asyncio.gather(*others, return_exceptions=True)
