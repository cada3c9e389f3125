"""Plain text: one hypothesis a line, by the system that the file is named after."""

from __future__ import annotations

from core.evaluate.formats.decoding import lines_of
from core.evaluate.formats.upload import Upload, name_from

FORMAT = "text"


def read_plain(name: str, text: str) -> Upload:
    """Gives the lines as the hypotheses of one system.

    As sacreBLEU reads: only a line feed ends a line, and the last one needs none. A blank line is
    an empty hypothesis, at the end too: nobody can know which segments were not translated.
    """
    return Upload(name, FORMAT, systems={name_from(name): tuple(lines_of(text))})
