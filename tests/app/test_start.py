"""Starting the application, and what it serves beside the pages."""

import io
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.downloads import zipped
from app.text import ago, counted, duration, plain, rows_of, shortened, size

ROOT = Path(__file__).resolve().parents[2]


def test_a_port_in_use_is_one_sentence_that_says_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "app", "--port", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stderr == (
        f"Port {port} cannot be used: Address already in use. End the program that uses it, or "
        "choose another: `make run PORT=8502`.\n"
    )


def test_a_download_is_a_whole_archive(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(bytes(range(256)) * 20_000)
    (tmp_path / "model" / "empty").touch()
    files = sorted((tmp_path / "model").iterdir())
    archive = zipfile.ZipFile(io.BytesIO(b"".join(zipped(files, tmp_path))))
    assert archive.testzip() is None
    assert archive.namelist() == ["model/empty", "model/weights"]
    assert archive.read("model/weights") == (tmp_path / "model" / "weights").read_bytes()


def test_numbers_and_times_read_well() -> None:
    assert [duration(x) for x in (None, 7.4, 200, 7500)] == ["–", "7 s", "3 min 20 s", "2 h 5 min"]
    assert [size(x) for x in (4_037_720, 2.5e9)] == ["4 MB", "2.5 GB"]
    assert ago(None) == "–"
    assert rows_of("abcdefg", 3) == ["abc", "def", "g"]
    assert [counted(n, "segment") for n in (1, 1200)] == ["1 segment", "1,200 segments"]
    assert [shortened("A long name", n) for n in (11, 7)] == ["A long name", "A long…"]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("a_b **b** $x$", r"a\_b \*\*b\*\* \$x\$"),
        (":red[f]", r"\:red\[f\]"),
        ("<b>", r"\<b\>"),
        ("  code\n\n# head", r"code \# head"),
        (":material/home:", "\\:\u2060material/home\\:"),
        (":smile: :streamlit:", "\\:\u2060smile\\: \\:\u2060streamlit\\:"),
        ("HTTP://e.invalid", "HTTP\\:\u2060//e\\.invalid"),
        ("www.e.invalid", "www\u2060\\.e\\.invalid"),
        ("a@e.invalid", "a\\@\u2060e\\.invalid"),
        ("![i](http://e.invalid)", "\\!\\[i\\]\\(http\\:\u2060//e\\.invalid\\)"),
        ("demo@200", r"demo\@200"),
        ("-> -- >=", "\\-\u2060\\> \\-\u2060\\- \\>\u2060\\="),
        # What is copied out of a signature has no invisible signs.
        ("chrF2|nrefs:1|case:mixed", r"chrF2\|nrefs\:1\|case\:mixed"),
    ],
)
def test_no_sign_of_a_text_is_markdown(text: str, markdown: str) -> None:
    assert plain(text) == markdown
