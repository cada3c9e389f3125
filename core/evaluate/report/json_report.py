"""An evaluation as JSON, and back: nothing in it that strict readers refuse."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.errors import DataError
from core.evaluate.results import EvaluationResult

SCHEMA = 1
# Where the result demands a number, null stands for one that is not finite.
_DEMANDED = {"scores": ("value",), "differences": ("delta", "p_value", "p_corrected")}


def to_json(result: EvaluationResult) -> str:
    """Gives the values of an evaluation with the version of their schema.

    NaN and infinity are no JSON and become null.
    """
    values = _finite({"schema": SCHEMA, **result.as_dict()})
    return json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def from_json(text: str) -> EvaluationResult:
    """Reads what `to_json` wrote: the same values; null is NaN where there has to be a number.

    Raises:
        DataError: The text is no JSON, of another schema, or lacks something.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise DataError(f"The report is not JSON: {error}.") from None
    schema = values.get("schema") if isinstance(values, dict) else None
    if schema != SCHEMA:
        raise DataError(
            f"The report has the schema {schema!r}; this program reads {SCHEMA}.",
            hint="Write it again with this program.",
        )
    for name, keys in _DEMANDED.items():
        entries = values.get(name)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict):
                entry |= {key: math.nan for key in keys if key in entry and entry[key] is None}
    try:
        return _adapter().validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"The report cannot be read: {place}: {first['msg']}.") from None


@cache
def _adapter() -> TypeAdapter[EvaluationResult]:
    return TypeAdapter(EvaluationResult)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
