"""Bounds and rules of the settings."""

import pytest

from core.errors import ConfigError
from core.serving.settings import PrepareSettings, ServeSettings


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"port": 0}, "port"),
        ({"window_ms": 21}, "window_ms"),
        ({"idle_minutes": -1}, "idle_minutes"),
        ({"idle_minutes": float("nan")}, "idle_minutes"),
        ({"host": "example.org"}, "'example.org' is no IP address"),
        ({"host": ""}, "host"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_values_of_a_service_are_named(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        ServeSettings.parse(values)


@pytest.mark.parametrize(
    ("host", "shown", "needs_key"),
    [
        ("localhost", "127.0.0.1", False),
        ("127.0.0.5", "127.0.0.5", False),
        ("::1", "::1", False),
        ("[::1]", "::1", False),
        ("0.0.0.0", "0.0.0.0", True),
        ("::", "::", True),
        ("10.0.0.1", "10.0.0.1", True),
    ],
)
def test_any_address_but_loopback_needs_a_key(host: str, shown: str, needs_key: bool) -> None:
    settings = ServeSettings(host=host)
    assert (settings.host, settings.needs_key) == (shown, needs_key)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"src_lang": "eng_Latn"}, "given both, or neither"),
        ({"src_lang": "eng_Latn", "tgt_lang": "eng_Latn"}, "are both eng_Latn"),
        ({"src_lang": "english", "tgt_lang": "gle_Latn"}, "not a FLORES-200 language code"),
        ({"quantization": "int4"}, "quantization"),
        ({"num_segments": 0}, "num_segments"),
    ],
)
def test_wrong_values_of_a_preparation_are_named(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        PrepareSettings.parse(values)
