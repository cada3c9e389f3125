"""What systems are called where there is little room."""

from __future__ import annotations

from core.systems.protocol import SystemInfo

_KINDS = {
    "openai": "LLM",
    "libretranslate": "MT service",
    "google": "Google",
    "deepl": "DeepL",
    "chain": "chain",
}


def system_label(info: SystemInfo) -> str:
    """Gives name and kind of a system."""
    kind = _KINDS.get(info.kind) or ("fine-tuned" if "run" in info.provenance else info.detail)
    return f"{info.name} · {kind}"
