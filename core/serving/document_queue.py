"""Documents on their way: read, translated piece by piece behind everything interactive, kept."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.errors import AdaptMLLMError, DataError
from core.serving.batching.batcher import BusyError
from core.serving.documents.document import Document
from core.serving.documents.reading import FORMATS, read_document, suffix_of, translated_name
from core.serving.translator import Direction, Translator, deadline_in

TEXTS_AT_ONCE = 64
AT_ONCE = 2
MAX_WAITING = 50
KEPT_S = 3600.0
MAX_KEPT = 200
MAX_KEPT_BYTES = 200_000_000
# A document may take long; one piece of it that takes longer than this hangs.
PIECE_LIMIT_S = 600.0


@dataclass
class DocumentJob:
    """One document.

    Attributes:
        id: Random; whoever knows it may fetch the result.
        name: The file name of the result, cleaned.
        media_type: Of the result.
        state: queued, translating, finished, failed or cancelled.
        done, total: Texts translated and in all.
        error: Why it failed, in one sentence.
        warnings: What a reader of the result should check.
        num_characters: Characters to translate.
        result: The translated file; it is in memory only and goes with the process.
    """

    id: str
    name: str
    media_type: str
    document: Document | None
    direction: Direction
    state: str = "queued"
    done: int = 0
    total: int = 0
    error: str = ""
    warnings: list[str] = field(default_factory=list)
    num_characters: int = 0
    result: bytes | None = None
    began_s: float | None = None
    ended_s: float | None = None
    task: asyncio.Task[None] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens."""
        return self.state in ("finished", "failed", "cancelled")

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds to the end; None while unknown."""
        if self.state != "translating" or not self.done or self.began_s is None:
            return None
        pace_s = (time.monotonic() - self.began_s) / self.done
        return round(pace_s * (self.total - self.done), 1)


class DocumentQueue:
    """Translates documents, a few at a time; results stay for an hour."""

    def __init__(self, translator: Translator) -> None:
        self._translator = translator
        self._jobs: dict[str, DocumentJob] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._reading = asyncio.Semaphore(AT_ONCE)
        self._num_reading = 0
        self._closing = asyncio.Event()

    @property
    def num_unfinished(self) -> int:
        """Documents that wait or are being translated."""
        return sum(not job.has_ended for job in self._jobs.values())

    async def add(self, name: str, data: bytes, direction: Direction) -> DocumentJob:
        """Reads a document and puts it into the queue.

        Raises:
            DataError: It cannot be read, or is of another format.
            BusyError: Too many documents wait.
        """
        self._forget_old()
        if self.num_unfinished + self._num_reading >= MAX_WAITING:
            raise BusyError(f"{MAX_WAITING} documents are waiting already.", 30.0)
        suffix = suffix_of(name)
        self._num_reading += 1
        try:
            document = await self._read(name, data, direction)
        finally:
            self._num_reading -= 1
        job = DocumentJob(
            id=secrets.token_urlsafe(18),
            name=translated_name(name, direction.tgt_lang),
            media_type=FORMATS[suffix],
            document=document,
            direction=replace(direction, priority="background"),
            total=len(document.texts),
            num_characters=sum(map(len, document.texts)),
        )
        self._jobs[job.id] = job
        return job

    async def _read(self, name: str, data: bytes, direction: Direction) -> Document:
        """Reads a document in a thread; a service that is told to end does not wait for it."""
        languages = (direction.src_lang, direction.tgt_lang)
        async with self._reading:
            work = asyncio.ensure_future(asyncio.to_thread(read_document, name, data, *languages))
            ending = asyncio.ensure_future(self._closing.wait())
            try:
                await asyncio.wait({work, ending}, return_when=asyncio.FIRST_COMPLETED)
                if not work.done():
                    raise BusyError("The service is being stopped.", 5.0)
                return work.result()
            finally:
                work.cancel()
                ending.cancel()

    def begin(self, job: DocumentJob) -> None:
        """Lets a document that was added be translated."""
        job.task = asyncio.create_task(self._work(job))

    def get(self, job_id: str) -> DocumentJob:
        """Gives a document.

        Raises:
            DataError: There is none, or not any more.
        """
        self._forget_old()
        job = self._jobs.get(job_id)
        if job is None:
            raise DataError(
                "There is no such document.", hint="Results are kept for an hour; send it again."
            )
        return job

    def remove(self, job_id: str) -> DocumentJob:
        """Ends the work on a document and forgets it with its result.

        Raises:
            DataError: There is none.
        """
        job = self.get(job_id)
        if job.task is not None:
            job.task.cancel()
        job.state = "cancelled"
        self._forget(job)
        return job

    async def wait(self, job: DocumentJob) -> None:
        """Waits until a document has ended; its task goes on when the caller leaves."""
        if job.task is not None:
            await asyncio.wait({job.task})

    async def close(self) -> None:
        """Ends all work and deletes all results."""
        self._closing.set()
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for job in list(self._jobs.values()):
            self._forget(job)

    async def _work(self, job: DocumentJob) -> None:
        try:
            async with self._slots:
                job.state, job.began_s = "translating", time.monotonic()
                await self._translate(job)
        except asyncio.CancelledError:
            job.state = "cancelled"
            raise
        except (AdaptMLLMError, BusyError) as error:
            job.state = "failed"
            job.error = error.message if isinstance(error, AdaptMLLMError) else error.reason
        except BaseException:
            job.state, job.error = "failed", "The document could not be translated."
            raise
        finally:
            job.document = None
            job.ended_s = time.monotonic()

    async def _translate(self, job: DocumentJob) -> None:
        assert job.document is not None
        texts = job.document.texts
        translations: list[str] = []
        for first in range(0, len(texts), TEXTS_AT_ONCE):
            part = texts[first : first + TEXTS_AT_ONCE]
            translations += await self._piece(part, job)
            job.done = len(translations)
        data = await asyncio.to_thread(job.document.write, translations)
        job.result, job.state = data, "finished"
        self._make_room()

    async def _piece(self, texts: Sequence[str], job: DocumentJob) -> list[str]:
        """Translates some texts; while the service is busy with people, it waits its turn."""
        ends = deadline_in(PIECE_LIMIT_S)
        while True:
            try:
                direction = replace(job.direction, deadline=ends)
                found = await self._translator.translate(texts, direction)
            except BusyError as error:
                if self._closing.is_set() or time.monotonic() + error.retry_after_s > ends:
                    raise
                await asyncio.sleep(error.retry_after_s)
                continue
            for warning in (text for item in found for text in item.warnings):
                if warning not in job.warnings and len(job.warnings) < 100:
                    job.warnings.append(warning)
            return [item.text for item in found]

    def _forget_old(self) -> None:
        now = time.monotonic()
        for job in list(self._jobs.values()):
            if job.ended_s is not None and now - job.ended_s > KEPT_S:
                self._forget(job)

    def _forget(self, job: DocumentJob) -> None:
        self._jobs.pop(job.id, None)
        job.result = None

    def _make_room(self) -> None:
        """Forgets the results that were finished first, where there are too many."""
        kept = [job for job in self._jobs.values() if job.result is not None]
        kept.sort(key=lambda job: job.ended_s or float("inf"))
        size = sum(len(job.result or b"") for job in kept)
        while len(kept) > MAX_KEPT or (size > MAX_KEPT_BYTES and len(kept) > 1):
            oldest = kept.pop(0)
            size -= len(oldest.result or b"")
            self._forget(oldest)
