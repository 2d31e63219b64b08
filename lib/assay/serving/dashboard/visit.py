"""A visit to the dashboard without a browser: a session of Streamlit's protocol, until the page stands.

The server visits its own pages when it starts, so that its first reader finds modules loaded and rows read;
`bench/dashboard.py` is fifty readers at once.

References:
    Streamlit, `proto/BackMsg.proto` (what a browser says) and `proto/ForwardMsg.proto` (what it is told).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from assay.errors import TransientError

FIRST: Final = ""
"""The path of the first page."""
ERROR: Final = "error"
"""The kind of an alert that says what could not be done."""
PATIENCE: Final = 120.0
"""Seconds after which a page is given up."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visitor was shown.

    Attributes:
        seconds: From the connection until the page's script had ended.
        shown: Kind of element, such as `vega_lite_chart` or `ERROR` → how many.
    """

    seconds: float
    shown: Mapping[str, int]


async def visit(server: str, page: str, *, patience: float = PATIENCE) -> Visit:
    """Open a page in a session of its own.

    Args:
        server: Host and port.
        page: Its path, or `FIRST`.
        patience: Seconds after which it is given up.

    Raises:
        TransientError: The server cannot be reached, ends the session, or takes too long.
    """
    began = time.perf_counter()
    try:
        async with asyncio.timeout(patience), _session(server) as session:
            await session.send(BackMsg(rerun_script=ClientState(page_name=page)).SerializeToString())
            shown = await _whole(session)
            return Visit(time.perf_counter() - began, shown)
    except (OSError, WebSocketException) as error:  # a timeout is an OSError
        raise TransientError(
            f"page {page!r} of {server} did not stand: {str(error) or 'it took too long'}"
        ) from error


def _session(server: str) -> connect:
    return connect(f"ws://{server}/_stcore/stream", max_size=None, proxy=None)


async def _whole(session: ClientConnection) -> Counter[str]:
    """What is shown until the script has ended."""
    shown: Counter[str] = Counter()
    while True:
        told = ForwardMsg.FromString(bytes(await session.recv(decode=False)))
        kind = told.WhichOneof("type")
        if kind == "script_finished":
            return shown
        if kind == "delta" and told.delta.WhichOneof("type") == "new_element":
            shown[_kind(told.delta.new_element)] += 1


def _kind(element: Element) -> str:
    kind = str(element.WhichOneof("type"))
    return ERROR if kind == "alert" and element.alert.format == Alert.ERROR else kind
