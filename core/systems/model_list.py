"""The models that an endpoint lists, before it is set up."""

from __future__ import annotations

from core.systems.clients.openai_system import OpenAISystem
from core.systems.endpoint import EndpointSettings
from core.systems.protocol import SystemInfo
from core.systems.secrets import credentials_of


async def listed_models(settings: EndpointSettings, session_key: str = "") -> list[str]:
    """Gives the ids of the models; [] if the endpoint lists none.

    Raises:
        AskError: It does not answer, or refuses.
        ConfigError: Its key is missing.
    """
    info = SystemInfo("endpoint:new", settings.name, settings.kind)
    system = OpenAISystem(info, settings, credentials_of(settings, session_key))
    try:
        return await system.models()
    finally:
        await system.close()
