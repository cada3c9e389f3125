"""Public parallel sets that are fetched by address, with their licences and how to cite them.

The files lie below one address each; `ADAPTMLLM_PUBLIC_SETS_URL` names a mirror with the same
files instead. Proxies of the environment count, as they do for a browser.
"""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from core.corpora.watching import Watch, unwatched
from core.errors import ConfigError, DataError, HostError
from core.languages import language_name

if TYPE_CHECKING:
    import httpx2

MIRROR_VARIABLE = "ADAPTMLLM_PUBLIC_SETS_URL"

MAX_FILE_BYTES = 100_000_000
CONNECT_S = 10.0
STALL_S = 30.0
MAX_ATTEMPTS = 5  # of one file
PAUSE_S = 1.0  # before the second attempt; doubled before each one after it

_ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
_PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class PublicSet:
    """A parallel set that anybody can fetch.

    Attributes:
        key: Short and unique, such as `loresmt2021-en-ga`.
        name: What people call it.
        src_lang, tgt_lang: FLORES-200 codes.
        base_url: Where its files lie.
        files: For each split the paths of source and target file below `base_url`.
        counts: Published lines of each split.
        licence: Its name.
        licence_url: Where it can be read.
        citation: What a paper that uses the set must cite.
        citation_url: Where the cited paper can be read.
        homepage: Where people read about the set.
        note: What one should know before using it; may be empty.
    """

    key: str
    name: str
    src_lang: str
    tgt_lang: str
    base_url: str
    files: Mapping[str, tuple[str, str]]
    counts: Mapping[str, int]
    licence: str
    licence_url: str
    citation: str
    citation_url: str
    homepage: str
    note: str = ""


def _loresmt(code: str, tgt_lang: str, counts: Mapping[str, int], note: str) -> PublicSet:
    files = {
        split: (f"en_{code}/{stem}.en", f"en_{code}/{stem}.{code}")
        for split, stem in (("train", "train"), ("dev", "dev"), ("test", f"test.en2{code}"))
    }
    return PublicSet(
        key=f"loresmt2021-en-{code}",
        name=f"LoResMT 2021 English–{language_name(tgt_lang)} (COVID-19)",
        src_lang="eng_Latn",
        tgt_lang=tgt_lang,
        base_url="https://raw.githubusercontent.com/loresmt/loresmt-2021/HEAD/data",
        files=files,
        counts=counts,
        licence="CC BY-NC-SA 4.0",
        licence_url="https://creativecommons.org/licenses/by-nc-sa/4.0/",
        citation="Ojha, Liu, Kann, Ortega, Shatam and Fransen (2021): Findings of the LoResMT 2021 "
        "Shared Task on COVID and Sign Language for Low-resource Languages. Proceedings of the "
        "4th Workshop on Technologies for MT of Low Resource Languages, pages 114–123.",
        citation_url="https://aclanthology.org/2021.mtsummit-loresmt.11/",
        homepage="https://github.com/loresmt/loresmt-2021",
        note=note,
    )


_ONE_DIRECTION = (
    "The test split is the one for translation out of English; for the other direction the shared "
    "task has another one. Not for commercial use."
)

PUBLIC_SETS: tuple[PublicSet, ...] = (
    _loresmt("ga", "gle_Latn", {"train": 8112, "dev": 502, "test": 500}, _ONE_DIRECTION),
    _loresmt("mr", "mar_Deva", {"train": 20933, "dev": 500, "test": 500}, _ONE_DIRECTION),
)


def public_set(key: str) -> PublicSet:
    """Gives the public set with this key.

    Raises:
        ConfigError: There is none; the hint lists all.
    """
    for known in PUBLIC_SETS:
        if known.key == key:
            return known
    raise ConfigError(
        f"There is no public set {key!r}.",
        hint=f"There are {', '.join(known.key for known in PUBLIC_SETS)}.",
    )


