"""Systems that can execute stages, by name. Each is driven only by messages and by its clock."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

import pytest
from django.utils.module_loading import import_string

from integration.seam import clock
from integration.seam.delivery import deliver
from integration.seam.models import Delivery
from integration.seam.routes import DUE
from integration.seam.systems import System


class Executor(Protocol):
    """What a test does with an executor; it expects only messages from it."""

    name: str  # the system's name as sender and receiver of messages

    def receive(self, at: datetime) -> None:
        """Let it receive, at this moment, the messages that are on their way to it."""

    def work(self, at: datetime) -> None:
        """Let it do what is due by its clock at this moment, until nothing is due."""


class InProcess:
    """A system of this project: its inbox receives messages by ROUTES, and DUE names what its clock starts."""

    def __init__(self, system: System, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name, self.package, self.monkeypatch = system, system.package, monkeypatch

    def receive(self, at: datetime) -> None:
        self.monkeypatch.setattr(clock, "now", lambda: at)
        for delivery in Delivery.objects.filter(Delivery.OPEN, receiver=self.name).order_by("pk"):
            deliver(delivery.pk, delivery.attempt)
        failed = Delivery.objects.filter(receiver=self.name).exclude(error="").exclude(error__startswith="Not yet")
        assert [(str(one), one.error) for one in failed] == []

    def work(self, at: datetime) -> None:
        self.monkeypatch.setattr(clock, "now", lambda: at)
        while due := list(self._due(at)):
            for operation, object_id in due:
                operation(object_id, now=at)

    def _due(self, at: datetime) -> Iterator[tuple[Callable[..., None], int]]:
        for work in DUE.values():
            if work.operation.startswith(f"{self.package}."):
                for object_id in import_string(work.ids)(at):
                    yield import_string(work.operation), object_id


IMPLEMENTATIONS: Mapping[str, Callable[[pytest.MonkeyPatch], Executor]] = {
    System.LEC: lambda monkeypatch: InProcess(System.LEC, monkeypatch),
}
