"""A tab of a browser without the browser: Streamlit's socket, spoken directly.

What a page draws is kept as Streamlit's own messages; widgets are changed by their keys. Many tabs
fit into one event loop, so that loads can be measured, and any message can be sent, so that what no
browser would ask for can be tried.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

from google.protobuf.text_format import MessageToString  # type: ignore[import-untyped]
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

T = TypeVar("T")

PATH = "/_stcore/stream"
TIMEOUT_S = 60.0
MAX_MESSAGE_BYTES = 1 << 28
# Of a component: what is set for one run alone stands under an id of its own.
_TRIGGERS = "$$STREAMLIT_INTERNAL_KEY_{}__events"


@dataclass(frozen=True)
class Run:
    """What came of one run of a page or fragment.

    Attributes:
        messages: Everything that the server sent, in order.
        duration_s: From asking to the end of the run.
    """

    messages: list[ForwardMsg] = field(repr=False)
    duration_s: float


class PageSocket:
    """One tab. Use it as `async with PageSocket(url, cookies=…) as tab: await tab.run()`.

    Attributes:
        session_id: Of Streamlit's session, once a page has run.
        pages: Pages of the menu by their names in addresses ("" for the first), with their hashes.
        page_hash: Of the page that is shown.
        is_page_missing: Whether the last run was asked for a page that is not in the menu.
    """

    def __init__(
        self,
        url: str,
        *,
        cookies: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        origin: str | None = None,
        session_id: str = "",
    ) -> None:
        """Prepares a tab.

        Args:
            url: Of the server, such as `http://127.0.0.1:8501`.
            cookies: What the browser has stored.
            headers: Further headers of the handshake.
            origin: The page that the socket is opened from; that of `url` if it is None.
            session_id: Of a session that goes on.
        """
        self._url = url
        self._headers = dict(headers or {})
        if cookies:
            self._headers["Cookie"] = "; ".join(
                f"{name}={value}" for name, value in cookies.items()
            )
        self._origin = url if origin is None else origin
        self._connection: ClientConnection | None = None
        self._states: dict[str, WidgetState] = {}
        self._elements: dict[tuple[int, ...], Any] = {}
        self._fragments: dict[tuple[int, ...], str] = {}
        self.session_id = session_id
        self.pages: dict[str, str] = {}
        self.page_hash = ""
        self.is_page_missing = False

    async def __aenter__(self) -> Self:
        """Opens the socket; raises `websockets.exceptions.InvalidStatus` if it is refused."""
        protocols = ["streamlit", "no-token", *([self.session_id] if self.session_id else [])]
        self._connection = await connect(
            self._url.replace("http", "ws", 1) + PATH,
            origin=Origin(self._origin),
            subprotocols=[Subprotocol(each) for each in protocols],
            additional_headers=self._headers,
            open_timeout=TIMEOUT_S,
            max_size=MAX_MESSAGE_BYTES,
            compression=None,
            proxy=None,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes the tab."""
        if self._connection is not None:
            await self._connection.close()

    async def run(
        self, *, page: str = "", page_hash: str | None = None, query: str = "", fragment: str = ""
    ) -> Run:
        """Runs a page as the widgets now stand, and waits until it is drawn.

        Args:
            page: Its name in the address, as a browser asks at first; "" for the first page.
            page_hash: Its hash, as a click in the menu asks; that of the page shown if it is None.
            query: The part of the address behind `?`.
            fragment: Id of the one fragment to run.
        """
        asked = ClientState(
            query_string=query,
            page_name=page,
            page_script_hash=page_hash if page_hash is not None else "" if page else self.page_hash,
            fragment_id=fragment,
            widget_states=WidgetStates(widgets=self._states.values()),
        )
        asked.context_info.url = f"{self._url}/{page}"
        began_s = time.perf_counter()
        await self.send(BackMsg(rerun_script=asked))
        messages = await self._until_drawn()
        return Run(messages, time.perf_counter() - began_s)

    async def change(self, key: str, **value: Any) -> Run:
        """Changes a widget by its key and runs the page, or the fragment in which it stands.

        Args:
            key: As the page names the widget.
            value: One field of Streamlit's `WidgetState`, such as `string_value="a"` of a text
                field or selectbox, `bool_value`, `double_value`, `trigger_value=True` of a button.
        """
        widget = self.widget_id(key)
        self._states[widget] = WidgetState(id=widget, **value)
        try:
            return await self.run(fragment=self._fragment_of(widget))
        finally:
            if "trigger_value" in value:
                self._states.pop(widget, None)

    async def click(self, key: str) -> Run:
        """Presses a button and runs the page."""
        return await self.change(key, trigger_value=True)

    async def set_state(self, key: str, **states: Any) -> Run:
        """Sets states of a component, as its `setStateValue` does, and runs the page."""
        widget = self.widget_id(key)
        known = self._states.get(widget)
        merged = {**(json.loads(known.json_value) if known else {}), **states}
        return await self.change(key, json_value=json.dumps(merged))

    async def trigger(self, key: str, event: str, value: Any, **states: Any) -> Run:
        """Triggers an event of a component, as its `setTriggerValue` does, and runs the page.

        Args:
            key: Of the component.
            event: Name of the event.
            value: What it brings along.
            states: What the component sets at the same moment.
        """
        widget = self.widget_id(key)
        if states:
            known = self._states.get(widget)
            merged = {**(json.loads(known.json_value) if known else {}), **states}
            self._states[widget] = WidgetState(id=widget, json_value=json.dumps(merged))
        events = _TRIGGERS.format(widget)
        payload = json.dumps([{"event": event, "value": value}])
        self._states[events] = WidgetState(id=events, json_trigger_value=payload)
        try:
            return await self.run(fragment=self._fragment_of(widget))
        finally:
            self._states.pop(events, None)  # the item may have left the page

    async def download(self, file_id: str) -> str:
        """Asks for the file of a download button and gives its path, or "" if it is refused.

        Args:
            file_id: Of the button's message, `download_button.deferred_file_id`.
        """
        asked = BackMsg()
        asked.backend_operation_request.request_id = "1"
        asked.backend_operation_request.session_id = self.session_id
        asked.backend_operation_request.deferred_file.file_id = file_id
        await self.send(asked)
        while True:
            message = await self._receive()
            if message.WhichOneof("type") == "backend_operation_response":
                return str(message.backend_operation_response.deferred_file.url)

    async def send(self, message: BackMsg) -> None:
        """Sends any message."""
        assert self._connection is not None
        await self._connection.send(message.SerializeToString())

    @property
    def elements(self) -> list[Any]:
        """What is on the page: Streamlit's `Element` messages from top to bottom."""
        return [self._elements[path] for path in sorted(self._elements)]

    @property
    def text(self) -> str:
        """Everything on the page, names of widgets and data of components included, as text."""
        return "\n".join(MessageToString(each, as_utf8=True) for each in self.elements)

    def widget_id(self, key: str) -> str:
        """Gives the id of the widget with a key; an error that names those there are if none."""
        ids = [_id(element) for element in self.elements]
        for each in ids:
            if each.endswith(f"-{key}") and each.split("-", 2)[-1] == key:
                return str(each)
        keys = sorted(each.split("-", 2)[-1] for each in ids if each)
        raise KeyError(f"no widget {key!r} on the page; there are {keys}")

    def component_data(self, key: str) -> Any:
        """Gives the JSON data that a component was drawn with."""
        widget = self.widget_id(key)
        found = next(_inner(e) for e in self.elements if _id(e) == widget)
        return json.loads(found.json or found.mixed.json)

    def _fragment_of(self, widget: str) -> str:
        """Gives the id of the fragment in which a widget stands; "" for the page itself."""
        paths = (path for path, e in self._elements.items() if _id(e) == widget)
        return next((self._fragments[path] for path in paths), "")

    async def _until_drawn(self) -> list[ForwardMsg]:
        messages = []
        drawn: set[tuple[int, ...]] = set()
        self.is_page_missing = False
        while True:
            message = await self._receive()
            messages.append(message)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session_id = message.new_session.initialize.session_id or self.session_id
                drawn = set()
            elif kind == "navigation":
                self.page_hash = message.navigation.page_script_hash
                pages = message.navigation.app_pages
                self.pages = {each.url_pathname: each.page_script_hash for each in pages}
            elif kind == "page_not_found":
                self.is_page_missing = True
            elif kind == "delta":
                self._draw(message, drawn)
            elif kind == "script_finished" and self._is_end(message, drawn):
                return messages

    def _draw(self, message: ForwardMsg, drawn: set[tuple[int, ...]]) -> None:
        path = tuple(message.metadata.delta_path)
        drawn.add(path)
        if message.delta.HasField("new_element"):
            self._elements[path] = message.delta.new_element
            self._fragments[path] = message.delta.fragment_id
        else:
            self._elements.pop(path, None)

    def _is_end(self, message: ForwardMsg, drawn: set[tuple[int, ...]]) -> bool:
        """Takes away what was not drawn again; tells whether no other run follows."""
        if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return False
        ended = message.script_finished
        if ended == ForwardMsg.FINISHED_SUCCESSFULLY:
            self._elements = {path: each for path, each in self._elements.items() if path in drawn}
        if ended in (
            ForwardMsg.FINISHED_SUCCESSFULLY,
            ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
        ):
            shown = {_id(each) for each in self._elements.values()}
            self._states = {id_: each for id_, each in self._states.items() if id_ in shown}
        return True

    async def _receive(self) -> ForwardMsg:
        assert self._connection is not None
        data = await asyncio.wait_for(self._connection.recv(), TIMEOUT_S)
        assert isinstance(data, bytes)
        message = ForwardMsg()
        message.ParseFromString(data)
        return message


def played(work: Coroutine[Any, Any, T]) -> T:
    """Plays what tabs do to its end, in a thread: Playwright holds the event loop of this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def _inner(element: Any) -> Any:
    kind = element.WhichOneof("type")
    return getattr(element, kind) if kind else element


def _id(element: Any) -> str:
    return str(getattr(_inner(element), "id", ""))
