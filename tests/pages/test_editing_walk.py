"""Every form of the project either names what the person saw, or is in a list here with the reason why it needn't."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from cpm.models import Participation, SelfServiceLink
from cpm.models.customers import Customer, Device, DeviceLocation, Subscription
from cpm.models.enrollments import Enrollment
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program, ProgramType
from cpm.operations import add_holiday, choose_country, enroll, make_link, save_meter, schedule_unavailability
from derms.models import DerGroup, Event, Strategy
from integration.console.models import User
from integration.seam.alerts import raise_alert
from integration.seam.models import Alert, Delivery, DueWork, Webhook
from integration.seam.service_accounts import ServiceAccount
from integration.seam.settling import settle
from lec_sim.models import HeadEndProfile
from tests.pages.editing import SentForms
from tests.security.test_permissions import CUSTOMER, EVENT, MAY, PARTICIPATION

HOUR = timedelta(hours=1)
METER = {"number": "M-1", "interval_s": 900, "starts_at": datetime(2026, 1, 1, tzinfo=UTC)}
SAYS_WHAT_WAS_SEEN = {"version"}
EVENT_SEEN = re.compile(r"DR-\d{4}-\d+@\d+")
NEW = "makes something new"
ONCE = "is only done once: somebody who comes later hears that it is done, and changes nothing"
OWN_PAGE = "my-devices/<id:token>/"
UNOPENED = (
    "live/", "help/", "logo", "imports/<uuid:uid>/", "account/oidc/",
    "settlement/<int:pk>/", "settlement/methods/<int:pk>/",
)  # fmt: skip
NEED_NOT = {
    "events/new/": NEW,
    "strategies/new/": NEW,
    "der-groups/new/": NEW,
    "grid/<id:kind>/new/": NEW,
    "imports/new/": NEW,
    "program-events/<id:event_number>/measured/again/": NEW,
    "programs/<id:code>/baselines/": NEW,  # a version; it carries the number of the last one that was seen
    "programs/new/": NEW,
    "program-types/new/": NEW,
    "settings/users/new/": NEW,
    "settings/service-accounts/new/": NEW,
    "settings/webhooks/new/": NEW,
    "profile/keys/<id:client_id>/revoke/": ONCE,
    "settings/webhooks/<uuid:uid>/test/": NEW,
    "settings/webhooks/<uuid:uid>/notices/<int:pk>/discard/": ONCE,
    "settings/webhooks/<uuid:uid>/notices/<int:pk>/redeliver/": ONCE,
    "customers/new/": NEW,
    "holidays/new/": NEW,
    "settlement/new/": NEW,
    "programs/<id:code>/settlement/new/": NEW,
    "holidays/<id:day>/remove/": ONCE,
    CUSTOMER + "locations/new/": NEW,
    CUSTOMER + "locations/<int:pk>/devices/new/": NEW,
    CUSTOMER + "locations/<int:pk>/meters/new/": NEW,
    CUSTOMER + "links/<uuid:uid>/revoke/": ONCE,
    CUSTOMER + "locations/<int:pk>/programs/<id:code>/enroll/": NEW,
    CUSTOMER + "locations/<int:pk>/move-out/": ONCE,
    CUSTOMER + "devices/<id:head_end>/<id:nic_id>/replace/": ONCE,
    CUSTOMER + "subscriptions/<int:pk>/location/": NEW,
    OWN_PAGE + "unavailability/": NEW,
    OWN_PAGE + "events/<id:event_number>/<int:stage_number>/<id:head_end>/<id:nic_id>/opt-out/": ONCE,
    "deliveries/<int:pk>/retry/": ONCE,
    "deliveries/<int:pk>/discard/": ONCE,
    "due-work/<int:pk>/retry/": ONCE,
    "alerts/<int:pk>/acknowledge/": ONCE,
    "alerts/<int:pk>/archive/": ONCE,
}


MINE = "belongs to the person alone"
NO_PAGES = {
    "first-administrator/": NEW,
    "set-up/test-message/": ONCE,
    "profile/keys/new/": NEW,  # it takes a second factor: test_keys.py
    "saved-views/add/": MINE,
    "saved-views/<int:pk>/remove/": MINE,
    "events/new/check/": "changes nothing",
    "events/new/keep/": MINE,
    "events/new/discard/": MINE,
    EVENT + "check/": "changes nothing",
    "events/actions/<id:verb>/": "carries what was seen of each event: test_seen_revision.py",
    PARTICIPATION + "opt-out/": ONCE,
    CUSTOMER + "links/add/": NEW,
    "devices/check/": "asks, and changes nothing",
    OWN_PAGE + "locations/<int:pk>/programs/<id:code>/apply/": NEW,
}


# What is the same each time.
PLACES = {
    "programs/<id:code>": "programs/COOL",
    "program-types/<id:code>": "program-types/TYPE",
    "<int:stage_number>": "1",
    "<id:category>": "Device%20Test",
    "<id:username>": "cora",
    "head-ends/<id:head_end>": "head-ends/HE1",
    "<id:verb>": "clone",
    "<id:day>": "2027-06-01",
    "meters/<id:number>": "meters/M-1",
    "saved-views/<int:pk>": "saved-views/1",
}


@pytest.fixture
def place(event_in: Callable[..., Event], administrator: User, csr: User, now: datetime) -> Callable[[str], str]:
    """Fills addresses with the objects of a small utility in which something of everything exists."""
    administrator.is_superuser = True
    administrator.save()
    ServiceAccount.objects.create(name="Billing", owner=administrator)
    ServiceAccount.objects.create(name="adam/backup", owner=administrator, is_personal=True)
    told = {"owner": administrator, "url": "https://billing.example/", "generation": 1}
    Webhook.objects.create(name="Billing", **told).notices.create(kind="event", type="event.state", subject="", data={})
    Program.objects.update(allow_customer_unavailability=True)
    ProgramType.objects.update(allow_to_opt_out=True)
    dated = [{"effective_on": "2027-06-01", "expires_on": None, "rules": {}}]
    Program.objects.update(dated_rules_data=dated)
    event_in("New")  # Edit of the other one is locked
    event = event_in("Scheduled")
    settle()
    DerGroup.objects.create(name="Old town")
    HeadEndProfile.objects.get_or_create(head_end="HE1")
    stage = ProgramEvent.objects.get()
    row = Participation.objects.filter(program_event_id=stage.pk).order_by("device_id")[0]
    device = Device.objects.get(pk=row.device_id)
    customer = Customer.objects.get(locations=device.location)
    later = {"starts_at": now + 100 * HOUR, "ends_at": now + 101 * HOUR}
    (period,) = schedule_unavailability(device_ids=[device.pk], **later, reason="Away", by="cora", now=now)
    other = DeviceLocation.objects.get(pk=device.location_id)
    other.pk, other.service_point = None, "SP-OTHER"
    other.save()
    applied = {
        "customer_id": customer.pk,
        "location_id": other.pk,
        "program_id": Subscription.objects.first().program_id,
    }
    enroll(**applied, device_ids=[], supply="ship", by="cora", now=now, validates=False)
    link = make_link(customer_id=customer.pk, by="cora", now=now)
    choose_country(country="", part="", by="pia", now=now)
    save_meter(meter_id=None, location_id=device.location_id, fields=METER, by="cora", now=now)
    add_holiday(day=date(2027, 6, 1), name="Founders' Day", by="pia", now=now)
    raise_alert("a key", kind="dead_letter", priority=1, text="An alert")
    DueWork.objects.create(name="seal history", queue="small", dead_at=now)
    return _filler(event, stage, device, customer, str(period.uid), link)


def _filler(
    event: Event, stage: ProgramEvent, device: Device, customer: Customer, period: str, link: SelfServiceLink
) -> Callable[[str], str]:
    places = {
        **PLACES,
        "strategies/<uuid:uid>": f"strategies/{Strategy.objects.get().uid}",
        "links/<uuid:uid>": f"links/{link.uid}",
        "messages/<uuid:uid>": f"messages/{Delivery.objects.earliest('pk').message.uid}",
        "deliveries/<int:pk>": f"deliveries/{Delivery.objects.earliest('pk').pk}",
        "alerts/<int:pk>": f"alerts/{Alert.objects.filter(closed_at=None).latest('pk').pk}",
        "der-groups/<int:pk>": f"der-groups/{DerGroup.objects.get().pk}",
        "locations/<int:pk>": f"locations/{device.location_id}",
        "devices/<int:pk>": f"devices/{device.pk}",
        "enrollments/<int:pk>": f"enrollments/{Enrollment.objects.latest('pk').pk}",
        "subscriptions/<int:pk>": f"subscriptions/{Subscription.objects.get(location=device.location).pk}",
        "due-work/<int:pk>": f"due-work/{DueWork.objects.earliest('pk').pk}",
        "unavailability/<uuid:uid>": f"unavailability/{period}",
        "webhooks/<uuid:uid>": f"webhooks/{Webhook.objects.get().uid}",
        "notices/<int:pk>": f"notices/{Webhook.objects.get().notices.get().pk}",
        "customers/<id:number>": f"customers/{customer.number}",
        "events/<id:number>/edit": f"events/{Event.objects.get(state='New').number}/edit",
        "keys/<id:client_id>": f"keys/{ServiceAccount.objects.get(is_personal=True).client_id}",
        "<id:client_id>": ServiceAccount.objects.get(is_personal=False).client_id,
        "<uuid:stage_uid>": str(stage.stage_uid),
        "<id:number>": event.number,
        "<id:event_number>": stage.event_number,
        "<id:nic_id>": device.nic_id,
        "<id:head_end>": device.head_end,
        "<id:token>": link.token,
        "<id:kind>/<int:pk>": f"zones/{event.zone_id}",
        "<id:kind>": "zones",
    }

    def fill(address: str) -> str:
        for name, value in places.items():
            address = address.replace(name, value)
        return "/" + address

    return fill


def test_every_form_says_what_the_person_saw_or_need_not(place: Callable[[str], str], administrator: User) -> None:
    client = Client()
    client.force_login(administrator)
    silent, seen, unopened = set(), set(), set()
    for address in MAY:
        # Pages of a file's run open once a file was sent: tests/importing/test_pages.py.
        # That of the OpenID provider opens where there is one: tests/openid.
        # Those of a settlement run open once there is one: tests/cpm/test_settlement_pages.py.
        if address.startswith(UNOPENED) or address.endswith("export/"):
            continue
        answer = client.get(place(address))
        assert answer.status_code < 400 or answer.status_code in (405, 409), (address, answer.status_code)
        if answer.status_code != 200:
            unopened.add(address)
            continue
        for form in SentForms(answer.content.decode()).found:
            says = SAYS_WHAT_WAS_SEEN & form.keys() or any(map(EVENT_SEEN.fullmatch, form.get("seen", [])))
            (seen if says else silent).add(address)
    assert silent == NEED_NOT.keys()
    assert unopened == NO_PAGES.keys()
    assert {EVENT + "edit/", "strategies/<uuid:uid>/archive/", CUSTOMER + "unavailability/<uuid:uid>/cancel/"} <= seen
