"""The pages people open: who opens each in a test, and an address with objects of the demo filled in."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from cpm.models import Holiday, Meter, Participation, SettlementLine, SettlementRun
from cpm.models.customers import Customer, Device, Subscription
from cpm.models.program_events import ProgramEvent
from cpm.models.unavailability import Unavailability
from cpm.operations import (
    add_holiday,
    add_settlement_method,
    approve_settlement_run,
    make_link,
    make_settlement_run,
    review_settlement_run,
    save_dated_rules,
    schedule_unavailability,
)
from cpm.operations.settlement_lines import reckon_settlement_run
from derms.models import ControlZone, DerGroup, Event, Strategy
from integration.console.models import User
from integration.seam import clock
from integration.seam.dated_rules import DatedRules
from integration.seam.models import Message, ServiceAccount, Webhook, WebhookNotice
from tests.security.test_permissions import MAY

PEOPLE = {
    "O": "olive.operator",
    "A": "ada.approver",
    "B": "bela.balance",
    "C": "cora.csr",
    "P": "pia.manager",
    "D": "adam.admin",
    "*": "olive.operator",
}
# Addresses that are no page of their own: files, streams, posts, fragments, and steps that need a failure first.
NO_PAGE = (
    "livez", "readyz", "logo", "password/", "oidc/", "keys/new/",
    "export/", "live/", "unseen/", "saved-views/", "check/", "keep/", "releases/", "retry/", "discard/", "archive/",
    "acknowledge/", "set-up/test-message/", "first-administrator/", "links/add/", "help/pictures/",
    "actions/", "stages/<int:stage_number>/clone/", "schedule-again/", "schedule-with-shortfall/", "shift/",
    "withdraw/", "opt-out/", "as-balance-authority/", "revoke/", "strategies/<uuid:uid>/activate/",
    "imports/<uuid:uid>/",  # a file must have been sent: test_pages.py of tests/importing
    "my-devices/",  # a page for phones, reached by its own link: test_customer_use_cases.py
)  # fmt: skip


def pages() -> list[str]:
    return [address for address in MAY if not any(part in address for part in NO_PAGE)]


def example_of(address: str) -> str:
    """The address with objects of the demo filled in."""
    places = EXAMPLES_CUSTOMER if address.startswith("customers/") else EXAMPLES
    for place, make in places.items():
        if place in address:
            address = address.replace(place, make())
    return "/" + address


def _event() -> Event:
    return Event.objects.filter(state="Completed").latest("pk")


def _program_event() -> ProgramEvent:
    return ProgramEvent.objects.get(event_number=_event().number, stage_number=1)


def _subscription() -> Subscription:
    return Subscription.objects.filter(program__allow_customer_unavailability=True, ends_at=None).earliest("pk")


def _period() -> str:
    """A period of unavailability of the example customer's first device."""
    device = _subscription().location.devices.earliest("pk")
    if not device.unavailabilities.exists():
        now = clock.now()
        ends_at = now.replace(year=now.year + 1)
        schedule_unavailability(
            device_ids=[device.pk], starts_at=now, ends_at=ends_at, reason="Away", by="cora.csr", now=now
        )
    return str(Unavailability.objects.get(device=device).uid)


def _link() -> str:
    """A link to the example customer's own page."""
    customer = Customer.objects.get(locations=_subscription().location)
    return str(make_link(customer_id=customer.pk, by="cora.csr", now=clock.now()).uid)


def _participating() -> tuple[str, str]:
    row = Participation.objects.filter(program_event_id=_program_event().pk).order_by("device_id")[0]
    device = Device.objects.get(pk=row.device_id)
    return device.head_end, device.nic_id


def _dated_rules() -> str:
    """The day from which rules of next season hold in the example program."""
    program = _program_event().program
    if not program.dated_rules:
        dated = DatedRules(effective_on=date(2027, 6, 1), rules=program.rules)
        save_dated_rules(program_id=program.pk, replaces=None, dated=dated, by="pia.manager", now=clock.now())
    return "2027-06-01"


def _holiday() -> str:
    """A date of the utility's own."""
    day = date(2027, 6, 1)
    if not Holiday.objects.filter(day=day, is_own=True).exists():
        add_holiday(day=day, name="Founders' Day", by="pia.manager", now=clock.now())
    return str(day)


def _service_account() -> str:
    """An account of another system, as an administrator makes one."""
    owner = User.objects.get(username="pia.manager")
    made, _is_new = ServiceAccount.objects.get_or_create(name="Billing", defaults={"owner": owner})
    return made.client_id


def _key() -> str:
    """A personal key, as each person makes their own."""
    given = {"owner": User.objects.get(username="olive.operator"), "is_personal": True, "secret_at": clock.now()}
    made, _is_new = ServiceAccount.objects.get_or_create(name="olive.operator/backup", defaults=given)
    return made.client_id


