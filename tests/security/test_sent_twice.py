"""A form's key belongs to one person, page and content; limits count every request, however many come at once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from cpm.models.customers import Customer
from cpm.operations import make_link
from derms.models import DerGroup
from integration.console.models import User
from integration.pages.limits import is_over
from integration.seam import clock
from integration.seam.models import RequestAnswer
from integration.seam.request_answers import forget_answers
from tests import factories
from tests.threads import run_together

pytestmark = pytest.mark.django_db
NEW = "/der-groups/new/"


def group(name: str, key: uuid.UUID) -> dict[str, str]:
    return {"name": name, "device_class": "thermostat", "request_key": str(key)}


def test_the_same_form_sent_twice_acts_once(client: Client, operator: User) -> None:
    client.force_login(operator)
    key = uuid.uuid4()
    first, again = (client.post(NEW, group("Homes", key)) for _ in range(2))
    assert first.status_code == again.status_code == 302
    assert first["Location"] == again["Location"]
    assert DerGroup.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_by_many_clicks_at_once_acts_once(operator: User) -> None:
    key, clients = uuid.uuid4(), [Client() for _ in range(6)]
    for one in clients:
        one.force_login(operator)
    answers = run_together(*(partial(one.post, NEW, group("Homes", key)) for one in clients))
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, answers[0]["Location"])}
    assert DerGroup.objects.count() == 1


def test_the_answer_to_a_form_sent_twice_is_a_whole_address(client: Client, operator: User) -> None:
    """A list with a long filter once led to an address that was cut off in the middle."""
    client.force_login(operator)
    form = {"request_key": str(uuid.uuid4()), "back": f"/devices/?q={'N' * 400}"}
    first, again = (client.post("/devices/check/", form) for _ in range(2))
    assert (first["Location"], again["Location"]) == (form["back"], "/devices/")


def test_a_changed_form_with_an_old_key_is_refused_with_a_sentence(client: Client, operator: User) -> None:
    client.force_login(operator)
    key = uuid.uuid4()
    client.post(NEW, group("Homes", key))
    changed = client.post(NEW, group("Houses", key))
    assert changed.status_code == 409
    assert "already sent, with other contents" in changed.content.decode()
    assert DerGroup.objects.get().name == "Homes"


def test_another_file_of_the_same_name_and_size_is_other_contents(client: Client, administrator: User) -> None:
    """Back, one digit corrected, Send: the old file was once checked and applied."""
    client.force_login(administrator)
    key, answers = str(uuid.uuid4()), []
    for limit in ("1000", "2000"):
        text = f"zone,zone_name,time_zone,limit_kw\nEAST,East,America/New_York,{limit}\n"
        file = SimpleUploadedFile("zones.csv", text.encode())
        answers.append(client.post("/imports/new/", {"kind": "zones", "file": file, "request_key": key}))
    assert [answer.status_code for answer in answers] == [302, 409]


def test_another_persons_key_returns_nothing_of_theirs(operator: User, administrator: User) -> None:
    key, first, second = uuid.uuid4(), Client(), Client()
    first.force_login(operator)
    first.post(NEW, group("Homes", key))
    second.force_login(administrator)
    answer = second.post(NEW, group("Homes", key))
    assert answer.status_code in (403, 409)
    assert "Location" not in answer


def test_a_customers_own_address_is_not_kept(client: Client, customer_page: str) -> None:
    client.post(f"{customer_page}unavailability/", {"request_key": str(uuid.uuid4())})
    assert not RequestAnswer.objects.filter(location__contains="my-devices").exists()


def test_answers_are_forgotten_after_a_day(client: Client, operator: User) -> None:
    client.force_login(operator)
    client.post(NEW, group("Homes", uuid.uuid4()))
    forget_answers(now=clock.now() + timedelta(hours=23))
    assert RequestAnswer.objects.count() == 1
    forget_answers(now=clock.now() + timedelta(hours=25))
    assert not RequestAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_limit_counts_requests_that_come_at_once() -> None:
    def one(_number: int) -> bool:
        try:
            return is_over("test", "somebody", per_minute=60)
        finally:
            connection.close()

    began = clock.now()
    with ThreadPoolExecutor(12) as pool:
        passed = sum(not over for over in pool.map(one, range(150)))
    minutes = (clock.now() - began.replace(second=0, microsecond=0)).total_seconds() // 60 + 1
    assert passed == 60 * minutes


@pytest.fixture
def customer_page(zone: object, program: object) -> str:
    factories.fleet(zone, program, 1, since=clock.now() - timedelta(days=30))  # type: ignore[arg-type]
    link = make_link(customer_id=Customer.objects.get().pk, by="cora", now=clock.now())
    return f"/my-devices/{link.token}/"
