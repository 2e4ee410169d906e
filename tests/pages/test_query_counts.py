"""The maximum number of queries per page: a page that needs more fails, so that none queries once per row."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integration.console.models import User
from tests.security.test_permissions import MAY

from .examples import PEOPLE, example_of, pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]

QUERIES: dict[str, int] = {
    "": 25,
    "alerts/": 10,
    "audit-trail/": 15,  # two for each kind of versions that the page shows
    "customers/": 9,
    "customers/<id:number>/": 35,
    "customers/<id:number>/delete/": 14,
    "customers/<id:number>/devices/<int:pk>/delete/": 12,
    "customers/<id:number>/devices/<int:pk>/edit/": 12,
    "customers/<id:number>/edit/": 8,
    "customers/<id:number>/locations/<int:pk>/delete/": 11,
    "customers/<id:number>/locations/<int:pk>/devices/new/": 7,
    "customers/<id:number>/locations/<int:pk>/meters/new/": 9,
    "customers/<id:number>/locations/<int:pk>/edit/": 8,
    "customers/<id:number>/locations/new/": 7,
    "customers/new/": 6,
    "customers/<id:number>/devices/<id:head_end>/<id:nic_id>/replace/": 11,
    "customers/<id:number>/enroll/": 12,
    "customers/<id:number>/links/<uuid:uid>/": 8,
    "customers/<id:number>/locations/<int:pk>/move-out/": 12,
    "customers/<id:number>/locations/<int:pk>/programs/<id:code>/enroll/": 10,
    "customers/<id:number>/subscriptions/<int:pk>/": 12,
    "customers/<id:number>/subscriptions/<int:pk>/location/": 14,
    "customers/<id:number>/unavailability/<uuid:uid>/cancel/": 8,
    "customers/<id:number>/unavailability/<uuid:uid>/edit/": 10,
    "der-groups/": 15,
    "der-groups/<int:pk>/": 16,
    "der-groups/<int:pk>/devices/": 13,
    "der-groups/new/": 14,
    "calls/": 13,
    "calls/never-answer/": 14,
    "forecast/": 16,
    "reserve/": 12,
    "devices/": 15,
    "devices/<id:head_end>/<id:nic_id>/": 26,
    "enrollments/": 10,
    "enrollments/<int:pk>/": 10,
    "enrollments/<int:pk>/add-device/": 8,
    "enrollments/<int:pk>/cancel/": 8,
    "enrollments/<int:pk>/unenroll/": 12,
    "enrollments/<int:pk>/validate/": 8,
    "events/": 15,
    "events/<id:number>/": 26,
    "events/<id:number>/abort/": 20,
    "events/<id:number>/approve/": 28,
    "events/<id:number>/cancel/": 16,
    "events/<id:number>/clone/": 13,
    "events/<id:number>/deny/": 13,
    "events/<id:number>/edit/": 14,
    "events/<id:number>/report/": 26,
    "events/<id:number>/stages/<int:stage_number>/": 13,
    "events/<id:number>/stages/<int:stage_number>/cancel/": 18,
    "events/<id:number>/submit/": 26,
    "events/new/": 19,
    "find/": 9,
    "help/<path:document>/": 9,
    "help/api/operations/": 9,
    "grid/": 13,
    "grid/<id:kind>/": 13,
    "grid/<id:kind>/<int:pk>/": 13,
    "grid/<id:kind>/<int:pk>/delete/": 22,
    "grid/<id:kind>/new/": 13,
    "imports/": 9,
    "imports/new/": 8,
    "live-energy-connect/": 15,
    "live-energy-connect/head-ends/<id:head_end>/": 14,
    "live-energy-connect/head-ends/<id:head_end>/fault/": 11,
    "live-energy-connect/head-ends/<id:head_end>/try/": 11,
    "live-energy-connect/stages/<uuid:stage_uid>/not-answered/": 14,
    "messages/": 19,
    "messages/<uuid:uid>/": 13,
    "profile/": 11,
    "program-events/": 10,
    "program-events/<id:event_number>/<int:stage_number>/": 11,
    "program-events/<id:event_number>/<int:stage_number>/reductions/": 9,
    "program-events/<id:event_number>/<int:stage_number>/participation/<id:head_end>/<id:nic_id>/": 19,
    "program-events/<id:event_number>/measured/": 20,
    "program-events/<id:event_number>/measured/again/": 14,
    "program-events/participation/": 14,  # one for each program event searched until the page is full
    "program-types/<id:code>/": 12,
    "program-types/new/": 11,
    "meters/": 10,
    "meters/<id:number>/": 16,
    "meters/<id:number>/edit/": 12,
    "meters/<id:number>/exchange/": 12,
    "holidays/": 14,
    "holidays/<id:day>/remove/": 11,
    "holidays/new/": 10,
    "programs/": 10,
    "programs/<id:code>/baselines/": 12,
    "programs/<id:code>/season/": 14,
    "programs/<id:code>/": 16,
    "programs/<id:code>/resume/": 11,
    "programs/<id:code>/rules/<id:day>/": 11,
    "programs/<id:code>/rules/<id:day>/remove/": 11,
    "programs/<id:code>/rules/new/": 11,
    "programs/<id:code>/suspend/": 12,
    "programs/new/": 12,
    "settlement/": 9,
    "settlement/new/": 9,
    "settlement/methods/": 10,
    "settlement/methods/<int:pk>/": 12,
    "settlement/methods/<int:pk>/prices/new/": 9,
    "settlement/<int:pk>/": 14,
    "settlement/<int:pk>/lines/": 14,
    "settlement/<int:pk>/lines/<int:event>/<int:subject>/": 14,
    "settlement/<int:pk>/review/": 10,
    "settlement/<int:pk>/approve/": 10,
    "settlement/<int:pk>/hand-over/": 10,
    "settlement/<int:pk>/cancel/": 10,
    "programs/<id:code>/settlement/new/": 9,
    "profile/keys/": 10,
    "set-up/": 25,
    "settings/event-types/": 8,
    "settings/event-types/<id:category>/": 9,
    "settings/service-accounts/": 9,
    "settings/service-accounts/<id:client_id>/": 12,
    "settings/service-accounts/<id:client_id>/secret/": 9,
    "settings/service-accounts/new/": 9,
    "settings/webhooks/": 9,
    "settings/webhooks/<uuid:uid>/": 14,
    "settings/webhooks/<uuid:uid>/edit/": 12,
    "settings/webhooks/<uuid:uid>/notices/<int:pk>/redeliver/": 9,
    "settings/webhooks/<uuid:uid>/secret/": 9,
    "settings/webhooks/<uuid:uid>/test/": 9,
    "settings/webhooks/new/": 9,
    "settings/users/": 9,
    "settings/users/<id:username>/": 12,
    "settings/users/new/": 9,
    "strategies/": 12,
    "strategies/<uuid:uid>/": 22,
    "strategies/new/": 16,
}


def queries_of(address: str) -> int:
    client = Client()
    client.force_login(User.objects.get(username=PEOPLE[MAY[address][0]]))
    path = example_of(address)
    client.get(path)  # so that what a process queries only once is not counted
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path)
    assert answer.status_code == 200, path
    return len(asked)


@pytest.mark.parametrize("address", pages())
def test_a_page_asks_no_more_than_it_did(address: str) -> None:
    assert address in QUERIES, f'A new page: write "{address}": {queries_of(address)} into QUERIES.'
    assert queries_of(address) <= QUERIES[address], "The page asks more than before: per row? Or mend the number here."


def test_only_pages_that_exist_are_counted() -> None:
    assert set(QUERIES) == set(pages())
