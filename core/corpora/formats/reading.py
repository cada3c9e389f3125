"""The rows of any file that holds both languages."""

from __future__ import annotations

from collections.abc import Iterator

from core.corpora.formats.choice import Choice
from core.corpora.formats.files import InputFile
from core.corpora.formats.json_documents import rows_of_json
from core.corpora.formats.json_lines import rows_of_json_lines
from core.corpora.formats.located import Located
from core.corpora.formats.parquet import rows_of_parquet
from core.corpora.formats.sniffing import sniff
from core.corpora.formats.tables import rows_of_table
from core.corpora.formats.tmx import rows_of_tmx
from core.corpora.formats.xliff import rows_of_xliff
from core.errors import DataError
from core.languages import language_name


def rows(file: InputFile, choice: Choice, src_lang: str, tgt_lang: str) -> Iterator[Located]:
    """Gives the rows of a file one by one, in its order; none of them is left out.

    Args:
        file: TMX, XLIFF, TSV, CSV, JSON, JSON lines or Parquet; no archive.
        choice: Its columns and encoding, as far as chosen.
        src_lang: FLORES-200 code of the sources.
        tgt_lang: FLORES-200 code of the targets.

    Raises:
        DataError: The sentence names file, line and cause; it may come behind rows.
        ConfigError: A language or an encoding is unknown.
    """
    languages = language_name(src_lang), language_name(tgt_lang)
    num_rows = num_translated = 0
    for row in _read(file, choice, src_lang, tgt_lang):
        num_rows += 1
        num_translated += not row.fault
        yield row
    if not num_rows:
        raise DataError(
            f"{file.name!r} holds no segment.", hint="Choose a file that holds segments."
        )
    if not num_translated:
        raise DataError(
            f"{file.name!r} holds no segment in both {languages[0]} and {languages[1]}; "
            f"{num_rows:,} lack a translation.",
            hint="Choose other columns, or a file that is translated.",
        )


def _read(file: InputFile, choice: Choice, src_lang: str, tgt_lang: str) -> Iterator[Located]:
    kind, (codec, _) = sniff(file, choice.encoding, (src_lang, tgt_lang))
    asked = (choice, src_lang, tgt_lang)
    if kind in ("tsv", "csv"):
        return rows_of_table(file, kind, codec, *asked)
    if kind == "jsonl":
        return rows_of_json_lines(file, codec, *asked)
    if kind == "json":
        return rows_of_json(file, codec, *asked)
    if kind == "parquet":
        return rows_of_parquet(file, *asked)
    # XML says its encoding itself; only a choice is stronger.
    own = codec if choice.encoding else ""
    if kind == "tmx":
        return rows_of_tmx(file, own, *asked)
    if kind == "xliff":
        return rows_of_xliff(file, own, *asked)
    raise DataError(
        f"{file.name!r} alone is not a parallel corpus.",
        hint="Give TMX, XLIFF, TSV, CSV, JSON, JSONL or Parquet, or two line-aligned text files "
        "(source and target).",
    )
