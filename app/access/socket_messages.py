"""Messages of a page's socket: which a rater may send, and one that does nothing but draw."""

from __future__ import annotations

# To run the page, to stop it, to stay connected. A rater's browser sends no others: to forget what
# the server has cached, to take files, and the like is for owners and members.
RATER_MESSAGES = ("rerun_script", "stop_script", "app_heartbeat")


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
    return message.WhichOneof("type") in RATER_MESSAGES


def bare_rerun() -> bytes:
    """Gives the message that runs the page without any widget, so that no callback is called."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ClientState_pb2 import ClientState

    data: bytes = BackMsg(rerun_script=ClientState()).SerializeToString()
    return data