def _webhook() -> Webhook:
    """A webhook that was told something, as an administrator makes one."""
    owner = User.objects.get(username="olive.operator")
    given = {"owner": owner, "url": "https://billing.example/hooks", "kinds": ["event"], "generation": 1}
    made, is_new = Webhook.objects.get_or_create(name="Billing", defaults=given)
    if is_new:
        data = {"event_uid": str(_event().uid), "event_number": _event().number, "state": "Completed"}
        WebhookNotice.objects.create(webhook=made, kind="event", type="event.state", subject="event", data=data)
    return made


def _zone() -> str:
    return f"zones/{ControlZone.objects.earliest('pk').pk}"


def _run(state: str = "Draft") -> SettlementRun:
    """A run of the example program event in a state."""
    if found := SettlementRun.objects.filter(method__name=state).first():
        return found
    event = _program_event()
    fields = {"name": state, "kind": "event", "currency": "USD", "starts_on": date(2020, 1, 1)}
    method = add_settlement_method(
        program_id=event.program_id, fields=fields, price=Decimal(2), hours=[], by="pia.manager", now=clock.now()
    )
    day = event.starts_at.astimezone(ZoneInfo(event.time_zone)).date()
    # As if the day were over.
    later = clock.now() + timedelta(days=2)
    run = make_settlement_run(
        method_id=method.pk, prices_id=method.prices.get().pk, starts_on=day, ends_on=day, by="paul.manager", now=later
    )
    reckon_settlement_run(run.pk, now=later)
    if state != "Draft":
        review_settlement_run(run_id=run.pk, revision=2, by="petra.manager", now=later)
    run.refresh_from_db()
    if state == "Approved":
        approve_settlement_run(run_id=run.pk, revision=3, amount=run.amount, by="petra.manager", now=later)
    return SettlementRun.objects.get(pk=run.pk)


def _line() -> str:
    line = SettlementLine.objects.filter(run_id=_run().pk).order_by("subject_id")[0]
    return f"settlement/{line.run_id}/lines/{line.program_event_id}/{line.subject_id}"


EXAMPLES: dict[str, Callable[[], str]] = {
    "settlement/methods/<int:pk>": lambda: f"settlement/methods/{_run().method_id}",
    "settlement/<int:pk>/lines/<int:event>/<int:subject>": _line,
    "settlement/<int:pk>/approve": lambda: f"settlement/{_run('Reviewed').pk}/approve",
    "settlement/<int:pk>/hand-over": lambda: f"settlement/{_run('Approved').pk}/hand-over",
    "settlement/<int:pk>": lambda: f"settlement/{_run().pk}",
    "enrollments/<int:pk>": lambda: f"enrollments/{_subscription().enrollment.pk}",
    "<path:document>": lambda: "how-to/csr",
    "meters/<id:number>": lambda: f"meters/{Meter.objects.earliest('pk').number}",
    "events/<id:number>/": lambda: f"events/{_event().number}/",
    "<uuid:stage_uid>": lambda: str(_event().stages.get(number=1).uid),
    "<id:event_number>": lambda: _program_event().event_number,
    "<int:stage_number>": lambda: "1",
    "<id:head_end>": lambda: _participating()[0],
    "<id:nic_id>": lambda: _participating()[1],
    "notices/<int:pk>": lambda: f"notices/{_webhook().notices.earliest('pk').pk}",
    "webhooks/<uuid:uid>": lambda: f"webhooks/{_webhook().uid}",
    "keys/<id:client_id>": lambda: f"keys/{_key()}",
    "service-accounts/<id:client_id>": lambda: f"service-accounts/{_service_account()}",
    "settings/users/<id:username>": lambda: f"settings/users/{User.objects.earliest('pk').username}",
    "<id:kind>/<int:pk>": _zone,
    "<id:kind>": lambda: "feeders",
    "<id:category>": lambda: "Economic",
    "strategies/<uuid:uid>": lambda: f"strategies/{Strategy.objects.filter(state='Active').earliest('pk').uid}",
    "messages/<uuid:uid>": lambda: f"messages/{Message.objects.filter(kind='device_reservation').latest('pk').uid}",
    "der-groups/<int:pk>": lambda: f"der-groups/{DerGroup.objects.earliest('pk').pk}",
    "holidays/<id:day>": lambda: f"holidays/{_holiday()}",
    "rules/<id:day>": lambda: f"rules/{_dated_rules()}",
    "programs/<id:code>": lambda: f"programs/{_program_event().program.code}",
    "program-types/<id:code>": lambda: f"program-types/{_program_event().program.type.code}",
}
EXAMPLES_CUSTOMER: dict[str, Callable[[], str]] = {
    "links/<uuid:uid>": lambda: f"links/{_link()}",
    "locations/<int:pk>": lambda: f"locations/{_subscription().location_id}",
    "devices/<int:pk>": lambda: f"devices/{_subscription().location.devices.earliest('pk').pk}",
    "programs/<id:code>": lambda: f"programs/{_subscription().program.code}",
    "<id:head_end>": lambda: _subscription().location.devices.earliest("pk").head_end,
    "<id:nic_id>": lambda: _subscription().location.devices.earliest("pk").nic_id,
    "<id:number>": lambda: Customer.objects.get(locations=_subscription().location).number,
    "<int:pk>": lambda: str(_subscription().pk),
    "<uuid:uid>": _period,
}
