"""Messages that nobody can apply: half of them raise, half of them kill the process that tries."""

from django.db import transaction

from integration.seam import outbox, systems
from integration.seam.messages import EnrollmentLoad, ExtractRef, ProgramRuleSync
from integration.seam.models import Alert, Delivery, Message
from integration.seam.program_rules import ProgramRules
from tests.faults import figures
from tests.faults.driver import Driver
from tests.faults.poison import KILLS, RAISES
from tests.faults.row import Row
from tests.faults.system import System, patiently

ATTEMPTS = 12
PATIENCE_S = 300
EXTRACT = ExtractRef(extract_uid="00000000-0000-0000-0000-000000000000", parts=1, rows=1, manifest_sha256="0" * 64)


def poison(system: System, driver: Driver, dose: int) -> Row:
    since = figures.now()
    sent = [_send(n) for n in range(dose)]
    deliveries = Delivery.objects.filter(message__in=[message.pk for message in sent])
    took = figures.seconds_until(lambda: not deliveries.filter(Delivery.OPEN).exists(), most=PATIENCE_S)
    until = figures.now()
    figures.seconds_until(lambda: figures.open_since(since, until) == 0, most=30)
    return patiently(lambda: _row(dose, deliveries, took, since, until))


def _row(dose: int, deliveries: object, took: float, since: object, until: object) -> Row:
    dead = [one for one in deliveries.all() if one.state == "Dead"]
    attempts = max((one.attempt - one.given_back for one in deliveries.all()), default=0)
    alerts = Alert.objects.filter(key__in=[f"dead:delivery:{one.pk}" for one in dead], closed_at=None).count()
    lost, speed = figures.open_since(since, until), figures.speed(since)
    return Row(
        "a poison message (raises, kills its process)",
        dose,
        f"dead after <= {ATTEMPTS} attempts, others unaffected",
        f"{len(dead)} dead with {alerts} alerts after {took:.0f} s and {attempts} attempts at most;"
        f" {lost} of {speed.messages} others open, p99 {speed.p99:.1f} s",
        len(dead) == alerts == dose and attempts <= ATTEMPTS and lost == 0,
        ("I9",),
    )


@transaction.atomic
def _send(n: int) -> Message:
    """In turn: small and raises, small and kills, bulk and raises, bulk and kills."""
    program = f"{KILLS if n % 2 else RAISES}-{n}"
    body = (
        EnrollmentLoad(program=program, extract=EXTRACT)
        if n % 4 >= 2
        else ProgramRuleSync(program=program, name="Poison", active=True, version=1, rules=ProgramRules())
    )
    return outbox.send(body, sender=systems.System.CPM)
