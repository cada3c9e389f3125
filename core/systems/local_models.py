"""Local models on demand: prepared if they are not, served if they are not, then asked by HTTP."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import AdaptMLLMError, ConfigError, HostError, ModelError
from core.finetune.command import free_port
from core.jobs import queue
from core.serving import services, versions
from core.serving.models import find_model
from core.serving.settings import PrepareSettings, ServeSettings
from core.storage.service_records import ServiceRecord
from core.storage.version_records import Version
from core.storage.workspace import Workspace
from core.systems.clients.openai_system import OpenAISystem
from core.systems.endpoint import EndpointSettings
from core.systems.failures import AskError
from core.systems.parameters import Parameters
from core.systems.prompting import Prompting
from core.systems.protocol import Event, Note, Request, Sent, SystemInfo, Usage
from core.systems.secrets import Credentials

# One id for one purpose: two tabs, or a double click, bring up the same service.
_NAMESPACE = uuid.UUID("5f0c6f8e-7a39-4d0e-9a53-3f1b8a6c2d11")
IDLE_MINUTES = 30.0
DEV_LINES = 20  # enough to see that a conversion went well; Deploy compares more
LOADING_LIMIT_S = 3600.0
POLL_S = 0.3
DEADLINE_S = 300.0
# For so long a service that answered is asked again without looking whether it is there.
TRUST_S = 5.0
CHAR_LIMIT = 200_000
_NO_CREDENTIALS = Credentials("", {}, ())


@dataclass(frozen=True)
class Loaded:
    """A service that answers for a model.

    Attributes:
        address: Where it listens.
        name: The model's name, as the service knows it.
        version: The prepared version that it serves.
    """

    address: str
    name: str
    version: Version | None


class LocalModel:
    """A base model, a run's model or a checkpoint, reached over the translation service.

    Attributes:
        info: What is known of it.
        cleans: As in the protocol.
    """

    cleans = False

    def __init__(self, workspace: Workspace, info: SystemInfo, model: str) -> None:
        self.info = info
        self._workspace = workspace
        self._model = model
        self._inner: OpenAISystem | None = None
        self._address = ""
        self._trusted_until_s = 0.0
        self._loading = asyncio.Lock()

    async def ask(self, request: Request) -> AsyncGenerator[Event, None]:
        """Brings the model up where it is not, then translates; the source is the whole prompt.

        Raises:
            AskError: The service did not answer as it should.
            AdaptMLLMError: The model cannot be prepared or served.
        """
        async with self._loading:  # a batch asks for many segments at once
            if time.monotonic() > self._trusted_until_s:
                async with aclosing(self._brought_up(request)) as notes:
                    async for note in notes:
                        yield note
        if self._inner is None:
            raise AskError(f"{self.info.name} could not be loaded.", kind="loading")
        message = {"role": "user", "content": request.source}
        plain = replace(
            request,
            messages=(message,),
            prompting=Prompting(),
            parameters=Parameters.parse(request.parameters.search()),
        )
        try:
            async with aclosing(self._inner.ask(plain)) as events:
                async for event in events:
                    if isinstance(event, Usage):
                        yield Usage(characters=len(request.source))
                    elif not isinstance(event, Sent):
                        yield event
        except AskError:
            self._trusted_until_s = 0.0  # it may have ended meanwhile: look again next time
            raise

    def scrub(self, text: str) -> str:
        """Gives the text: a local model has no secrets."""
        return text

    async def close(self) -> None:
        """Closes the connection; the service ends by itself when nobody asks any more."""
        if self._inner is not None:
            await self._inner.close()
            self._inner = None

    async def _brought_up(self, request: Request) -> AsyncGenerator[Event, None]:
        """Gives notes until a service answers for the model."""
        deadline = time.monotonic() + LOADING_LIMIT_S
        said = ""
        while True:
            direction = (request.src_lang, request.tgt_lang)
            step = await asyncio.to_thread(bring_up, self._workspace, self._model, *direction)
            if isinstance(step, Loaded):
                await self._connect(step)
                self._trusted_until_s = time.monotonic() + TRUST_S
                return
            if step != said:
                yield Note(step)
                said = step
            if time.monotonic() > deadline:
                raise AskError(
                    f"{self.info.name} was not ready within {LOADING_LIMIT_S / 60:.0f} minutes.",
                    hint="The Deploy page shows what it is doing.",
                    kind="loading",
                )
            await asyncio.sleep(POLL_S)

    async def _connect(self, loaded: Loaded) -> None:
        if self._inner is not None and self._address == loaded.address:
            return
        await self.close()
        settings = EndpointSettings(
            name=self.info.name,
            base_url=f"{loaded.address}/v1",
            model=loaded.name,
            deadline_s=DEADLINE_S,
            stall_s=DEADLINE_S,
        )
        self._address = loaded.address
        self._inner = OpenAISystem(
            self.info, settings, _NO_CREDENTIALS, extra_fields=_service_fields
        )


def _service_fields(request: Request) -> dict[str, Any]:
    """Gives the fields that our own services know beside OpenAI's."""
    direction = {"source": request.src_lang, "target": request.tgt_lang}
    return {**direction, **request.parameters.search()}


