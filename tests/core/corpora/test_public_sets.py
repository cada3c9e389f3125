from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.corpora import public_sets
from core.corpora.public_sets import (
    MIRROR_VARIABLE,
    PUBLIC_SETS,
    PublicSet,
    download,
    public_set,
)
from core.errors import ConfigError, DataError, HostError
from core.languages import language

SMALL = replace(PUBLIC_SETS[0], counts={"train": 3000, "dev": 2, "test": 1})


class Mirror:
    """A real server of the small set, which can be told to misbehave."""

    def __init__(self) -> None:
        self.files = {}
        for split, names in SMALL.files.items():
            for name in names:
                count = SMALL.counts[split]
                lines = (f"{name} línea {number}\n" for number in range(count))
                self.files[f"/sets/{name}"] = "".join(lines).encode()
        self.asked: list[tuple[str, str, str]] = []  # path, range, if-range
        self.breaks: list[int] = []  # bytes after which the next answers break off
        self.statuses: list[int] = []  # of the next answers
        self.headers: dict[str, str] = {"ETag": '"1"'}
        self.is_ranged = True
        self.has_length = True
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/sets"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def handler(mirror: Mirror) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            mirror.asked.append((self.path, wanted, self.headers.get("If-Range", "")))
            status = mirror.statuses.pop(0) if mirror.statuses else 200
            body = mirror.files.get(self.path, b"")
            if status == 200 and self.path not in mirror.files:
                status = 404
            first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
            etag = self.headers.get("If-Range", "")
            is_same = not etag or etag == mirror.headers.get("ETag")
            if status == 200 and first and mirror.is_ranged and is_same:
                status = 206 if first < len(body) else 416
            self.send_response(status)
            if status == 206:
                self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
                body = body[first:]
            if mirror.has_length:
                self.send_header("Content-Length", str(len(body)))
            for name, value in mirror.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if status in (200, 206):
                end = mirror.breaks.pop(0) if mirror.breaks else len(body)
                self.wfile.write(body[:end])
            self.close_connection = True

    return Handler


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(public_sets, "PAUSE_S", 0.0)
    opened = Mirror()
    yield opened
    opened.close()


def unused_url() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/sets"


def assert_whole(found: dict[str, tuple[Path, Path]], folder: Path, mirror: Mirror) -> None:
    assert list(found) == ["train", "dev", "test"]
    for split, paths in found.items():
        for path, name in zip(paths, SMALL.files[split], strict=True):
            assert path == folder / name.rpartition("/")[2]
            assert path.read_bytes() == mirror.files[f"/sets/{name}"]
    assert len(list(folder.iterdir())) == 6


@pytest.mark.parametrize("known", PUBLIC_SETS, ids=lambda known: str(known.key))
def test_every_set_says_what_people_must_know(known: PublicSet) -> None:
    assert public_set(known.key) is known
    assert language(known.src_lang) != language(known.tgt_lang)
    assert list(known.files) == list(known.counts) == ["train", "dev", "test"]
    names = [name.rpartition("/")[2] for pair in known.files.values() for name in pair]
    assert len(set(names)) == 6
    for url in (known.base_url, known.licence_url, known.citation_url, known.homepage):
        assert url.startswith("https://")
    assert known.licence == "CC BY-NC-SA 4.0"
    assert "Findings of the LoResMT 2021 Shared Task" in known.citation


def test_published_counts_and_addresses() -> None:
    irish, marathi = PUBLIC_SETS
    assert irish.counts == {"train": 8112, "dev": 502, "test": 500}
    assert marathi.counts == {"train": 20933, "dev": 500, "test": 500}
    assert f"{irish.base_url}/{irish.files['test'][1]}" == (
        "https://raw.githubusercontent.com/loresmt/loresmt-2021/HEAD/data/en_ga/test.en2ga.ga"
    )
    assert marathi.files["dev"] == ("en_mr/dev.en", "en_mr/dev.mr")
    assert (marathi.name, marathi.tgt_lang) == (
        "LoResMT 2021 English–Marathi (COVID-19)",
        "mar_Deva",
    )


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(ConfigError, match="There is no public set 'x'") as caught:
        public_set("x")
    assert "loresmt2021-en-ga, loresmt2021-en-mr" in caught.value.hint


