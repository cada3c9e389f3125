"""Whether sequences of segments belong together: one text a segment, in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sized

from core.errors import DataError


def check_parallel(
    texts: Mapping[str, Sized], hypotheses: Mapping[str, Sized] | None = None
) -> None:
    """Refuses sequences of unequal lengths.

    Args:
        texts: By what they are, such as "references"; the first ones are the measure.
        hypotheses: Hypotheses by the names of the systems.

    Raises:
        DataError: The lengths differ; the message names the first that does.
    """
    groups = dict(texts)
    for system, of_system in (hypotheses or {}).items():
        groups[f"hypotheses of {system!r}"] = of_system
    names = list(groups)
    for name in names[1:]:
        if len(groups[name]) != len(groups[names[0]]):
            raise DataError(
                f"{len(groups[name])} {name} do not go with {len(groups[names[0]])} {names[0]}.",
                hint="Give exactly one of each a segment, in the same order.",
            )
