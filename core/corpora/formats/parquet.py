"""Parquet: columns of texts, or a column `translation` with one field a language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from core.corpora.formats.choice import Choice, check_unique, columns_of
from core.corpora.formats.files import InputFile
from core.corpora.formats.located import Located, located
from core.errors import DataError

MAX_GROUP_BYTES = 1_000_000_000  # of one row group in memory
MAX_BYTES = 2_000_000_000
MAX_RATIO = 200  # no text can be packed so tightly
MAX_ROWS = 50_000_000
_MIN_SUSPICIOUS_BYTES = 10_000_000
_BATCH_ROWS = 4096
_UNPACKED_BYTES = 32_000_000  # of texts at a time
_HINT = "Write it anew with row groups of at most 100,000 rows, or export it as JSONL."


def parquet_columns(file: InputFile) -> tuple[str, ...]:
    """Gives the names of the columns, and of the fields of those that hold several.

    Raises:
        DataError: It is no Parquet file, or its rows would not fit into memory.
    """
    with _opened(file) as parquet:
        return tuple(_paths(file, parquet))


def parquet_rows(file: InputFile, columns: Sequence[str]) -> Iterator[tuple[str | None, ...]]:
    """Gives the texts of some columns, row by row; None where there is none.

    Raises:
        DataError: It cannot be read, or a column holds no texts.
    """
    with _opened(file) as parquet:
        paths = _paths(file, parquet)
    wanted = [".".join(paths[column]) for column in columns]
    # A text that a file holds once may stand in all rows: what they would take is counted first.
    with _opened(file, packed=wanted) as parquet:
        total = 0
        for batch in parquet.iter_batches(batch_size=_BATCH_ROWS, columns=wanted):
            arrays = [_array(file, batch, column, paths[column]) for column in columns]
            num_bytes = sum(map(_num_bytes, arrays))
            total += num_bytes
            if total > MAX_BYTES:
                raise _too_large(file, f"at least {total / 1e6:,.0f} MB of text")
            size = max(1, min(len(batch), _UNPACKED_BYTES * len(batch) // max(1, num_bytes)))
            for start in range(0, len(batch), size):
                cells = (_texts(array.slice(start, size)) for array in arrays)
                yield from zip(*cells, strict=True)


def rows_of_parquet(
    file: InputFile, choice: Choice, src_lang: str, tgt_lang: str
) -> Iterator[Located]:
    """Gives the rows of Parquet.

    Raises:
        DataError: The sentence names the file and the cause.
    """
    columns = columns_of(file.name, parquet_columns(file), choice, src_lang, tgt_lang)
    wanted = columns if columns.document else columns[:2]
    for number, (source, target, *document) in enumerate(parquet_rows(file, wanted), start=1):
        yield located(source, target, document[0] if document else "", number)


@contextmanager
def _opened(file: InputFile, packed: Sequence[str] = ()) -> Iterator[Any]:
    """Opens a file whose description promises a bearable size.

    Args:
        file: The file.
        packed: Columns of which each different text is read once.
    """
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet as pq

    with file.open() as stream:
        try:
            parquet = pq.ParquetFile(stream, read_dictionary=list(packed))
            _check(file, parquet.metadata)
            yield parquet
        except (pa.ArrowException, OSError, ValueError) as error:
            cause = str(error).partition("\n")[0].rstrip(".")[:160]
            raise DataError(
                f"{file.name!r} is a damaged Parquet file: {cause}.", hint="Give it again."
            ) from None


def _check(file: InputFile, metadata: Any) -> None:
    """Refuses what would become far larger in memory than it is in the file."""
    sizes = [metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)]
    if metadata.num_rows > MAX_ROWS:
        raise _too_large(file, f"{metadata.num_rows:,} rows")
    if max(sizes, default=0) > MAX_GROUP_BYTES:
        raise _too_large(file, f"a row group of {max(sizes) / 1e6:,.0f} MB")
    total = sum(sizes)
    is_bomb = total > _MIN_SUSPICIOUS_BYTES and total > MAX_RATIO * file.size_bytes
    if total > MAX_BYTES or is_bomb:
        raise _too_large(file, f"{total / 1e6:,.0f} MB of unpacked columns")


def _too_large(file: InputFile, what: str) -> DataError:
    return DataError(f"{file.name!r} holds {what}, more than is read.", hint=_HINT)


def _paths(file: InputFile, parquet: Any) -> dict[str, list[str]]:
    """Gives the way to each column by its shown name."""
    import pyarrow as pa

    found: list[tuple[str, list[str]]] = []
    for field in parquet.schema_arrow:
        if pa.types.is_struct(field.type):
            inner = [field.type.field(number).name for number in range(field.type.num_fields)]
            found += [(name, [field.name, name]) for name in inner]
        elif not pa.types.is_nested(field.type):
            found.append((field.name, [field.name]))
    check_unique(file.name, [name for name, _ in found])
    return dict(found)


def _array(file: InputFile, batch: Any, column: str, path: Sequence[str]) -> Any:
    """Gives a column of texts, or of whole numbers, which may be names of documents."""
    import pyarrow as pa
    from pyarrow import compute

    array = batch.column(path[0])
    if len(path) > 1:
        array = compute.struct_field(array, path[1])
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    is_known = is_text or pa.types.is_string_view(kind) or pa.types.is_null(kind)
    if not (is_known or pa.types.is_integer(kind)):
        raise DataError(
            f"The column {column!r} of {file.name!r} holds {kind}, not texts.",
            hint="Choose a column of texts.",
        )
    return array


def _num_bytes(array: Any) -> int:
    """Gives what the texts of a column take once each row has its own."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_null(array.type) or pa.types.is_integer(array.type):
        return 8 * len(array)
    if not pa.types.is_dictionary(array.type):
        lengths = compute.binary_length(array.cast(pa.large_string()))
    elif pa.types.is_integer(array.type.value_type) or pa.types.is_null(array.type.value_type):
        return 8 * len(array)
    else:
        different = compute.binary_length(array.dictionary.cast(pa.large_string()))
        lengths = different.take(array.indices)
    return int(compute.sum(lengths, min_count=0).as_py())


def _texts(array: Any) -> list[str | None]:
    import pyarrow as pa

    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_null(array.type):
        return [None] * len(array)
    if pa.types.is_integer(array.type):
        array = array.cast(pa.string())
    texts: list[str | None] = array.to_pylist()
    return texts
