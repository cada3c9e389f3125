"""Making a corpus out of files, or of a public set; all of it or nothing."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from core.corpora import public_sets
from core.corpora.dividing import divide
from core.corpora.formats.archives import by_name, unpacked
from core.corpora.formats.files import InputFile, LocalFile, MemoryFile, local_file, shown_name
from core.corpora.formats.looking import look
from core.corpora.gathering import Gathered, gather
from core.corpora.planning import Part, plan_parts
from core.corpora.splitting import SplitSettings
from core.corpora.storing import REJECTED_FILE, NewCorpus, check_name, new_corpus, unwritable
from core.corpora.tasks import RAW_FOLDER, SCRATCH_FOLDER, STAGING_FOLDER, Task
from core.corpora.watching import Watch, unwatched
from core.errors import DataError
from core.jobs.folder import JobFolder
from core.languages import language_name
from core.settings import Settings, checked_language
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.workspace import Workspace

_SHOWN_FILES = 4


class ImportSettings(Settings):
    """What is imported, and how."""

    name: str = Field(
        default="", description="Name of the corpus; no other has it.", max_length=400
    )
    src_lang: str = Field(default="eng_Latn", description="FLORES-200 code of the source.")
    tgt_lang: str = Field(default="gle_Latn", description="FLORES-200 code of the target.")
    files: tuple[str, ...] = Field(
        default=(), description="Names of what was uploaded, in its order."
    )
    parts: tuple[Part, ...] = Field(
        default=(), description="How it is read; empty: as it is guessed."
    )
    public_set: str = Field(
        default="", description="Key of a public set to fetch in place of files."
    )
    is_divided: bool = Field(
        default=True,
        description="Whether dev and test are cut out of what is not given as a split.",
    )
    split: SplitSettings = Field(default=SplitSettings(), description="How they are cut out.")

    @field_validator("src_lang", "tgt_lang")
    @classmethod
    def _is_language(cls, code: str) -> str:
        return checked_language(code)

    @model_validator(mode="after")
    def _languages_differ(self) -> ImportSettings:
        if self.src_lang == self.tgt_lang:
            name = language_name(self.src_lang)
            raise ValueError(f"source and target are both {name} ({self.src_lang})")
        return self

    @property
    def langs(self) -> tuple[str, str]:
        """Source and target."""
        return self.src_lang, self.tgt_lang


def check_import(workspace: Workspace, settings: ImportSettings) -> ImportSettings:
    """Gives the settings in full.

    Raises:
        DataError: The name is taken, or nothing was chosen.
        ConfigError: There is no such public set.
    """
    if settings.public_set:
        public = public_sets.public_set(settings.public_set)
        settings = settings.changed(src_lang=public.src_lang, tgt_lang=public.tgt_lang)
    elif not settings.files:
        raise DataError("No file was chosen.", hint="Choose files to import.")
    by_name([MemoryFile(name, b"") for name in settings.files])  # each has a name of its own
    return settings.changed(name=check_name(workspace, settings.name))


def import_files(
    workspace: Workspace,
    settings: ImportSettings,
    files: Sequence[InputFile],
    folder: Path,
    watch: Watch = unwatched,
) -> Corpus:
    """Imports a corpus.

    Args:
        workspace: Where it is stored; the raw files are kept beside the segments.
        settings: As `check_import` gave them.
        files: What was uploaded, parallel to `settings.files`.
        folder: An empty folder of the workspace's disk, for what is needed meanwhile.
        watch: Is told how far it is.

    Raises:
        DataError: A file cannot be used; the sentence names file, line and cause. Nothing is
            stored.
        HostError: The disk is full; nothing is stored.
    """
    try:
        return _imported(workspace, settings, files, folder, watch)
    except OSError as error:
        raise unwritable("The files could not be unpacked", error, workspace) from error


def _imported(
    workspace: Workspace,
    settings: ImportSettings,
    files: Sequence[InputFile],
    folder: Path,
    watch: Watch,
) -> Corpus:
    scratch = folder / SCRATCH_FOLDER
    scratch.mkdir(parents=True)
    parts, origin, about = settings.parts, "", {}
    if settings.public_set:
        public = public_sets.public_set(settings.public_set)
        files, parts = _fetched(public, scratch, watch)
        origin, about = f"fetched from {public.homepage}", public_details(public)
    watch("unpacking", 0, 0)
    given = by_name(unpacked(files, scratch))
    parts = parts or _guessed(given, settings)
    with new_corpus(
        workspace,
        name=settings.name,
        src_lang=settings.src_lang,
        tgt_lang=settings.tgt_lang,
        origin=origin or _origin(files),
        staging=folder / STAGING_FOLDER,
        watch=watch,
    ) as new:
        rejected = new.folder / REJECTED_FILE
        found = gather(given, parts, settings.langs, new.folder, rejected, watch=watch)
        _divide(new, found, settings, watch)
        _keep_raw(files, new.folder / RAW_FOLDER)
        new.details.update(_details(settings, parts, found), **about)
    return new.stored


def _fetched(
    public: public_sets.PublicSet, into: Path, watch: Watch
) -> tuple[list[LocalFile], tuple[Part, ...]]:
    folder = into / "fetched"
    folder.mkdir()
    fetched = public_sets.download(public, folder, watch)
    parts = []
    files: list[LocalFile] = []
    for split, pair in fetched.items():
        files += [local_file(path) for path in pair]
        names = tuple(file.name for file in files[-2:])
        parts.append(Part.parse({"split": split, "files": names}))
    return files, tuple(parts)


def public_details(public: public_sets.PublicSet) -> dict[str, str]:
    """Gives what a corpus keeps of the public set that it is."""
    return {
        "public_set": public.key,
        "licence": public.licence,
        "licence_url": public.licence_url,
        "citation": public.citation,
    }


def _guessed(files: dict[str, InputFile], settings: ImportSettings) -> tuple[Part, ...]:
    looks = {name: look(file, languages=settings.langs) for name, file in files.items()}
    plan = plan_parts(looks, *settings.langs)
    if plan.problems:
        raise DataError(plan.problems[0], hint="Say how the files are to be read.")
    return plan.parts


def _divide(new: NewCorpus, found: Gathered, settings: ImportSettings, watch: Watch) -> None:
    """Counts what is there and divides the rest; splits that were given take nothing of it."""
    for split in SPLITS:
        new.counts[split] = found.counts.get(split, 0)
        if split in found.counts and not new.counts[split]:
            raise DataError(f"The {split} files hold no segment.", hint="Check the files.")
        new.path(split).touch()
    pool = new.folder / "pool.jsonl"
    if not found.counts.get("", 0):
        pool.unlink(missing_ok=True)
        if not sum(new.counts.values()):
            raise DataError("The files hold no segment.", hint="Check the files.")
        return
    given = [split for split in ("dev", "test") if found.counts.get(split)]
    if settings.is_divided and len(given) < 2:
        num_rows = sum(found.counts.values())
        counts = divide(
            [pool], new.folder, settings.split, given=given, num_rows=num_rows, watch=watch
        )
        for split, count in counts.items():
            new.counts[split] += count
        pool.unlink()
        return
    with pool.open("rb") as source, new.path("train").open("ab") as target:
        shutil.copyfileobj(source, target)
    new.counts["train"] += found.counts[""]
    pool.unlink()


def _keep_raw(files: Sequence[InputFile], into: Path) -> None:
    """Copies what was given; names from users are never paths, only plain endings stay."""
    into.mkdir()
    for number, file in enumerate(files):
        ending = file.suffix if file.suffix[1:].isalnum() and file.suffix.isascii() else ""
        with file.open() as source, (into / f"{number}{ending}").open("wb") as target:
            shutil.copyfileobj(source, target)


def _details(settings: ImportSettings, parts: Sequence[Part], found: Gathered) -> dict[str, Any]:
    is_cut = "" in found.counts and settings.is_divided
    return {
        "made_by": "import",
        "made_with": {"parts": [part.model_dump() for part in parts]},
        "files": list(settings.files),
        "encodings": found.encodings,
        "rejected": found.rejected,
        "num_left_out": sum(found.rejected.values()),
        "split_seed": settings.split.seed if is_cut else None,
    }


def _origin(files: Sequence[InputFile]) -> str:
    names = [file.name for file in files]
    shown = ", ".join(names[:_SHOWN_FILES])
    more = f" and {len(names) - _SHOWN_FILES} more" if len(names) > _SHOWN_FILES else ""
    return f"imported from {shown}{more}"


def import_corpus(
    workspace: Workspace,
    settings: ImportSettings,
    files: Sequence[InputFile],
    *,
    watch: Watch = unwatched,
) -> Corpus:
    """Imports a corpus in this process; see `import_files`.

    Raises:
        AdaptMLLMError: As `check_import` and `import_files`.
    """
    settings = settings.changed(files=tuple(file.name for file in files))
    settings = check_import(workspace, settings)
    with _own_folder(workspace) as folder:
        return import_files(workspace, settings, files, folder, watch)


@contextlib.contextmanager
def _own_folder(workspace: Workspace) -> Iterator[Path]:
    folder = workspace.corpora_folder / f".import-{uuid.uuid4()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _work(
    workspace: Workspace, settings: ImportSettings, folder: JobFolder, watch: Watch
) -> dict[str, Any]:
    raw = folder.path / RAW_FOLDER
    files = [
        LocalFile(shown_name(name), raw / str(number)) for number, name in enumerate(settings.files)
    ]
    corpus = import_files(workspace, settings, files, folder.path, watch)
    return {"corpus": corpus.id}


TASK = Task("Importing", ImportSettings, check_import, _work, subject="")
"""What `core.corpora.tasks` looks for."""
