"""Whether an exception says that memory ran out: of a GPU, or of the host."""

from __future__ import annotations

import re

_WORDS = re.compile(
    r"out of memory|CUBLAS_STATUS_ALLOC_FAILED|[Cc]an't allocate memory|Cannot allocate"
)


def is_memory_short(error: BaseException) -> bool:
    """Tells whether memory did not suffice; PyTorch says so of a processor in words alone."""
    return isinstance(error, MemoryError) or bool(_WORDS.search(str(error)))
