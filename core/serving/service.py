"""One running service: the parts that its routes share."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from core.serving.access import Access
from core.serving.batching.batcher import Batcher, BatchLimits
from core.serving.codec import Codec
from core.serving.document_queue import DocumentQueue
from core.serving.engines.engine import Engine, open_engine
from core.serving.language_codes import LanguageCodes
from core.serving.servable import Servable, load_servable
from core.serving.settings import ServeSettings
from core.serving.statistics import Statistics
from core.serving.translator import Direction, Translator, deadline_in
from core.storage.feedback_records import Feedback
from core.storage.files import utc_now
from core.storage.workspace import Workspace
from core.text.glossary import Term, read_glossary

SELF_TEST_S = 300.0


@dataclass
class Service:
    """Everything that answers requests.

    Attributes:
        is_stopping: True from the moment when it was told to end.
        is_ready: True once the model has translated something.
        on_start: What goes on beside the requests, from the moment when it is ready.
    """

    settings: ServeSettings
    servable: Servable
    translator: Translator
    batcher: Batcher
    engine: Engine
    access: Access
    statistics: Statistics
    codes: LanguageCodes
    documents: DocumentQueue
    workspace: Workspace
    is_stopping: bool = False
    is_ready: bool = False
    on_start: list[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def direction(
        self,
        src_lang: str,
        tgt_lang: str,
        *,
        num_alternatives: int = 0,
        num_beams: int | None = None,
        length_penalty: float | None = None,
    ) -> Direction:
        """Gives what a request asks for, with this service's deadline and what it leaves open."""
        return Direction(
            src_lang,
            tgt_lang,
            num_alternatives=num_alternatives,
            num_beams=num_beams or self.settings.num_beams or self.servable.num_beams,
            length_penalty=length_penalty,
            deadline=deadline_in(self.settings.deadline_s),
        )

    @property
    def default_direction(self) -> tuple[str, str] | None:
        """The only direction that is offered; None where callers must choose."""
        sources, targets = self.servable.sources, self.servable.targets
        if len(sources) == 1 and len(targets) == 1:
            return sources[0], targets[0]
        return None

    async def start(self) -> None:
        """Begins to work and translates one word, so that `ready` means that it can."""
        self.batcher.start()
        source = self.servable.sources[0]
        direction = self.direction(source, self.servable.targets_of(source)[0])
        # Not the deadline of requests: a large model's first translation may take longer.
        direction = replace(direction, deadline=deadline_in(SELF_TEST_S))
        await self.translator.translate(["one"], direction)
        self.is_ready = True
        self._tasks += [asyncio.create_task(work()) for work in self.on_start]

    def suggest(
        self, src_lang: str, tgt_lang: str, source: str, hypothesis: str, correction: str
    ) -> None:
        """Keeps a better translation as a pair for the next fine-tuning."""
        self.workspace.feedback.add(
            Feedback(
                id=str(uuid.uuid4()),
                src_lang=src_lang,
                tgt_lang=tgt_lang,
                source=source,
                hypothesis=hypothesis,
                correction=correction,
                model=self.servable.model,
                created_at=utc_now(),
            )
        )

    def refuse(self) -> None:
        """Takes no new work from now on; what is waiting goes on."""
        self.is_stopping = True
        self.batcher.refuse()

    async def drain(self, seconds: float) -> None:
        """Gives waiting sentences some time, then refuses them, so that every caller is told."""
        await self.documents.close()
        await asyncio.sleep(seconds)
        self.batcher.refuse_waiting()

    async def stop(self) -> None:
        """Ends: sentences that still wait are refused, those in the model are finished."""
        self.refuse()
        for task in self._tasks:
            task.cancel()
        await self.documents.close()
        await self.batcher.close()
        self.engine.close()


def open_service(workspace: Workspace, settings: ServeSettings, folder: Path) -> Service:
    """Loads a prepared model and puts a service together around it.

    Args:
        workspace: Keys and feedback are its records.
        settings: How it answers.
        folder: The prepared model.

    Raises:
        ModelError: The folder holds no prepared model.
        ConfigError: A key is demanded and there is none, or the glossary cannot be read.
        HostError: Too little memory.
    """
    servable = load_servable(folder)
    access = Access(settings, workspace.keys)
    access.check_start()
    terms, codec = _terms(settings.glossary), Codec(folder)
    budget, threads = settings.tokens_per_batch, settings.threads
    engine = open_engine(folder, servable, codec, threads=threads, tokens_per_batch=budget)
    limits = BatchLimits(settings.tokens_per_batch, settings.window_ms, settings.queue_limit)
    batcher = Batcher(engine, limits)
    longest, cached = settings.max_source_length, settings.cache_limit
    translator = Translator(
        servable, codec, batcher, max_source_length=longest, cache_limit=cached, terms=terms
    )
    service = Service(
        settings=settings,
        servable=servable,
        translator=translator,
        batcher=batcher,
        engine=engine,
        access=access,
        statistics=Statistics(),
        codes=LanguageCodes(servable),
        documents=DocumentQueue(translator),
        workspace=workspace,
    )
    batcher.num_requests = lambda: service.statistics.translations_in_flight
    _add_gauges(service)
    return service


def _terms(path: str) -> list[Term]:
    if not path:
        return []
    try:
        return read_glossary(Path(path).read_bytes())
    except OSError as error:
        raise ConfigError(
            f"The glossary {path} cannot be read: {error.strerror}.", hint="Check the path."
        ) from None


def _add_gauges(service: Service) -> None:
    load, translator = service.batcher.load, service.translator
    gauge = service.statistics.gauge
    gauge("queue_sentences", "Sentences that wait.", lambda: service.batcher.num_waiting)
    gauge("in_flight", "Requests that are being answered.", lambda: service.statistics.in_flight)
    gauge("batches", "Batches translated.", lambda: load.num_batches)
    gauge("sentences", "Sentences translated.", lambda: load.num_segments)
    gauge("busy_seconds", "Seconds that batches took.", lambda: load.busy_s)
    gauge("guarded", "Sentences searched again for a loop.", lambda: translator.num_guarded)
    gauge("cached", "Sentences answered from memory.", lambda: translator.num_cached)
