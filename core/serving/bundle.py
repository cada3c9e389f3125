"""A bundle: a folder that serves a model without this project, on any machine or in a container."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from core.errors import ConfigError, HostError, ModelError
from core.serving.card import escaped, model_card
from core.serving.servable import Servable, is_servable, load_servable
from core.serving.versions import served_folder
from core.storage.files import unused_folder, write_text
from core.storage.workspace import PROJECT, Workspace

MODEL = "model"
CARD = "MODEL_CARD.md"
REQUIREMENTS = "requirements-serve.txt"

# What the service imports; versions are those of the project's own requirements.
_PACKAGES = (
    "transformers",
    "sentencepiece",
    "tokenizers",
    "pydantic",
    "sqlalchemy",
    "alembic",
    "psutil",
    "nvidia-ml-py",
    "starlette",
    "numpy",
    "fastapi",
    "fastapi-offline",
    "uvicorn",
    "python-multipart",
    "prometheus-client",
    "sentencex",
    "py3langid",
    "regex",
    "markdown-it-py",
    "lxml",
)
_ENGINE_PACKAGES = {
    "ctranslate2": ("ctranslate2",),
    "transformers": ("torch", "accelerate", "safetensors"),
}

_DOCKERFILE = """\
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ADAPTMLLM_WORKSPACE=/data HF_HUB_OFFLINE=1
WORKDIR /service
COPY requirements-serve.txt .
RUN pip install --no-cache-dir -r requirements-serve.txt \\
 && useradd --create-home --uid 10001 service \\
 && mkdir /data && chown service /data
COPY . .

USER service
VOLUME /data
EXPOSE 5000
HEALTHCHECK --start-period=60s CMD ["python", "-c", \\
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:5000/health', timeout=4)"]
ENTRYPOINT ["python", "-m", "core"]
CMD ["serve", "--model", "model", "--host", "0.0.0.0", "--port", "5000"]
"""

_README = """\
# {name}: a translation service

A prepared model and the service that translates with it, made by adaptMLLM. What the model is, its
scores and its licence: [{card}]({card}).

## With Docker

The service listens on all addresses of the container, so it demands an API key. Keys are kept in
the volume; the first command shows one, once:

```
docker build -t translation .
docker run --rm -v translation-data:/data translation deploy key create office
docker run -d --name translation -p 5000:5000 -v translation-data:/data translation
```

## Without Docker

Python 3.11 on Linux; run it in this folder:

```
python3.11 -m venv .venv
.venv/bin/pip install -r {requirements}
.venv/bin/python -m core serve --model model
```

It listens on 127.0.0.1:5000 and asks for no key. To let other machines in, make a key by
`.venv/bin/python -m core deploy key create office` and add `--host 0.0.0.0`. Keys and feedback go
into `workspace/`, or where `ADAPTMLLM_WORKSPACE` says.

## Use

```
curl http://127.0.0.1:5000/translate -H 'Content-Type: application/json' \\
  -H 'Authorization: Bearer KEY' -d '{request}'
```

A page for people is at <http://127.0.0.1:5000/>, the description of the API at `/docs`.
{notice}
## What is here

| file | what it is |
| --- | --- |
| `model/` | weights, tokenizer, and `servable.json`, which says what they are |
| `core/` | adaptMLLM's package; `serve` and `deploy key` are what works with these requirements |
| `{requirements}` | what the service needs, and nothing that only training needs |
| `Dockerfile` | the container: no root, port 5000, `/data` for keys and feedback |
"""


def write_bundle(workspace: Workspace, model: str, folder: Path) -> Path:
    """Writes a bundle of a model into `folder` and gives its resolved path.

    The folder appears whole or not at all.

    Args:
        workspace: Where the model's accepted version is.
        model: RUN, RUN@STEP, a base model, or a folder with a prepared model.
        folder: Where it goes; absent or empty.

    Raises:
        ConfigError: The folder holds something, or lies within what is copied.
        ModelError: No version of the model was accepted.
        HostError: The folder cannot be written, or the disk is full.
    """
    prepared = served_folder(workspace, model)
    target = _checked(folder, prepared)
    partial = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex[:8]}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _check_space(prepared, target.parent)
        partial.mkdir()
        _fill(workspace, model, prepared, partial)
        partial.rename(target)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError):
            raise HostError(
                f"The bundle cannot be written to {target}: {_reason(error)}.",
                hint="Free some space, or choose another folder.",
            ) from error
        raise
    return target


def _checked(folder: Path, prepared: Path) -> Path:
    target = unused_folder(folder)
    for source in (prepared.resolve(), PROJECT / "core"):
        if target.is_relative_to(source):
            raise ConfigError(
                f"The folder {target} lies within {source}, which is copied into the bundle.",
                hint="Choose a folder outside.",
            )
    return target


def _check_space(prepared: Path, parent: Path) -> None:
    files = [*prepared.rglob("*"), *_sources()]
    needed = sum(path.stat().st_size for path in files if path.is_file()) + 1_000_000
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise HostError(
            f"The bundle needs {needed / 1e9:.2f} GB and {free / 1e9:.2f} GB are free in {parent}.",
            hint="Free some space, or choose another folder.",
        )


def _fill(workspace: Workspace, model: str, prepared: Path, folder: Path) -> None:
    servable = load_servable(prepared)
    shutil.copytree(prepared, folder / MODEL)
    if not is_servable(folder / MODEL):
        raise ModelError(f"The files of {servable.name!r} changed meanwhile.", hint="Try again.")
    for path in _sources():
        copy = folder / path.relative_to(PROJECT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    write_text(folder / REQUIREMENTS, serving_requirements(servable.engine))
    write_text(folder / "Dockerfile", _DOCKERFILE)
    write_text(folder / ".dockerignore", ".venv\nworkspace\n**/__pycache__\n")
    write_text(folder / "README.md", _readme(servable))
    write_text(folder / CARD, model_card(workspace, model, form="service"))


def _sources() -> Iterator[Path]:
    for path in sorted((PROJECT / "core").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
            yield path
    licence = PROJECT / "LICENSE"
    if licence.exists():
        yield licence


def serving_requirements(engine: str) -> str:
    """Gives the lines of a requirements file for serving, with the project's own versions.

    Args:
        engine: `ctranslate2` or `transformers`; only the latter needs torch.

    Raises:
        ModelError: The project's list of requirements is missing.
    """
    path = PROJECT / "requirements.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read: {error.strerror}.",
            hint="Make bundles in adaptMLLM's own folder.",
        ) from None
    wanted = {*_PACKAGES, *_ENGINE_PACKAGES[engine]}
    kept = [line for line in lines if re.split(r"[^\w.-]", line, maxsplit=1)[0] in wanted]
    return "\n".join(kept) + "\n"


def _readme(servable: Servable) -> str:
    source = servable.sources[0]
    sent = {"q": "Good morning.", "source": source, "target": servable.targets_of(source)[0]}
    return _README.format(
        name=escaped(servable.name),
        card=CARD,
        requirements=REQUIREMENTS,
        request=json.dumps(sent),
        notice=f"\n> **Warning.** {servable.notice}\n" if servable.notice else "",
    )


def _reason(error: OSError) -> str:
    if isinstance(error, shutil.Error) and error.args and error.args[0]:
        # copytree goes on after the first failure and gives them all: (source, copy, reason).
        return str(error.args[0][0][-1]).removesuffix(".")
    return error.strerror or type(error).__name__
