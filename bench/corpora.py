"""Corpora of 100,000 and of 1,000,000 pairs on two cores, and each format read and written.

What is done with a corpus is done as a job, as the page does it: its time has the start of its
processes in it, and its memory is that of all of them together (proportional set sizes). Making
the corpora takes no part in it. The disk needs 4 GB.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from bench.data import bench_corpus
from bench.format_speed import child, measure_formats, rows_per_s_of
from bench.parallel_text import pairs_of, write_aligned
from bench.process_use import Used, watched
from bench.report import Measure, Result, say
from core.corpora import works
from core.corpora.checking import CheckSettings
from core.corpora.cleaned import CleanSettings
from core.corpora.doctor.settings import preset
from core.corpora.formats.files import InputFile, local_file
from core.corpora.importing import ImportSettings
from core.corpora.leak_search import LeakSearchSettings
from core.corpora.split_again import SplitAgainSettings
from core.settings import Settings
from core.storage.corpus_job_records import CorpusJob
from core.storage.workspace import PROJECT, Workspace

NUM_CORES = 2
NUM_SMALL, NUM_LARGE = 100_000, 1_000_000
LIMIT_SMALL_S = 30.0
LIMIT_SMALL_MB, LIMIT_LARGE_MB = 1000.0, 3000.0
DOCTOR = {"preset": "strict", "doctor": preset("strict").model_dump()}


@dataclass(frozen=True)
class Step:
    """One thing that was done with a corpus.

    Attributes:
        name: What was done.
        num_rows: With how many pairs.
        seconds: How long it took, the start of its processes included.
        cpu_s: Processor time of these; on a busy machine it says more.
        peak_bytes: The most memory of all of them together.
    """

    name: str
    num_rows: int
    seconds: float
    cpu_s: float
    peak_bytes: int

    @property
    def rows_per_s(self) -> float:
        """Pairs in a second."""
        return self.num_rows / self.seconds


class _Corpora:
    """Corpora of one size and what is done with them, step by step."""

    def __init__(self, workspace: Workspace, num_pairs: int) -> None:
        self.steps: list[Step] = []
        self._workspace = workspace
        self._num_pairs = num_pairs

    def work(
        self, name: str, task: str, settings: Settings, files: Iterable[Path] = ()
    ) -> CorpusJob:
        """Does work on a corpus as a job."""
        given: Sequence[InputFile] = [local_file(path) for path in files]
        with watched(NUM_CORES) as used:
            job = works.start(self._workspace, task, settings, files=given)
            job = works.wait_for(self._workspace, job.id)
        self._note(name, used, sum(self._counts(job)))
        return job

    def command(self, name: str, job: CorpusJob, *arguments: str) -> None:
        """Does what is no job by the command line, on the corpus that a job made."""
        command = [sys.executable, "-m", "core", *arguments]
        command += ["--workspace", str(self._workspace.root)]
        with watched(NUM_CORES) as used:
            subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
        self._note(name, used, sum(self._counts(job)))

    def _counts(self, job: CorpusJob) -> Iterable[int]:
        made = str(job.result.get("corpus", job.corpus_id))
        return self._workspace.corpora.get(made).counts.values()

    def _note(self, name: str, used: Used, num_rows: int) -> None:
        step = Step(name, num_rows, used.seconds, used.cpu_s, used.peak_bytes)
        self.steps.append(step)
        say(
            f"   {self._num_pairs:,} pairs: {name}: {step.seconds:.1f} s, processors "
            f"{step.cpu_s:.1f} s; {step.rows_per_s:,.0f} rows/s; {step.peak_bytes / 1e6:,.0f} MB"
        )


def run(folder: Path) -> Result:
    """Measures both sizes, then the formats."""
    workspace = Workspace(folder / "workspace")
    result = Result("corpora")
    result.lines.append(f"The pairs are made of those of: {bench_corpus().name}.")
    try:
        _small(workspace, folder, result)
        _large(workspace, folder, result)
    finally:
        workspace.database.dispose()
    measure_formats(folder, result)
    return result


def _small(workspace: Workspace, folder: Path, result: Result) -> None:
    files = write_aligned(folder, pairs_of(NUM_SMALL))
    corpora = _Corpora(workspace, NUM_SMALL)
    made = corpora.work("import", "import", _importing("small", files), files)
    corpus = made.result["corpus"]
    corpora.work("all checks", "check", CheckSettings.parse({"corpus": corpus, **DOCTOR}))
    corpora.work("split again", "split", SplitAgainSettings(corpus=corpus))
    steps = corpora.steps
    title = f"{NUM_SMALL:,} pairs"
    result.measures += [Measure(f"{title}: {step.name}", step.seconds, "s") for step in steps]
    whole_s = sum(step.seconds for step in steps)
    result.measures += [
        Measure(f"{title}: the three together", whole_s, "s", LIMIT_SMALL_S),
        Measure(f"{title}: peak memory of all processes", _peak_mb(steps), "MB", LIMIT_SMALL_MB),
        Measure(f"{title}: all checks on two cores", steps[1].rows_per_s, "rows/s"),
    ]
    rows_per_s = median(rows_per_s_of(child("theirs", "check", "aligned", files[0])))
    name = "a loop of length ratio, repeats and py3langid for both sides, on one core"
    result.measures.append(Measure(name, rows_per_s, "rows/s"))
    result.details["small"] = [asdict(step) for step in steps]


def _large(workspace: Workspace, folder: Path, result: Result) -> None:
    files = write_aligned(folder, pairs_of(NUM_LARGE))
    corpora = _Corpora(workspace, NUM_LARGE)
    made = corpora.work("import", "import", _importing("large", files), files)
    corpus = made.result["corpus"]
    check = corpora.work("all checks", "check", CheckSettings.parse({"corpus": corpus, **DOCTOR}))
    corpora.work("leak report", "leakage", LeakSearchSettings(corpus=corpus))
    settings = CleanSettings(corpus=corpus, name="clean", check=check.id)
    clean = corpora.work("clean, as it was checked", "clean", settings)
    file = folder / "corpus.tmx"
    export = ("export", "clean", "--format", "tmx", "-o", str(file))
    corpora.command("export TMX", clean, "corpora", *export)
    files = [_packed(file)]
    corpora.work("import that TMX", "import", _importing("again", files), files)
    steps = corpora.steps
    title = f"{NUM_LARGE:,} pairs"
    result.measures += [
        Measure(f"{title}: {step.name}", step.rows_per_s, "rows/s") for step in steps
    ]
    result.measures += [
        Measure(f"{title}: all of this", sum(step.seconds for step in steps), "s"),
        Measure(f"{title}: peak memory of all processes", _peak_mb(steps), "MB", LIMIT_LARGE_MB),
    ]
    result.details["large"] = [asdict(step) for step in steps]


def _importing(name: str, files: Iterable[Path]) -> ImportSettings:
    return ImportSettings(name=name, files=tuple(path.name for path in files))


def _peak_mb(steps: Sequence[Step]) -> float:
    return max(step.peak_bytes for step in steps) / 1e6


def _packed(path: Path) -> Path:
    """Packs a file, as one has to that is over the limit of an upload."""
    packed = path.with_name(f"{path.name}.gz")
    with path.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as file:
        shutil.copyfileobj(plain, file, 1 << 20)
    path.unlink()
    return packed
