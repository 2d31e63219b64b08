"""Fires the SCHEDULED triggers of our templates while the emulator runs.

A time of the schedule is fired once, whoever else watches the same clock; what passed while nothing ran does
not fire afterwards.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from assay.errors import AssayError
from assay.local.glue import trigger_actions
from assay.local.glue.call import Call
from assay.local.glue.setup import Setup
from assay.stacks.triggers import Trigger

_LOOK_SECONDS = 1.0
_logger = logging.getLogger("assay.local.glue.clock")


async def run(setup: Setup) -> None:
    """Fire what is due, for ever.

    Args:
        setup: Where the local Glue finds everything.
    """
    before = datetime.now(UTC)
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        now = datetime.now(UTC)
        try:
            await asyncio.to_thread(tick, setup, before, now)
        except Exception:
            _logger.exception("the schedule could not be looked at")
        before = now


def tick(setup: Setup, before: datetime, now: datetime) -> list[str]:
    """Fire the scheduled triggers whose time has come.

    Args:
        setup: Where the local Glue finds everything.
        before: When this was looked at last; what was due by then is past.
        now: What is due by now fires.

    Returns:
        Names of the triggers that fired.
    """
    if before.replace(second=0, microsecond=0) == now.replace(second=0, microsecond=0):
        return []  # schedules fire on whole minutes
    installed = setup.installed()
    fired = []
    for trigger in (*installed.definition.triggers, *installed.definition.other_triggers):
        due = trigger.schedule.next_after(before) if trigger.schedule else None
        if due is None or due > now:
            continue
        with Call({}, setup, installed) as call:
            book = call.history.triggers
            if trigger.name not in book.inactive() and book.fire(trigger.name, due):
                _start(call, trigger)
                fired.append(trigger.name)
    return fired


def _start(call: Call, trigger: Trigger) -> None:
    try:
        run_ids = trigger_actions.fire(call, trigger)
    except AssayError as error:
        _logger.warning("trigger %s started nothing: %s", trigger.name, error.message)
    else:
        _logger.info("trigger %s started run %s", trigger.name, ", ".join(run_ids))
