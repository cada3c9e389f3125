"""Segments that a split must not part: those that share a source, a target or a document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

from core.corpora.segments import Row
from core.corpora.watching import Watch, unwatched
from core.text.normalising import normalised

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers: TypeAlias = npt.NDArray[np.int64]
    Hashes: TypeAlias = npt.NDArray[np.uint64]

BATCH = 8192  # rows between two looks at the watch

_NOTHING = bytes(8)  # the key of a text that links nothing


@dataclass(frozen=True)
class Keys:
    """What links the rows of a corpus, 28 bytes a row however long the texts; all parallel.

    Attributes:
        sources: Hashes of the normalised sources; 0 = blank, which links nothing.
        targets: The same for the targets.
        documents: Hashes of the names of the documents; 0 = not known.
        lengths: Characters of the sources.
    """

    sources: Hashes
    targets: Hashes
    documents: Hashes
    lengths: npt.NDArray[np.int32]

    def __len__(self) -> int:
        """Gives the number of rows."""
        return len(self.sources)


def digest(text: str) -> bytes:
    """Gives 8 bytes that stand for a text, the same on any machine; all 0 for an empty one."""
    if not text:
        return _NOTHING
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def hashes_of(digests: bytes | bytearray) -> Hashes:
    """Gives digests in a row as numbers."""
    import numpy as np

    return np.frombuffer(bytes(digests), "<u8").astype(np.uint64)


def keys_of(
    rows: Iterable[Row], *, watch: Watch = unwatched, phase: str = "reading", total: int = 0
) -> Keys:
    """Gives the keys of rows that are read once, one by one.

    Args:
        rows: However many; none is kept.
        watch: Told of every 8,192nd row.
        phase: What the watch is told.
        total: How many rows there will be; 0 = not known.
    """
    import numpy as np

    sources, targets, documents = bytearray(), bytearray(), bytearray()
    lengths: list[int] = []
    for number, row in enumerate(rows):
        if number % BATCH == 0:
            watch(phase, number, total)
        sources += digest(normalised(row.source))
        targets += digest(normalised(row.target))
        documents += digest(row.document)
        lengths.append(len(row.source))
    watch(phase, len(lengths), total or len(lengths))
    return Keys(
        hashes_of(sources), hashes_of(targets), hashes_of(documents), np.array(lengths, np.int32)
    )


def groups_of(keys: Keys, *, with_documents: bool) -> Numbers:
    """Gives the group of each row: rows that are linked, directly or through others, share one.

    Groups are numbered by their first rows, so that the numbers depend on nothing but the rows.
    """
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    linking = [keys.sources, keys.targets, *([keys.documents] if with_documents else [])]
    links = [_links(hashes) for hashes in linking]
    first = np.concatenate([link[0] for link in links])
    second = np.concatenate([link[1] for link in links])
    graph = coo_matrix((np.ones(len(first), np.int8), (first, second)), (len(keys), len(keys)))
    _, labels = connected_components(graph, directed=False)
    _, first_rows, labels = np.unique(labels, return_index=True, return_inverse=True)
    numbers = np.empty(len(first_rows), np.int64)
    numbers[np.argsort(first_rows)] = np.arange(len(first_rows))
    return numbers[labels]


def _links(hashes: Hashes) -> tuple[Numbers, Numbers]:
    """Gives pairs of rows with equal hashes: a chain through all that are equal."""
    import numpy as np

    order = np.argsort(hashes, kind="stable")
    in_order = hashes[order]
    is_equal = (in_order[1:] == in_order[:-1]) & (in_order[1:] != 0)
    return order[:-1][is_equal], order[1:][is_equal]
