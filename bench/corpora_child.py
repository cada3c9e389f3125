"""One of us and a peer at one file: `python -m bench.corpora_child WHO VERB FORMAT FILE`.

WHO is `ours` or `theirs`; VERB is `read`, `write` (what is read from FILE first, unmeasured) or
`check`. Each gives or takes segments as Python texts. It prints rows, seconds of each repeat, and
the most memory that the process had.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any, cast

from bench.data import SRC_LANG, TGT_LANG
from bench.format_peers import READERS, WRITERS, read_aligned
from bench.parallel_text import TGT_TAG
from core.corpora.formats.aligned import aligned_rows
from core.corpora.formats.choice import Choice
from core.corpora.formats.files import local_file
from core.corpora.formats.reading import rows
from core.corpora.formats.writing import ExportFormat, write
from core.corpora.segments import Pair, Row

NUM_REPEATS = 2
NUM_CHECKED = 3000


def main() -> None:
    """Prints one JSON object."""
    who, verb, format, file = sys.argv[1:]
    path = Path(file)
    work = {"read": _reading, "write": _writing, "check": _checking}[verb](who, format, path)
    work()  # imports what it needs, and the file is in the memory of the system
    seconds = []
    for _ in range(NUM_REPEATS):
        began_s = time.perf_counter()
        num_rows = work()
        seconds.append(time.perf_counter() - began_s)
    found = {"rows": num_rows, "seconds": seconds, "peak_bytes": _peak_bytes()}
    sys.stdout.write(json.dumps(found) + "\n")


def _peak_bytes() -> int:
    """Gives the most memory of this process; `ru_maxrss` would begin with that of its parent."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def _reading(who: str, format: str, path: Path) -> Callable[[], int]:
    if who == "ours":
        return lambda: sum(1 for _ in _our_rows(format, path))
    read = READERS[format]
    return lambda: sum(1 for _ in read(path))


def _writing(who: str, format: str, path: Path) -> Callable[[], int]:
    given = [Row(*pair) for pair in read_aligned(path)]
    output = path.with_name(f"written-{who}.{format}")
    if who == "theirs":
        return lambda: WRITERS[format](output, given) or len(given)
    return lambda: write(
        output,
        cast(ExportFormat, format),
        given,
        src_lang=SRC_LANG,
        tgt_lang=TGT_LANG,
        has_documents=False,
    )


def _checking(_: str, __: str, path: Path) -> Callable[[], int]:
    """Gives the loop that everybody writes: lengths, repeats, and the language of each side."""
    from py3langid import langid  # type: ignore[import-untyped]

    pairs = list(islice(read_aligned(path), NUM_CHECKED))

    def check() -> int:
        seen: set[Pair] = set()
        for source, target in pairs:
            seen.add((source, target))
            _ = 1 / 3 < len(target) / max(len(source), 1) < 3
            langid.classify(source)
            langid.classify(target)
        return len(pairs)

    return check


def _our_rows(format: str, path: Path) -> Iterable[Any]:
    file = local_file(path)
    if format == "aligned":
        other = local_file(path.with_suffix(f".{TGT_TAG}"))
        return aligned_rows(file, other, SRC_LANG, TGT_LANG)
    return rows(file, Choice(), SRC_LANG, TGT_LANG)


if __name__ == "__main__":
    main()
