"""Daemons that a test starts and ends by itself: they are no processes of the run it watches."""

import contextlib
import ctypes
from collections.abc import Iterator

_SET_SUBREAPER, _GET_SUBREAPER = 36, 37


@contextlib.contextmanager
def left_to_init() -> Iterator[None]:
    """Lets init adopt what becomes a daemon meanwhile; this process may have taken its place.

    Tests of the launcher do so, and take every descendant that is left for one of a run.
    """
    library = ctypes.CDLL(None)
    was_set = ctypes.c_int(0)
    library.prctl(_GET_SUBREAPER, ctypes.byref(was_set), 0, 0, 0)
    library.prctl(_SET_SUBREAPER, 0, 0, 0, 0)
    try:
        yield
    finally:
        library.prctl(_SET_SUBREAPER, was_set.value, 0, 0, 0)
