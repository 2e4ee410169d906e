"""A process killed between the effect and the mark: the effect is rolled back, and later happens once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from django.db import connection

from integration.seam.models import Alert, Delivery, Priority
from integration.seam.scheduler import batches, claim_due, perform
from tests.messages.receivers import POISON, effects

pytestmark = pytest.mark.django_db(transaction=True)

KILLED = str(int(signal.SIGKILL))
Killed = Callable[..., list[str]]


@pytest.fixture
def killed_while_delivering() -> Killed:
    """Perform a batch of deliveries several times, each time in a new process; returns how these ended."""
    database = connection.settings_dict
    url = f"host={database['HOST']} port={database['PORT']} user={database['USER']} dbname={database['NAME']}"
    environment = {**os.environ, "DATABASE_URL": url, "PGPASSWORD": str(database["PASSWORD"])}

    def run(*deliveries: Delivery, times: int, receiver: str = "die") -> list[str]:
        arguments = [receiver, str(times), *(str(delivery.pk) for delivery in deliveries)]
        command = [sys.executable, "-m", "tests.messages.killing", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.split()

    return run


def test_the_effect_comes_about_once_after_the_lease_has_run_out(
    send: Callable[..., Delivery],
    received_by: Callable[[str], None],
    killed_while_delivering: Killed,
) -> None:
    delivery = send()
    assert killed_while_delivering(delivery, times=1) == [KILLED]
    left = Delivery.objects.get(pk=delivery.pk)
    assert (effects(delivery.message.stage), left.attempt, left.state) == (0, 1, "Open")

    received_by("note")
    _perform_until_closed(delivery)

    done = Delivery.objects.get(pk=delivery.pk)
    assert (effects(delivery.message.stage), done.attempt, done.state) == (1, 2, "Delivered")


def test_a_message_that_kills_its_process_each_time_is_dead_after_twelve_attempts(
    send: Callable[..., Delivery], killed_while_delivering: Killed
) -> None:
    poison, other = send(), send()

    signals = killed_while_delivering(poison, times=14)

    dead = Delivery.objects.get(pk=poison.pk)
    assert signals == [KILLED] * 12 + ["0", "0"]
    assert (dead.state, dead.attempt, dead.error) == ("Dead", 12, "The process that did this work died each time.")
    assert effects(poison.message.stage) == 0
    assert Alert.objects.get().priority == Priority.HIGH
    assert Delivery.objects.get(pk=other.pk).state == "Open"


def test_messages_in_one_go_with_one_that_kills_its_process_are_applied_once_and_lose_one_attempt(
    send: Callable[..., Delivery], received_by: Callable[[str], None], killed_while_delivering: Killed
) -> None:
    before, poison, after = send(), send(POISON), send()

    assert killed_while_delivering(before, poison, after, times=1, receiver="die_of_poison") == [KILLED]
    received_by("fail_poison")
    _perform_until_closed(after)

    found = [Delivery.objects.get(pk=each.pk) for each in (before, poison, after)]
    assert [each.state for each in found] == ["Delivered", "Open", "Delivered"]
    assert [effects(each.message.stage) for each in found] == [1, 0, 1]
    assert (found[0].attempt, found[2].attempt) == (1, 2)


def _perform_until_closed(delivery: Delivery) -> None:
    since = time.monotonic()
    while Delivery.objects.get(pk=delivery.pk).state == "Open":
        for batch in batches(claim_due()):
            perform(batch)
        assert time.monotonic() - since < 10
        time.sleep(0.1)
