"""MT services by REST, against stand-ins that answer as the vendors' references say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.systems.clients.rest_system import RestSystem
from core.systems.collecting import Collected, collect
from core.systems.endpoint import EndpointSettings
from core.systems.failures import AskError
from core.systems.parameters import Parameters
from core.systems.protocol import Request, SystemInfo
from core.systems.secrets import Credentials
from tests.servers.fault_server import KEY, FaultServer

SOURCE = "The nurse & the <b>letter</b>."
WRONG_KEY = "wrong-key-0123456789"


def asked(
    faults: FaultServer, kind: Any, situation: str, *, key: str = KEY, **values: Any
) -> Collected:
    src_lang, tgt_lang = values.pop("direction", ("eng_Latn", "gle_Latn"))
    parameters = values.pop("parameters", Parameters())
    settings = EndpointSettings(
        name="MT", kind=kind, base_url=faults.root(situation), deadline_s=10.0, **values
    )
    info = SystemInfo("endpoint:1", "MT", kind, price_characters_usd=20.0)
    system = RestSystem(info, settings, Credentials(key, {}, (key,) if key else ()))

    async def run() -> Collected:
        try:
            return await collect(system, Request(SOURCE, src_lang, tgt_lang, parameters))
        finally:
            await system.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("kind", "target"), [("libretranslate", "ga"), ("google", "ga"), ("deepl", "GA")]
)
def test_a_text_is_translated_exactly_and_its_characters_are_paid(
    faults: FaultServer, kind: str, target: str
) -> None:
    situation = {"libretranslate": "lt"}.get(kind, kind)
    found = asked(faults, kind, situation)
    assert found.failure is None
    assert (found.text, found.finish_reason) == (f"{target}: {SOURCE}", "stop")
    assert found.usage.characters == len(SOURCE)
    assert found.cost_usd == pytest.approx(len(SOURCE) * 20e-6)


@pytest.mark.parametrize(
    ("kind", "situation", "failure"),
    [
        ("libretranslate", "lt-key", "key"),
        ("libretranslate", "lt-429", "rate"),
        ("google", "google", "key"),
        ("deepl", "deepl", "key"),
        ("deepl", "deepl-456", "quota"),
        ("deepl", "deepl-429", "rate"),
        ("libretranslate", "html-200", "protocol"),
        ("libretranslate", "500", "server"),
        ("libretranslate", "wrong-schema", "protocol"),
        ("google", "choices-null", "protocol"),
        ("deepl", "malformed-json", "protocol"),
        ("libretranslate", "nested", "protocol"),
        ("google", "long-number", "protocol"),
        ("deepl", "choices-infinite", "protocol"),
        ("libretranslate", "no-texts", "protocol"),
        ("google", "no-texts", "protocol"),
        ("deepl", "no-texts", "protocol"),
        ("google", "google-403", "quota"),
        ("google", "google-429", "rate"),
        ("libretranslate", "redirect", "address"),
        ("libretranslate", "404", "address"),
    ],
)
def test_refusals_are_told_without_the_key(
    faults: FaultServer, kind: str, situation: str, failure: str
) -> None:
    is_about_keys = failure == "key"
    found = asked(faults, kind, situation, key=WRONG_KEY if is_about_keys else KEY)
    assert isinstance(found.failure, AskError)
    assert found.failure.kind == failure, str(found.failure)
    assert found.failure.hint and "/v1" not in found.failure.hint
    assert WRONG_KEY not in str(found.failure) and KEY not in str(found.failure)


def test_a_service_that_never_answers_is_given_up(faults: FaultServer) -> None:
    found = asked(faults, "libretranslate", "stall-before", stall_s=0.5)
    assert isinstance(found.failure, AskError) and found.failure.kind == "timeout"
    faults.wait_for_disconnects()


def test_keys_go_into_headers_or_the_body_never_into_the_address(faults: FaultServer) -> None:
    for kind, situation in (("libretranslate", "lt"), ("google", "google"), ("deepl", "deepl")):
        asked(faults, kind, situation)
        (request,) = faults.asked(situation)
        assert KEY not in request.path and KEY not in str(request.query)
        assert (KEY in str(request.headers)) == (kind != "libretranslate")


@pytest.mark.parametrize(
    ("kind", "direction", "fields"),
    [
        ("deepl", ("fra_Latn", "eng_Latn"), {"source_lang": "FR", "target_lang": "EN-GB"}),
        ("deepl", ("eng_Latn", "zho_Hant"), {"source_lang": "EN", "target_lang": "ZH-HANT"}),
        ("google", ("eng_Latn", "zho_Hans"), {"source": "en", "target": "zh-CN"}),
        ("google", ("heb_Hebr", "nob_Latn"), {"source": "iw", "target": "no"}),
        ("libretranslate", ("eng_Latn", "mar_Deva"), {"source": "en", "target": "mr"}),
    ],
)
def test_languages_are_named_as_the_service_names_them(
    faults: FaultServer, kind: str, direction: tuple[str, str], fields: dict[str, str]
) -> None:
    situation = {"libretranslate": "lt"}.get(kind, kind)
    asked(faults, kind, situation, direction=direction)
    (request,) = faults.asked(situation)
    assert {name: request.body[name] for name in fields} == fields


def test_search_parameters_reach_our_own_services(faults: FaultServer) -> None:
    asked(faults, "libretranslate", "lt", parameters=Parameters(num_beams=4, temperature=1.0))
    (request,) = faults.asked("lt")
    assert request.body["num_beams"] == 4 and "temperature" not in request.body


@pytest.mark.parametrize("kind", ["libretranslate", "google", "deepl"])
def test_what_is_no_text_is_no_translation(faults: FaultServer, kind: str) -> None:
    found = asked(faults, kind, "no-texts")
    assert found.failure is not None
    assert "the answer holds no translation" in found.failure.message
    assert (found.raw, found.usage.characters) == ("", 0)


@pytest.mark.parametrize("place", range(184, 204, 4))
def test_a_key_is_hidden_before_an_answer_that_is_none_is_cut(
    faults: FaultServer, place: int
) -> None:
    found = asked(faults, "libretranslate", f"key-at-{place}")
    assert isinstance(found.failure, AskError) and found.failure.kind == "protocol"
    assert "other than JSON ('xxx" in found.failure.message
    assert not any(KEY[:size] in found.problem for size in range(4, len(KEY) + 1))
