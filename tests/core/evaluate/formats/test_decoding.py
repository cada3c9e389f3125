from __future__ import annotations

import io
import zipfile

import pytest

from core.errors import DataError
from core.evaluate.formats import decoding
from core.evaluate.formats.decoding import decode


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "'x' is empty."),
        (b"\xef\xbb\xbf", "'x' holds only blank lines."),
        (b"\n \r\n\n", "'x' holds only blank lines."),
        (b"%PDF-1.7\n", "'x' is a PDF, not plain text in UTF-8. Copy the text"),
        (zipped(), "'x' is a zip archive (as .xlsx and .docx are), not plain text in UTF-8."),
        (b"\xd0\xcf\x11\xe0abc", "'x' is an old Office file"),
        (b"\x1f\x8b\x08", "'x' is compressed by gzip, not plain text in UTF-8. Unpack it first."),
        ("a\n".encode("utf-16"), "'x' is in UTF-16, not plain text in UTF-8. Save it as UTF-8."),
        ("a\n".encode("utf-16-le"), "'x' is no text in UTF-8: byte 2 is zero. Save it as plain"),
        (b"a" * 100_000 + b"\0", "'x' is no text in UTF-8: byte 100001 is zero."),
        ("a\nfáilte\n".encode("cp1252"), "'x' is not UTF-8: line 2 holds the byte 0xe1."),
        (
            b'<?xml version="1.0" encoding="ISO-8859-1"?><dataset/>',
            "'x' says in its first line that it is in 'ISO-8859-1'. Save it as UTF-8",
        ),
    ],
)
def test_what_is_no_text_in_utf8_is_named(data: bytes, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        decode("x", data)
    assert str(caught.value).startswith(sentence)
    assert caught.value.hint


def test_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_FILE_BYTES", 2_000_000)
    assert decode("x", b"a" * 2_000_000).notes == ()
    with pytest.raises(DataError, match="'x' has 3 MB; at most 2 MB are read"):
        decode("x", b"a" * 3_000_000)


def test_only_carriage_returns_at_line_ends_are_left_out() -> None:
    found = decode("x", b"a\rb\r\nc\r\r\n")
    assert found.text == "a\rb\nc\r\n"
    assert found.notes == (
        "2 lines end in CRLF, as Windows writes; the carriage returns were left out.",
    )
