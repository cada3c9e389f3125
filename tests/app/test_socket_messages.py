from __future__ import annotations

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates

from app.access.socket_messages import whole_page


def test_a_fragments_run_becomes_the_pages_with_everything_that_the_browser_brought() -> None:
    states = WidgetStates(widgets=[WidgetState(id="form", json_value='{"score": 3}')])
    asked = ClientState(
        fragment_id="f1", page_script_hash="p1", is_auto_rerun=True, widget_states=states
    )
    whole = whole_page(BackMsg(rerun_script=asked).SerializeToString())
    assert whole is not None
    found = BackMsg.FromString(whole).rerun_script
    assert found == ClientState(page_script_hash="p1", widget_states=states)


def test_other_messages_and_bytes_that_are_none_run_nothing() -> None:
    assert whole_page(BackMsg(app_heartbeat=True).SerializeToString()) is None
    assert whole_page(b"\xff\xff") is None
