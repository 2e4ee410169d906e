"""A process that is killed between the effect and the mark: the effect goes with it, and comes about once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from django.db import connection

from integration.models import Alert, Delivery
from integration.scheduler import claim_due, perform
from tests.messages.receivers import effects

pytestmark = pytest.mark.django_db(transaction=True)

KILLED = str(int(signal.SIGKILL))


@pytest.fixture
def killed_while_delivering() -> Callable[[Delivery, int], list[str]]:
    """Performs a delivery so many times, each in a process that kills itself; gives the signals they ended by."""
    database = connection.settings_dict
    url = f"host={database['HOST']} port={database['PORT']} user={database['USER']} dbname={database['NAME']}"
    environment = {**os.environ, "DATABASE_URL": url, "PGPASSWORD": str(database["PASSWORD"])}

    def run(delivery: Delivery, times: int) -> list[str]:
        command = [sys.executable, "-m", "tests.messages.killing", str(delivery.pk), str(times)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.split()

    return run


def test_the_effect_comes_about_once_after_the_lease_has_run_out(
    send: Callable[..., Delivery],
    received_by: Callable[[str], None],
    killed_while_delivering: Callable[[Delivery, int], list[str]],
) -> None:
    delivery = send()
    assert killed_while_delivering(delivery, 1) == [KILLED]
    left = Delivery.objects.get(pk=delivery.pk)
    assert (effects(delivery.message.stage), left.attempt, left.state) == (0, 1, "Open")

    received_by("note")
    since = time.monotonic()
    while Delivery.objects.get(pk=delivery.pk).state == "Open":
        for claimed in claim_due():
            perform(claimed)
        assert time.monotonic() - since < 10
        time.sleep(0.1)

    done = Delivery.objects.get(pk=delivery.pk)
    assert (effects(delivery.message.stage), done.attempt, done.state) == (1, 2, "Delivered")


def test_a_message_that_kills_its_process_each_time_is_dead_after_twelve_attempts(
    send: Callable[..., Delivery], killed_while_delivering: Callable[[Delivery, int], list[str]]
) -> None:
    poison, other = send(), send()

    signals = killed_while_delivering(poison, 14)

    dead = Delivery.objects.get(pk=poison.pk)
    assert signals == [KILLED] * 12 + ["0", "0"]
    assert (dead.state, dead.attempt, dead.error) == ("Dead", 12, "The process that did this work died each time.")
    assert effects(poison.message.stage) == 0
    assert Alert.objects.get().severity == "critical"
    assert Delivery.objects.get(pk=other.pk).state == "Open"
