"""Answers about states that never change, kept: who asks the same again costs no engine anything.

Who asks for what another one is just asking for waits for that answer, so that a crowd asks an engine once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future

MOST = 64
"""Answers that are kept; one has at most about a megabyte."""
_lock = threading.Lock()
_kept: OrderedDict[Hashable, Future[bytes]] = OrderedDict()


def kept(key: Hashable, make: Callable[[], bytes]) -> bytes:
    """An answer, made if nobody has asked for it lately.

    Args:
        key: All that it depends on.
        make: Makes it; a failure is told to all who wait, and not kept.
    """
    with _lock:
        future = _kept.get(key)
        mine = future is None
        if future is None:
            future = _kept[key] = Future()
        _kept.move_to_end(key)
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    if mine:
        try:
            future.set_result(make())
        except BaseException as error:  # noqa: BLE001 told to everybody who waits, and raised below
            with _lock:
                _kept.pop(key, None)
            future.set_exception(error)
    return future.result()


def forget() -> None:
    """Keep nothing any more."""
    with _lock:
        _kept.clear()
