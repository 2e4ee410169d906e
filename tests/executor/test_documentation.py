"""The contract's page names every message that an executor receives and sends, with an example of each."""

import re

from integration.engines.state import PROJECT
from integration.seam.messages import (
    DeliveredLoad,
    DeviceOptOut,
    DeviceStatus,
    RawOutcome,
    RemovalAnswer,
    StageExecutionStatus,
)
from integration.seam.routes import ROUTES

from .implementations import Executor

SENT = {
    body.kind for body in (StageExecutionStatus, DeliveredLoad, RawOutcome, RemovalAnswer, DeviceOptOut, DeviceStatus)
}


def test_the_page_has_an_example_of_every_message(executor: Executor) -> None:
    page = (PROJECT / "docs" / "reference" / "executor.md").read_text()
    received = {kind for kind, routes in ROUTES.items() if executor.name in {route.receiver for route in routes}}

    assert set(re.findall(r"^\[`(\w+)`\]\(messages.md#\w+\):$", page, re.M)) == received | SENT