def bring_up(workspace: Workspace, model: str, src_lang: str, tgt_lang: str) -> Loaded | str:
    """Takes the next step towards a service for a model.

    Gives the service once it answers, else in words what is going on; nothing is started twice.

    Raises:
        AdaptMLLMError: The model does not exist, cannot be prepared or cannot be served.
    """
    queue.advance(workspace)
    reference = find_model(workspace, model)
    version = usable_version(workspace, reference.key, src_lang, tgt_lang)
    if version is None:
        return _prepare(workspace, reference.key, src_lang, tgt_lang)
    folder = versions.model_folder(workspace, version)
    found = _service_of(workspace, reference.key, version, folder)
    if found is not None:
        return Loaded(found.address, found.name, version)
    return _start(workspace, folder)


def usable_version(
    workspace: Workspace, key: str, src_lang: str = "", tgt_lang: str = ""
) -> Version | None:
    """Gives the version that is asked: the accepted one, else the newest that was prepared.

    With a direction, only a version that offers it counts.
    """
    ready = [version for version in workspace.versions.of_model(key) if version.is_ready]
    current = workspace.versions.current(key)
    if current is not None:
        ready = [current, *ready]
    for version in ready:
        try:
            folder = versions.model_folder(workspace, version)
        except AdaptMLLMError:
            continue
        if not src_lang or _offers(folder, src_lang, tgt_lang):
            return version
    return None


def _offers(folder: Path, src_lang: str, tgt_lang: str) -> bool:
    from core.serving.servable import load_servable

    return tgt_lang in load_servable(folder).targets_of(src_lang)


def _prepare(workspace: Workspace, key: str, src_lang: str, tgt_lang: str) -> str:
    """Prepares a model once; gives how far that is."""
    version_id = str(uuid.uuid5(_NAMESPACE, f"version {key} {src_lang} {tgt_lang}"))
    known = {version.id: version for version in workspace.versions.of_model(key)}
    if version_id not in known:
        settings = PrepareSettings(model=key, num_segments=DEV_LINES)
        if find_model(workspace, key).run is None:
            corpus = _corpus_of(workspace, key, src_lang, tgt_lang)
            settings = settings.changed(corpus=corpus, src_lang=src_lang, tgt_lang=tgt_lang)
        with _tolerating_others(workspace.version_folder(version_id)):
            versions.prepare(workspace, settings, version_id=version_id)
        return "Preparing the model (int8); only before its first use."
    job = known[version_id].job
    if job.has_ended and job.state != "finished":
        state = queue.folder_of(workspace, version_id).observed_state()
        versions.delete(workspace, version_id)  # so that asking again tries again
        raise AskError(
            f"The model could not be prepared ({job.state}): {state.reason}",
            hint=state.hint,
            kind="loading",
        )
    if job.state == "finished":  # but it does not offer the direction
        raise ConfigError(
            f"The model does not translate from {src_lang} into {tgt_lang}.",
            hint="A fine-tuned model knows the direction of its run; choose that, or the base "
            "model.",
        )
    return f"Preparing the model (int8): {job.state}."


def _corpus_of(workspace: Workspace, key: str, src_lang: str, tgt_lang: str) -> str:
    """Gives a corpus of these languages: a preparation translates some of its dev lines."""
    for corpus in workspace.corpora.all():
        if {corpus.src_lang, corpus.tgt_lang} == {src_lang, tgt_lang} and corpus.num_dev:
            return corpus.id
    raise ConfigError(
        f"The base model {key} has not been prepared, and no corpus holds {src_lang} and "
        f"{tgt_lang} to check it on.",
        hint="Import a corpus of these languages, or prepare the model on the Deploy page.",
    )


def _service_of(
    workspace: Workspace, key: str, version: Version, folder: Path
) -> ServiceRecord | None:
    """Gives a service that answers for this version, and that needs no key."""
    for record in workspace.services.all():
        if record.job.state != "serving" or record.model not in (key, str(folder)):
            continue
        settings = ServeSettings.parse(record.settings)
        started = record.job.started_at or ""
        is_older = record.model == key and started < (version.decided_at or "")
        if not settings.needs_key and not is_older and services.is_healthy(record):
            return record
    return None


def _start(workspace: Workspace, folder: Path) -> str:
    """Starts the Playground's own service of a prepared folder; gives how far that is."""
    service_id = str(uuid.uuid5(_NAMESPACE, f"service {folder}"))
    known = next((each for each in workspace.services.all() if each.id == service_id), None)
    if known is not None and not known.job.has_ended:
        return f"Loading the model: {known.job.state}."
    if known is not None:
        if known.job.state in ("failed", "lost") and _is_recent(known):
            state = services.service_state(workspace, known)
            services.delete(workspace, service_id)  # so that asking again tries again
            raise AskError(
                f"The model's service {known.job.state}: {state.reason}",
                hint=state.hint,
                kind="loading",
            )
        services.delete(workspace, service_id)
    settings = ServeSettings(
        model=str(folder),
        port=free_port(),
        idle_minutes=IDLE_MINUTES,
        deadline_s=DEADLINE_S,
        char_limit=CHAR_LIMIT,
    )
    with _tolerating_others(workspace.service_folder(service_id)):
        services.start(workspace, settings, service_id=service_id)
    return "Loading the model."


@contextmanager
def _tolerating_others(folder: Path) -> Iterator[None]:
    """Passes over "there is none" while another thread or process is about to store the same."""
    try:
        yield
    except (HostError, ModelError):
        if not folder.exists():
            raise


def _is_recent(record: ServiceRecord) -> bool:
    """Whether it ended just now: then that is the answer to the present question."""
    from datetime import UTC, datetime

    ended = datetime.fromisoformat(record.job.ended_at or record.created_at)
    return (datetime.now(UTC) - ended).total_seconds() < 10
