"""The places of marks in Appraise and Pearmut: `start_i` and `end_i`, the last unit included.

Both show a pseudo-word behind the output that stands for what is missing. It becomes a mark without
a place in the source, and back. What their keys cannot hold stands in a key of our own, `place`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.annotate.annotation import SIDES, Mark, Side
from core.annotate.formats.json_values import dict_of
from core.annotate.formats.offsets import Span, from_inclusive, to_inclusive
from core.errors import DataError


def read_mark(
    span: Mapping[str, Any],
    mark_id: str,
    units: Sequence[Span],
    texts: Mapping[Side, str] | None,
    *,
    is_missing: bool,
    where: str,
) -> Mark:
    """Gives the mark that a span stands for, without severity and category.

    Args:
        span: With `start_i` and `end_i`.
        mark_id: Of the mark.
        units: What the tool counts in the output that was shown.
        texts: Source and output; None where no file holds them, which leaves the mark without a
            place and keeps what the file says.
        is_missing: The span is the pseudo-word.
        where: What to name in a message.

    Raises:
        DataError: The place lies outside the text.
    """
    note = span.get("note")
    side: Side = "source" if is_missing else "target"
    start = end = 0
    origin: dict[str, Any] = {}
    if "place" in span:
        side, start, end = _own_place(span["place"], texts, where)
    elif not is_missing:
        first, last = _ends(span, where)
        if texts is not None:
            start, end = from_inclusive(units, first, last, where=where)
        if texts is None or to_inclusive(units, start, end) != (first, last):
            origin = {"start_i": first, "end_i": last}
    quote = texts[side][start:end] if texts is not None else ""
    note = note if isinstance(note, str) else ""
    return Mark(mark_id, side, start, end, quote, "", note=note, origin=origin)


def _ends(span: Mapping[str, Any], where: str) -> tuple[int, int]:
    first, last = _index(span.get("start_i")), _index(span.get("end_i"))
    if first is None or last is None:
        ends = f"{span.get('start_i')!r:.40} to {span.get('end_i')!r:.40}"
        raise DataError(f"{where}: a mark goes from {ends}, which are no characters.")
    return first, last


def written_place(mark: Mark, units: Sequence[Span], missing: Any) -> dict[str, Any]:
    """Gives the keys that `read_mark` reads the place and the note of a mark from.

    Args:
        mark: A mark.
        units: What the tool counts in the output.
        missing: The index of the pseudo-word.
    """
    place = {"side": mark.side, "start": mark.start, "end": mark.end}
    found = _indices(mark, units)
    keys: dict[str, Any] = {"start_i": missing, "end_i": missing}
    if found is not None:
        keys = {"start_i": found[0], "end_i": found[1]}
        is_exact = mark.start == mark.end or from_inclusive(units, *found) == (mark.start, mark.end)
    else:
        is_exact = (mark.side, mark.start, mark.end) == ("source", 0, 0)
    if not is_exact:
        keys["place"] = place
    if mark.note:
        keys["note"] = mark.note
    return keys


def _indices(mark: Mark, units: Sequence[Span]) -> Span | None:
    """Gives the units of a mark, those of the file it came from if they still say the same."""
    first, last = _index(mark.origin.get("start_i")), _index(mark.origin.get("end_i"))
    if first is not None and last is not None:
        if mark.start == mark.end:
            return first, last
        if last < len(units) and from_inclusive(units, first, last) == (mark.start, mark.end):
            return first, last
    if mark.side != "target" or mark.start >= mark.end:
        return None
    try:
        return to_inclusive(units, mark.start, mark.end)
    except DataError:
        return None  # the tool does not show these characters


def _own_place(place: Any, texts: Mapping[Side, str] | None, where: str) -> tuple[Side, int, int]:
    found = dict_of(place, f"{where}, 'place'")
    side = next((side for side in SIDES if side == found.get("side")), None)
    start, end = _index(found.get("start")), _index(found.get("end"))
    if side is None or start is None or end is None:
        start, end = 1, 0
    if side is not None and start <= end and (texts is None or end <= len(texts[side])):
        return side, start, end
    raise DataError(f"{where}: the place of a mark, {str(found)[:100]}, is not in the text.")


def _index(value: Any) -> int | None:
    is_index = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return int(value) if is_index else None