def download(
    public: PublicSet, into: Path, watch: Watch = unwatched, *, base_url: str | None = None
) -> dict[str, tuple[Path, Path]]:
    """Fetches a set; all of it or nothing. A connection that breaks is taken up where it ended.

    Args:
        public: Which set.
        into: The folder for its files; made if it does not exist.
        watch: Called with the bytes of each file.
        base_url: Where the files lie instead; None = as the environment says, else the set's own.

    Returns:
        For each split the files of source and target.

    Raises:
        HostError: A file cannot be had or cannot be stored.
        DataError: A file has not as many lines as were published, or is far too large.
    """
    base = base_url or os.environ.get(MIRROR_VARIABLE, "").strip() or public.base_url
    is_new = not into.exists()
    partial = into / f".{public.key}.{uuid.uuid4().hex[:8]}.partial"
    try:
        partial.mkdir(parents=True)
        with _opened() as client:
            fetched = _Fetched(public, base.rstrip("/"), client, watch).all_into(partial)
        return {
            split: (_moved(source, into), _moved(target, into))
            for split, (source, target) in fetched.items()
        }
    except OSError as error:
        raise HostError(
            f"{public.name} cannot be stored in {into}: {error.strerror or error}.",
            hint="Free some space, or choose another folder.",
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if is_new and into.exists() and not any(into.iterdir()):
            into.rmdir()


def _opened() -> httpx2.Client:
    import httpx2

    try:
        return httpx2.Client(
            timeout=httpx2.Timeout(STALL_S, connect=CONNECT_S),
            follow_redirects=True,
            # Compressed, a file could not be taken up in its middle, nor its size be known.
            headers={"accept-encoding": "identity"},
        )
    except (ValueError, ImportError, httpx2.InvalidURL) as error:
        raise HostError(
            f"The proxy that the environment names cannot be used: {error}.",
            hint="Look at HTTPS_PROXY, HTTP_PROXY and ALL_PROXY.",
        ) from None


def _moved(file: Path, folder: Path) -> Path:
    return file.replace(folder / file.name)


@dataclass(frozen=True)
class _Fetched:
    """The files of one set, as they come."""

    public: PublicSet
    base: str
    client: httpx2.Client
    watch: Watch

    def all_into(self, folder: Path) -> dict[str, tuple[Path, Path]]:
        found = {}
        for split, (source, target) in self.public.files.items():
            num_lines = self.public.counts[split]
            found[split] = (
                self._file(source, num_lines, folder),
                self._file(target, num_lines, folder),
            )
        return found

    def _file(self, name: str, num_lines: int, folder: Path) -> Path:
        path = folder / name.rpartition("/")[2]
        state = _State(phase=f"downloading {path.name}")
        with path.open("wb") as file:
            while not self._attempt(name, file, state):
                time.sleep(PAUSE_S * 2 ** (state.num_attempts - 1))
        self._check(path, name, num_lines)
        return path

    def _attempt(self, name: str, file: BinaryIO, state: _State) -> bool:
        """Fetches a file or the rest of it; False if it broke off and may be tried again."""
        import httpx2

        state.num_attempts += 1
        is_last = state.num_attempts >= MAX_ATTEMPTS
        headers = {}
        if state.num_bytes:
            headers["range"] = f"bytes={state.num_bytes}-"
            if state.etag:  # another version of the file is sent from its start
                headers["if-range"] = state.etag
        try:
            with self.client.stream("GET", f"{self.base}/{name}", headers=headers) as response:
                if response.status_code in _PASSING_STATUSES and not is_last:
                    return False
                if response.status_code == 416:  # there is no such rest, so from the start again
                    state.num_bytes = 0
                    if not is_last:
                        return False
                self._begin(response, name, file, state)
                for piece in response.iter_raw():
                    self._add(piece, name, file, state)
            return True
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, UnicodeError) as error:
            if _is_passing(error, has_answered=state.has_answered) and not is_last:
                return False
            raise self._failure(name, _cause(error)) from None

    def _begin(self, response: httpx2.Response, name: str, file: BinaryIO, state: _State) -> None:
        """Looks at the head of an answer, and puts the file at the place where it goes on."""
        status = response.status_code
        if status not in (200, 206):
            reason = f" {response.reason_phrase}".rstrip()
            raise self._failure(name, f"it answered with status {status}{reason}")
        encoding = response.headers.get("content-encoding", "identity").lower()
        if encoding != "identity":
            raise self._failure(name, f"it sent the file compressed ({encoding[:20]}), unasked")
        if response.headers.get("content-type", "").lower().startswith("text/html"):
            raise self._failure(name, "it sent a web page in place of the file")
        start = 0
        if status == 206:
            start = _start_of(response.headers.get("content-range", ""))
            if start != state.num_bytes:
                raise self._failure(name, "it sent another part of the file than was asked for")
        file.seek(start)
        file.truncate()
        state.has_answered = True
        state.num_bytes = start
        etag = response.headers.get("etag", "")
        state.etag = "" if etag.startswith("W/") else etag  # weak ones do not tell versions apart
        length = response.headers.get("content-length", "")
        state.total = start + int(length) if length.isdecimal() else 0

    def _add(self, piece: bytes, name: str, file: BinaryIO, state: _State) -> None:
        state.num_bytes += len(piece)
        if max(state.num_bytes, state.total) > MAX_FILE_BYTES:
            raise DataError(
                f"{name} at {self._host} is larger than {MAX_FILE_BYTES / 1e6:g} MB.",
                hint="This is not the published file; check the address.",
            )
        file.write(piece)
        self.watch(state.phase, state.num_bytes, state.total)

    def _check(self, path: Path, name: str, num_lines: int) -> None:
        found = _num_lines(path)
        if found != num_lines:
            raise DataError(
                f"{name} from {self._host} has {found:,} lines; {num_lines:,} were published.",
                hint="The set has changed or what was sent is something else; get the files from "
                f"{self.public.homepage} and upload them.",
            )

    @property
    def _host(self) -> str:
        try:
            return urlsplit(self.base).hostname or self.base[:100]
        except ValueError:
            return self.base[:100]

    def _failure(self, name: str, cause: str) -> HostError:
        names = ", ".join(file for pair in self.public.files.values() for file in pair)
        return HostError(
            f"{name} cannot be had from {self._host}: {cause}.",
            hint=f"Get these files from {self.public.homepage} elsewhere and upload them: {names}.",
        )


