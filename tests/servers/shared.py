"""The servers of a whole test session: started when first asked for, ended with it."""

import pytest

from tests.servers.fault_server import FaultServer
from tests.servers.tiny_llm import LlmServer, cached_tiny_llm

_TINY_LLM = pytest.StashKey[LlmServer]()
_FAULTS = pytest.StashKey[FaultServer]()


def shared_tiny_llm(config: pytest.Config) -> LlmServer:
    """Gives the server of the tiny model; the first call may train it."""
    if _TINY_LLM not in config.stash:
        assert config.cache is not None
        server = LlmServer(cached_tiny_llm(config.cache.mkdir("tiny_llm")))
        config.add_cleanup(server.end)
        server.wait_until_ready()
        config.stash[_TINY_LLM] = server
    return config.stash[_TINY_LLM]


def shared_faults(config: pytest.Config) -> FaultServer:
    """Gives the fault server."""
    if _FAULTS not in config.stash:
        server = FaultServer()
        config.add_cleanup(server.end)
        server.start()
        config.stash[_FAULTS] = server
    return config.stash[_FAULTS]
