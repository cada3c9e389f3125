"""When a question is the same as one that was paid for: everything that decides the answer."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from core.systems.prompting import messages_of
from core.systems.protocol import Request, SystemInfo

PAID_KINDS = ("openai", "libretranslate", "google", "deepl")


def cache_key(info: SystemInfo, request: Request) -> str:
    """Gives the key of a question in the cache; empty for systems whose answers are not kept.

    Local models cost nothing and change with each preparation; a chain is always asked anew.

    Raises:
        ConfigError: The prompt cannot be made.
    """
    if info.kind not in PAID_KINDS:
        return ""
    decides: dict[str, Any] = {
        "system": info.provenance,
        "source": request.source,
        "direction": [request.src_lang, request.tgt_lang],
        "parameters": request.parameters.model_dump(exclude_defaults=True),
    }
    if info.is_llm:
        template, draft_system = request.prompting.template, request.prompting.draft_system
        drafts = ("",) if template.draft_from == "none" else ("", "draft")
        decides |= {
            # What a template shows only beside a draft decides, too.
            "messages": [messages_of(request, draft) for draft in drafts],
            "template": template.model_dump(exclude={"name", "description"}),
            "draft": draft_system.info.provenance if draft_system is not None else None,
            "cleans": request.prompting.cleans,
        }
    text = json.dumps(decides, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