def test_all_files_come_with_progress(mirror: Mirror, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    found = download(
        SMALL, tmp_path / "new", lambda *call: seen.append(call), base_url=mirror.url + "/"
    )
    assert_whole(found, tmp_path / "new", mirror)
    size = len(mirror.files["/sets/en_ga/train.en"])
    assert ("downloading train.en", size, size) in seen
    assert [phase for phase in dict.fromkeys(phase for phase, _, _ in seen)] == [
        f"downloading {path.name}" for pair in found.values() for path in pair
    ]


def test_the_environment_names_a_mirror(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MIRROR_VARIABLE, mirror.url)
    assert_whole(download(SMALL, tmp_path), tmp_path, mirror)


def test_a_proxy_of_the_environment_counts(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", mirror.url.removesuffix("/sets"))
    with pytest.raises(HostError, match="status 404"):
        download(SMALL, tmp_path, base_url="http://nowhere.invalid/sets")
    assert mirror.asked[0][0] == "http://nowhere.invalid/sets/en_ga/train.en"


def test_a_broken_connection_is_taken_up_where_it_ended(mirror: Mirror, tmp_path: Path) -> None:
    mirror.breaks = [1000, 500]
    assert_whole(download(SMALL, tmp_path, base_url=mirror.url), tmp_path, mirror)
    path = "/sets/en_ga/train.en"
    assert [asked for asked in mirror.asked if asked[0] == path] == [
        (path, "", ""),
        (path, "bytes=1000-", '"1"'),
        (path, "bytes=1500-", '"1"'),
    ]


def test_a_server_that_sends_no_parts_is_asked_for_the_whole(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.breaks = [1000]
    mirror.is_ranged = False
    assert_whole(download(SMALL, tmp_path, base_url=mirror.url), tmp_path, mirror)


def test_a_file_that_changed_meanwhile_is_fetched_from_its_start(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.breaks = [30_000]
    path = "/sets/en_ga/train.en"

    def change(phase: str, *_: int) -> None:
        if mirror.headers["ETag"] == '"1"':
            mirror.headers["ETag"] = '"2"'
            mirror.files[path] = b"other\n" * 3000

    found = download(SMALL, tmp_path, change, base_url=mirror.url)
    assert_whole(found, tmp_path, mirror)
    assert found["train"][0].read_bytes() == b"other\n" * 3000


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(mirror: Mirror, tmp_path: Path, status: int) -> None:
    mirror.statuses = [status, status]
    assert_whole(download(SMALL, tmp_path, base_url=mirror.url), tmp_path, mirror)
    assert len(mirror.asked) == 8


def test_a_server_that_always_breaks_off_is_given_up(mirror: Mirror, tmp_path: Path) -> None:
    mirror.breaks = [10] * 20
    assert_refused(mirror, tmp_path, HostError, "peer closed connection")
    assert len(mirror.asked) == public_sets.MAX_ATTEMPTS


def assert_refused(
    mirror: Mirror, folder: Path, kind: type[Exception], cause: str, url: str = ""
) -> str:
    """A refused set leaves nothing; gives the sentence with its hint."""
    (folder / "mine.txt").write_text("stays", encoding="utf-8")
    for into in (folder / "new", folder):
        with pytest.raises(kind) as caught:
            download(SMALL, into, base_url=url or mirror.url)
        assert cause in str(caught.value)
        assert "127.0.0.1" in str(caught.value)
        mirror.asked, asked = [], mirror.asked
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    mirror.asked = asked
    return str(caught.value)


def test_without_a_network_the_files_to_upload_are_named(mirror: Mirror, tmp_path: Path) -> None:
    shown = assert_refused(mirror, tmp_path, HostError, "Connection refused", unused_url())
    assert shown.startswith("en_ga/train.en cannot be had from 127.0.0.1: Connection refused. ")
    for names in SMALL.files.values():
        for name in names:
            assert name in shown
    assert SMALL.homepage in shown
    assert "upload them" in shown


def test_an_absent_file_ends_it(mirror: Mirror, tmp_path: Path) -> None:
    del mirror.files["/sets/en_ga/test.en2ga.ga"]
    shown = assert_refused(mirror, tmp_path, HostError, "it answered with status 404 Not Found")
    assert shown.startswith("en_ga/test.en2ga.ga cannot be had")
    assert len(mirror.asked) == 6


@pytest.mark.parametrize("num_lines", [0, 1, 3])
def test_another_number_of_lines_is_refused(mirror: Mirror, tmp_path: Path, num_lines: int) -> None:
    mirror.files["/sets/en_ga/dev.ga"] = b"a\n" * num_lines
    message = f"en_ga/dev.ga from 127.0.0.1 has {num_lines} lines; 2 were published."
    assert_refused(mirror, tmp_path, DataError, message)


def test_a_last_line_without_its_end_counts(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/sets/en_ga/dev.ga"] = b"a\nb"
    assert_whole(download(SMALL, tmp_path, base_url=mirror.url), tmp_path, mirror)


@pytest.mark.parametrize("has_length", [True, False])
def test_a_file_without_end_is_refused(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_length: bool
) -> None:
    monkeypatch.setattr(public_sets, "MAX_FILE_BYTES", 20_000)
    mirror.has_length = has_length
    assert_refused(
        mirror, tmp_path, DataError, "en_ga/train.en at 127.0.0.1 is larger than 0.02 MB"
    )


@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [
        ("Content-Type", "text/html; charset=utf-8", "it sent a web page in place of the file"),
        ("Content-Encoding", "gzip", "it sent the file compressed (gzip), unasked"),
    ],
)
def test_what_is_not_the_file_is_refused(
    mirror: Mirror, tmp_path: Path, name: str, value: str, cause: str
) -> None:
    mirror.headers[name] = value
    assert_refused(mirror, tmp_path, HostError, cause)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1/sets", "http://127.0.0.1:abc"])
def test_an_address_that_is_none_is_said(mirror: Mirror, tmp_path: Path, url: str) -> None:
    assert_refused(mirror, tmp_path, HostError, "its address is none", url)


def test_a_server_that_says_nothing_is_given_up(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_sets, "STALL_S", 0.1)
    monkeypatch.setattr(public_sets, "MAX_ATTEMPTS", 2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        assert_refused(mirror, tmp_path, HostError, "nothing came for 0.1 s", url)


@pytest.mark.parametrize("last", ["train.en", "train.ga", "test.en2ga.ga"])
def test_cancelled_it_leaves_nothing(mirror: Mirror, tmp_path: Path, last: str) -> None:
    class Cancelled(Exception):
        pass

    def watch(phase: str, done: int, total: int) -> None:
        if phase.endswith(last):
            raise Cancelled

    with pytest.raises(Cancelled):
        download(SMALL, tmp_path / "a" / "b", watch, base_url=mirror.url)
    assert not (tmp_path / "a" / "b").exists()
