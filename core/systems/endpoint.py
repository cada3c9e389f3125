"""An endpoint: where an LLM or an MT service is asked, at which price, with which key."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

from pydantic import ConfigDict, Field, field_validator, model_validator

from core.settings import Settings

Kind = Literal["openai", "libretranslate", "google", "deepl"]
DEFAULT_URLS = {
    "google": "https://translation.googleapis.com",
    "deepl": "https://api.deepl.com",
}
KIND_NAMES = {
    "openai": "OpenAI-compatible",
    "libretranslate": "LibreTranslate-compatible",
    "google": "Google Cloud Translation",
    "deepl": "DeepL",
}
MAX_LENGTH = 4000
_NO_VARIABLE = "give the NAME of an environment variable, in capitals such as OPENAI_API_KEY"
# Keys, too, may have no other characters than a variable. But almost all have small letters, which
# POSIX's own variables have not, and the others are long words with digits.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
_LIKE_A_KEY = re.compile(r"(?=[A-Z]*[0-9])[A-Z0-9]{16}")
# What keys of well-known vendors look like, and JSON web tokens (RFC 7519).
KEY_SHAPES = re.compile(
    r"\b(?:sk|pk|rk|gsk|hf|xai)[-_][A-Za-z0-9_-]{8,}\b|\bAIza[A-Za-z0-9_-]{20,}\b"
    r"|\bAKIA[A-Z0-9]{16}\b|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9._-]+"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:fx\b"
    r"|(?i:\bbearer\s+)[A-Za-z0-9._~+/-]{8,}=*"
)
_AUTH_SCHEMES = {
    "basic", "bearer", "token", "key", "apikey", "api-key", "deepl-auth-key",
}  # fmt: skip
_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # RFC 9110, section 5.6.2
_SECRET = r"auth|key|token|secret|password|signature|credential"
_SECRET_HEADER = re.compile(rf"{_SECRET}|cookie", re.IGNORECASE)
_SECRET_QUERY = re.compile(rf"{_SECRET}|^(?:sig|code)$", re.IGNORECASE)
_TAIL = re.compile(r"(?:/+(?:chat/+)?completions|(?<=/v1)/+models|/+)$")


def _field(
    default: Any, description: str, group: str, *, is_long: bool = False, **bounds: Any
) -> Any:
    extra: dict[str, Any] = {"group": group, "is_long": is_long}
    return Field(default, description=description, json_schema_extra=extra, **bounds)


class EndpointSettings(Settings):
    """Everything about an endpoint except its key."""

    model_config = ConfigDict(hide_input_in_errors=True)  # a key may have been typed by mistake

    version: Literal[1] = 1
    name: str = _field("", "What it is called here.", "Endpoint", min_length=1, max_length=200)
    kind: Kind = _field("openai", "Which API it speaks.", "Endpoint")
    base_url: str = _field(
        "",
        "Address up to and with /v1 for OpenAI-compatible APIs; empty for Google and DeepL.",
        "Endpoint",
        title="Base URL",
    )
    model: str = _field(
        "", "The model's id; OpenAI-compatible APIs need it.", "Endpoint", max_length=500
    )
    key_env: str = _field(
        "",
        "Environment variable that holds the key; the key itself is never stored.",
        "Endpoint",
        title="Key variable",
    )
    headers: str = _field(
        "",
        "Further headers, `Name: value` a line; secrets as ${VARIABLE}.",
        "Limits",
        is_long=True,
    )
    api: Literal["chat", "completions"] = _field(
        "chat", "completions: for base models without a chat format.", "Endpoint", title="API"
    )
    price_in_usd: float = _field(
        0.0,
        "US dollars for a million prompt tokens.",
        "Price",
        ge=0,
        le=1e5,
        title="Prompt, USD per million tokens",
    )
    price_out_usd: float = _field(
        0.0,
        "US dollars for a million tokens of answers.",
        "Price",
        ge=0,
        le=1e5,
        title="Answer, USD per million tokens",
    )
    price_characters_usd: float = _field(
        0.0,
        "US dollars for a million characters; how MT services charge.",
        "Price",
        ge=0,
        le=1e5,
        title="USD per million characters",
    )
    parameters_b: float = _field(
        0.0,
        "Parameters in billions, the active ones of a mixture; for estimates of energy. 0 = "
        "unknown.",
        "Price",
        ge=0,
        le=1e5,
        title="Parameters (billions)",
    )
    deadline_s: float = _field(
        120.0, "An answer that takes longer is given up.", "Limits", gt=0, le=3600
    )
    stall_s: float = _field(60.0, "Nor may it pause for longer than this.", "Limits", gt=0, le=3600)
    concurrency: int = _field(4, "Calls of a batch at the same time.", "Limits", ge=1, le=256)
    requests_per_minute: int = _field(
        0, "Calls a minute of a batch; 0 = no limit.", "Limits", ge=0, le=1_000_000
    )
    proxy: Literal["none", "environment"] = _field(
        "none",
        "environment: go through the proxy that HTTPS_PROXY or HTTP_PROXY names; never for this "
        "machine itself.",
        "Limits",
    )

    @field_validator("name", "model", "base_url", "key_env")
    @classmethod
    def _stripped(cls, text: str) -> str:
        text = text.strip()
        _check_length(text)
        if any(ord(char) < 32 for char in text):
            raise ValueError("there are line breaks or control characters in it")
        return text

    @field_validator("key_env")
    @classmethod
    def _is_variable(cls, name: str) -> str:
        # A key typed here by mistake must not be repeated by the message.
        if name and not _is_variable_name(name):
            raise ValueError(f"{_NO_VARIABLE}, not the key")
        return name

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return checked_url(url) if url else url

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, text: str) -> str:
        _check_length(text)
        for line in filter(str.strip, text.splitlines()):
            name, colon, value = line.partition(":")
            if not colon or not _HEADER.fullmatch(name.strip()):
                raise ValueError("each line of headers is `Name: value`")
            # DeepL's free keys have a colon, and look like a header themselves.
            if _holds_key(name) or (value.strip() == "fx" and _holds_key(f"{name.strip()}:fx")):
                raise ValueError("a header's name looks like a key")
            if not (value.isascii() and value.strip().isprintable()):
                raise ValueError(
                    f"the header {name.strip()} has other than printable ASCII characters"
                )
            references = _REFERENCE.findall(value)
            if not all(map(_is_variable_name, references)):
                raise ValueError(f"the header {name.strip()} is wrong: {_NO_VARIABLE}, in ${{}}")
            is_secret = _SECRET_HEADER.search(name) and not _is_by_reference(value)
            if is_secret or _holds_key(value):
                raise ValueError(
                    f"the header {name.strip()} looks secret; give it as ${{VARIABLE}}, with the "
                    "secret in that environment variable and at most a word such as Bearer before "
                    "it"
                )
        return text

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if not self.base_url and self.kind not in DEFAULT_URLS:
            raise ValueError(f"{KIND_NAMES[self.kind]} endpoints need a base URL")
        if not self.model and self.kind == "openai":
            raise ValueError("OpenAI-compatible endpoints need a model; 'Fetch models' lists them")
        return self

    @property
    def url(self) -> str:
        """The address without its query."""
        parts = urlsplit(self.base_url or DEFAULT_URLS[self.kind])
        return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")

    @property
    def query(self) -> dict[str, str]:
        """The query of the address, such as Azure's `api-version`; sent with every call."""
        return dict(parse_qsl(urlsplit(self.base_url).query))

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine."""
        return is_loopback(self.url)

    def header_lines(self) -> dict[str, str]:
        """Gives the headers by name, references not yet resolved."""
        lines = (line.partition(":") for line in self.headers.splitlines() if line.strip())
        return {name.strip(): value.strip() for name, _, value in lines}


def _is_variable_name(text: str) -> bool:
    return bool(_VARIABLE.fullmatch(text)) and not _LIKE_A_KEY.search(text)


def _is_by_reference(value: str) -> bool:
    """Whether nothing in a header's value is secret but what stands in its variables."""
    words = re.split(r"[\s,;:]+", _REFERENCE.sub(" ", value).lower())
    return bool(_REFERENCE.search(value)) and {*words} - {""} <= _AUTH_SCHEMES


