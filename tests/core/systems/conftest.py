"""Real servers for the systems that are asked over a network."""

import pytest

from tests.servers.fault_server import FaultServer
from tests.servers.shared import shared_faults, shared_tiny_llm
from tests.servers.tiny_llm import LlmServer


@pytest.fixture(scope="session")
def tiny_llm(pytestconfig: pytest.Config) -> LlmServer:
    """A real OpenAI-compatible server whose model knows `tests.servers.tiny_llm.PAIRS`."""
    return shared_tiny_llm(pytestconfig)


@pytest.fixture(scope="session")
def faults(pytestconfig: pytest.Config) -> FaultServer:
    """A server that fails in chosen ways; its notes begin anew with each test."""
    return shared_faults(pytestconfig)


@pytest.fixture(autouse=True)
def _fresh_notes(request: pytest.FixtureRequest) -> None:
    if "faults" in request.fixturenames:
        request.getfixturevalue("faults").forget()
