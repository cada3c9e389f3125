"""How programs call a service: the same request by curl, Python and JavaScript."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import streamlit as st

from core.errors import AdaptMLLMError
from core.languages import html_tag
from core.serving.servable import load_servable
from core.serving.settings import ServeSettings
from core.serving.versions import served_folder
from core.storage.service_records import ServiceRecord
from core.storage.workspace import Workspace

KEY = "YOUR-KEY"


def snippets(workspace: Workspace, record: ServiceRecord) -> None:
    """Shows the requests and where the service's own documentation is."""
    with st.expander("Call it from a program"):
        body: dict[str, str] = {"q": "Good morning.", **_direction(workspace, record)}
        if ServeSettings.parse(record.settings).needs_key:
            body["api_key"] = KEY
        address = f"{record.address}/translate"
        for label, language, code in (
            ("curl", "bash", _curl(address, body)),
            ("Python", "python", _python(address, body)),
            ("JavaScript", "javascript", _javascript(address, body)),
        ):
            st.caption(label)
            st.code(code, language=language, wrap_lines=True)
        st.caption("LibreTranslate clients take the first address, OpenAI clients the second.")
        st.code(f"{record.address}\n{record.address}/v1", language=None)
        with st.container(horizontal=True):
            for label, path in (("API documentation", "docs"), ("Prometheus metrics", "metrics")):
                st.link_button(label, f"{record.address}/{path}", icon=":material/open_in_new:")


def _direction(workspace: Workspace, record: ServiceRecord) -> dict[str, str]:
    """Gives a direction that the service offers, in the codes of LibreTranslate."""
    try:
        servable = load_servable(Path(served_folder(workspace, record.model)))
        source = servable.sources[0]
        return {"source": html_tag(source), "target": html_tag(servable.targets_of(source)[0])}
    except (AdaptMLLMError, IndexError):  # its version was taken back while it runs
        return {"source": "auto", "target": "en"}


def _curl(address: str, body: dict[str, str]) -> str:
    data = shlex.quote(json.dumps(body))
    return f"curl {address} \\\n  -H 'Content-Type: application/json' \\\n  -d {data}"


def _python(address: str, body: dict[str, str]) -> str:
    return (
        "import requests\n\n"
        f"answer = requests.post({address!r}, json={body!r}, timeout=60)\n"
        "answer.raise_for_status()\n"
        'print(answer.json()["translatedText"])'
    )


def _javascript(address: str, body: dict[str, str]) -> str:
    return (
        f"const answer = await fetch({json.dumps(address)}, {{\n"
        '  method: "POST",\n'
        '  headers: { "Content-Type": "application/json" },\n'
        f"  body: JSON.stringify({json.dumps(body)}),\n"
        "});\n"
        "console.log((await answer.json()).translatedText);"
    )
