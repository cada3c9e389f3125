"""Messages of a page's socket: which a rater may send, and one that does nothing but draw."""

from __future__ import annotations

# To run the page, to stop it, to stay connected. A rater's browser sends no others: to forget what
# the server has cached, to take files, and the like is for owners and members.
RATER_MESSAGES = ("rerun_script", "stop_script", "app_heartbeat")
# Of what a browser may ask the server to do: to make the file of a button that the page shows.
RATER_OPERATIONS = ("deferred_file",)


def is_for_raters(data: bytes) -> bool:
    """Tells whether a message is one that a rater's page needs.

    Args:
        data: Streamlit's `BackMsg` as it came.
    """
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from streamlit.proto.BackMsg_pb2 import BackMsg

    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return False
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        return message.backend_operation_request.WhichOneof("payload") in RATER_OPERATIONS
    return kind in RATER_MESSAGES


def whole_page(data: bytes) -> bytes | None:
    """Gives a message that runs a fragment as one that runs the page; None if it runs nothing.

    A browser that comes back to a server started anew asks for the fragment that it knew. The
    server knows none and would leave what the browser brought, such as a mark, where it is.
    """
    from google.protobuf.message import DecodeError
    from streamlit.proto.BackMsg_pb2 import BackMsg

    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return None
    if message.WhichOneof("type") != "rerun_script":
        return None
    message.rerun_script.fragment_id = ""
    message.rerun_script.is_auto_rerun = False
    whole: bytes = message.SerializeToString()
    return whole


def bare_rerun() -> bytes:
    """Gives the message that runs the page without any widget, so that no callback is called."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ClientState_pb2 import ClientState

    data: bytes = BackMsg(rerun_script=ClientState()).SerializeToString()
    return data