def _holds_key(text: str) -> bool:
    """Whether something in a text has the shape of a key; hf-inference is a word all the same."""
    keys = (found[0] for found in KEY_SHAPES.finditer(text))
    return any(re.search(r"[0-9]|[a-z][A-Z]", key) or " " in key for key in keys)


def _check_length(text: str) -> None:
    # Not by `max_length`: its message repeats what was typed, and that may be a key.
    if len(text) > MAX_LENGTH:
        raise ValueError(f"{len(text)} characters are too many; {MAX_LENGTH} are allowed")


def checked_url(url: str) -> str:
    """Gives an address as it is stored.

    Raises:
        ValueError: It is none, or holds a secret; the sentence does not repeat the secret.
    """
    url = url.strip()
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError("there are white space or control characters in the address")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:  # its text may repeat a password
        raise ValueError("the address is not a URL; is the port a number?") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("the address begins with http:// or https:// and names a host")
    if "@" in parts.netloc:
        raise ValueError("a key or password does not belong into the address")
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    is_secret = any(map(_SECRET_QUERY.search, names))
    if is_secret or _holds_key(f"{unquote(parts.path)}?{unquote_plus(parts.query)}"):
        raise ValueError("a key does not belong into the address; use a header with ${VARIABLE}")
    path = parts.path
    while (shorter := _TAIL.sub("", path)) != path:  # what is stored must stay what it is
        path = shorter
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{path}{query}"


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    # Servers that listen on all addresses print 0.0.0.0, and people copy it.
    return address.is_loopback or address.is_unspecified


def references_of(headers: dict[str, str]) -> list[str]:
    """Gives the environment variables that headers refer to."""
    return [name for value in headers.values() for name in _REFERENCE.findall(value)]


def resolved(headers: dict[str, str], values: dict[str, str]) -> dict[str, str]:
    """Gives headers with the values of their variables in place of the references."""
    return {
        name: _REFERENCE.sub(lambda reference: values[reference[1]], text)
        for name, text in headers.items()
    }