@dataclass
class _State:
    """How far a file is."""

    phase: str
    num_bytes: int = 0
    total: int = 0
    num_attempts: int = 0
    has_answered: bool = False
    etag: str = ""


def _start_of(content_range: str) -> int:
    """Gives the first byte of a part, -1 if it is not said."""
    first = content_range.removeprefix("bytes ").partition("-")[0].strip()
    return int(first) if first.isdecimal() else -1


def _num_lines(path: Path) -> int:
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")


def _is_passing(error: Exception, *, has_answered: bool) -> bool:
    """Tells whether a connection may do better in a second."""
    import httpx2

    never = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)
    # Without a network nothing is ever reached; to wait for it would only cost time.
    unreached = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError)
    is_final = isinstance(error, never) or (isinstance(error, unreached) and not has_answered)
    return isinstance(error, httpx2.TransportError) and not is_final


def _cause(error: Exception) -> str:
    """Says in some words why there was no answer."""
    import httpx2

    if isinstance(error, httpx2.ConnectTimeout):
        return f"no connection within {CONNECT_S:g} s"
    if isinstance(error, httpx2.TimeoutException):
        return f"nothing came for {STALL_S:g} s"
    if isinstance(error, httpx2.TooManyRedirects):
        return "it sends from one address to the next"
    if isinstance(error, (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError)):
        return "its address is none"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return _ERROR_NUMBER.sub("", lines[0])[:200].rstrip(".")
