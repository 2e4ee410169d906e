"""Whether devices can be reached: CPM asks Live Energy Connect, the answer comes back, and DERMS hears it too."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from cpm.models import DeviceStatus, Program, ProgramEvent, Transition
from cpm.models.customers import Device, SubscribedDevice
from cpm.operations import check_devices, check_unheard_devices, keep_device_status
from cpm.operations.device_status import AT_ONCE, NIGHTLY
from cpm.queries import last_heard
from cpm.set_operations import outcome_partition
from derms import models as derms
from derms.operations import hear_devices
from integration.seam import clock
from integration.seam.messages import DeviceStatus as DeviceStatusMessage
from integration.seam.models import Message
from integration.seam.settling import settle
from integration.seam.sql import execute
from lec_sim.choices import Fault
from lec_sim.models import HeadEndProfile
from tests import factories

pytestmark = pytest.mark.django_db
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def fleet(zone: derms.ControlZone, program: derms.Program, now: datetime) -> list[Device]:
    """Three devices behind HE1, which all answer."""
    factories.fleet(zone, program, 3, since=now - 30 * DAY)
    HeadEndProfile.objects.create(head_end="HE1", offline_share=0, reject_share=0)
    return list(Device.objects.order_by("pk"))


def keys(devices: Sequence[Device]) -> list[tuple[str, str]]:
    return [(device.head_end, device.nic_id) for device in devices]


def answer(status: str, at: datetime, nic_id: str = "N0000001") -> DeviceStatusMessage:
    found = [{"head_end": "HE1", "nic_ids": [nic_id], "status": status}]
    return DeviceStatusMessage.model_validate({"check_uid": uuid4(), "at": at, "devices": found})


def answers() -> dict[str, str]:
    return dict(DeviceStatus.objects.values_list("device__nic_id", "answer"))


def silence(silent_run: int, called_on: str) -> None:
    execute(
        "UPDATE derms_candidate SET silent_run = %(run)s, last_called_on = %(day)s, rate_n = 4, rate_sum = 2,"
        " rate_pm = derms_rate_pm(0, 0, 4, 2, %(run)s)",
        {"run": silent_run, "day": called_on},
    )


# --- Question and answer ------------------------------------------------------------------------------------------


def test_a_check_of_many_is_one_message_each_way_and_stays_with_the_devices(fleet: list[Device], now: datetime) -> None:
    assert check_devices(devices=keys(fleet), by="cora.csr", now=now) == 3
    waiting = DeviceStatus.objects.get(device=fleet[0])
    assert (waiting.asked_by, waiting.asked_at, waiting.answer, waiting.is_waiting) == ("cora.csr", now, "", True)

    settle()

    assert [*Message.objects.order_by("pk").values_list("kind", "sender")] == [
        ("device_status_check", "cpm"),
        ("device_status", "lec"),
    ]
    assert answers() == {"N0000001": "online", "N0000002": "online", "N0000003": "online"}
    kept = DeviceStatus.objects.get(device=fleet[0])
    assert kept.answered_at is not None
    assert kept.answered_at == kept.heard_at == derms.HeardDevice.objects.get(device__nic_id="N0000001").at


def test_a_device_that_is_off_is_offline_and_was_not_heard(fleet: list[Device], now: datetime) -> None:
    HeadEndProfile.objects.update(offline_share=1)
    check_devices(devices=keys(fleet[:1]), by="cora.csr", now=now)
    settle()

    kept = DeviceStatus.objects.get()
    assert (kept.answer, kept.heard_at) == ("offline", None)
    known = derms.HeardDevice.objects.get()
    assert (known.answer, known.answered_at, known.at) == ("offline", kept.answered_at, None)


@pytest.mark.parametrize("why", ["offline", "not known"])
def test_nobody_can_say_anything_of_devices_behind_a_head_end_that_is_gone(
    fleet: list[Device], now: datetime, why: str
) -> None:
    if why == "offline":
        HeadEndProfile.objects.update(fault=Fault.OFFLINE)
    else:
        HeadEndProfile.objects.all().delete()
    check_devices(devices=keys(fleet), by="cora.csr", now=now)
    settle()

    assert {*answers().values()} == {"unknown"}


def test_as_many_are_offline_as_are_silent_when_called(
    zone: derms.ControlZone, program: derms.Program, now: datetime
) -> None:
    factories.fleet(zone, program, 2000, since=now - DAY)
    HeadEndProfile.objects.create(head_end="HE1", offline_share=0.25, reject_share=0)
    check_devices(devices=keys(list(Device.objects.all())), by="cora.csr", now=now)
    settle()

    assert 430 <= DeviceStatus.objects.filter(answer="offline").count() <= 570
    assert Message.objects.count() == 2


def test_devices_that_are_not_installed_or_not_there_are_left_out(fleet: list[Device], now: datetime) -> None:
    Device.objects.filter(pk=fleet[0].pk).update(ended_at=now)
    named = [*keys(fleet[:2]), ("HE1", "NOWHERE")]
    assert check_devices(devices=named, by="cora.csr", now=now) == 1
    assert check_devices(devices=named[:1], by="cora.csr", now=now) == 0
    assert Message.objects.count() == 1


def test_an_answer_to_an_earlier_question_only_tells_that_the_device_was_heard(
    fleet: list[Device], now: datetime
) -> None:
    check_devices(devices=keys(fleet[:1]), by="cora.csr", now=now)
    earlier = DeviceStatus.objects.get().check_uid
    check_devices(devices=keys(fleet[:1]), by="pia.manager", now=now + MINUTE)

    late = answer("online", now + MINUTE).model_copy(update={"check_uid": earlier})
    assert keep_device_status(late).applied == 1
    kept = DeviceStatus.objects.get()
    assert (kept.asked_by, kept.is_waiting, kept.heard_at) == ("pia.manager", True, now + MINUTE)

    keep_device_status(late.model_copy(update={"at": now}))
    assert DeviceStatus.objects.get().heard_at == now + MINUTE


# --- Each night ---------------------------------------------------------------------------------------------------


def test_each_night_devices_are_asked_about_that_no_check_has_heard_for_a_week(
    fleet: list[Device], now: datetime
) -> None:
    check_devices(devices=keys(fleet[:2]), by="cora.csr", now=now - 10 * DAY)
    DeviceStatus.objects.filter(device=fleet[0]).update(heard_at=now - 6 * DAY)
    DeviceStatus.objects.filter(device=fleet[1]).update(heard_at=now - 8 * DAY)

    check_unheard_devices(now=now)

    asked = DeviceStatus.objects.filter(asked_by=NIGHTLY).order_by("device_id")
    assert [status.device_id for status in asked] == [fleet[1].pk, fleet[2].pk]
    sent = Message.objects.count()
    check_unheard_devices(now=now + MINUTE)  # somebody has just asked about them
    assert Message.objects.count() == sent


def test_at_night_nobody_is_asked_about_devices_that_take_part_in_nothing(fleet: list[Device], now: datetime) -> None:
    SubscribedDevice.objects.filter(device=fleet[0]).update(answer="Error")
    Device.objects.filter(pk=fleet[1].pk).update(ended_at=now)
    check_unheard_devices(now=now)
    assert [status.device_id for status in DeviceStatus.objects.all()] == [fleet[2].pk]


def test_many_devices_are_asked_about_in_blocks(
    fleet: list[Device], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert AT_ONCE == 5000
    monkeypatch.setattr("cpm.operations.device_status.AT_ONCE", 2)
    check_unheard_devices(now=now)
    assert Message.objects.filter(kind="device_status_check").count() == 2
    settle()
    assert {*answers().values()} == {"online"}


# --- Taking part again --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("fleet")
def test_a_silent_device_that_is_online_takes_part_again_at_its_former_rate(now: datetime) -> None:
    silence(3, "2026-07-21")
    assert {*derms.Candidate.objects.values_list("rate_pm", flat=True)} == {0}

    hear_devices(answer("online", now))

    heard = derms.Device.objects.get(nic_id="N0000001").pk
    rows = dict(derms.Candidate.objects.values_list("device_id", "silent_run"))
    assert (rows.pop(heard), {*rows.values()}) == (0, {3})
    # Five responses at 0.8 and four that add up to 2: (5 * 0.8 + 2) / 9.
    assert derms.Candidate.objects.get(device_id=heard).rate_pm == 667


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("status", ["offline", "unknown"])
def test_a_silent_device_that_is_not_online_stays_out(now: datetime, status: str) -> None:
    silence(3, "2026-07-21")
    hear_devices(answer(status, now))
    assert {*derms.Candidate.objects.values_list("silent_run", flat=True)} == {3}
    assert derms.HeardDevice.objects.get().answer == status


@pytest.mark.usefixtures("fleet")
def test_derms_keeps_the_latest_answer_and_when_it_was_last_online(now: datetime) -> None:
    for said, at in (("online", now), ("offline", now + HOUR), ("unknown", now - HOUR)):
        hear_devices(answer(said, at))
    known = derms.HeardDevice.objects.get()
    assert (known.answer, known.answered_at, known.at) == ("offline", now + HOUR, now)


@pytest.mark.usefixtures("fleet")
def test_an_answer_from_before_the_last_call_does_not_end_the_silence(now: datetime) -> None:
    silence(3, "2026-07-21")
    hear_devices(answer("online", datetime.fromisoformat("2026-07-20T12:00:00Z")))
    assert {*derms.Candidate.objects.values_list("silent_run", flat=True)} == {3}


# --- Pages --------------------------------------------------------------------------------------------------------


def test_a_csr_asks_on_the_customers_page_and_sees_who_asked_and_what_was_answered(
    fleet: list[Device], csr: object, client: Client
) -> None:
    client.force_login(csr)  # type: ignore[arg-type]
    page = f"/customers/{fleet[0].location.customer.number}/"
    assert "Check status" in client.get(page).content.decode()

    posted = client.post("/devices/check/", {"device": "HE1/N0000001", "back": page})

    assert (posted.status_code, posted["Location"]) == (302, page)
    text = client.get(page).content.decode()
    assert "asked, no answer yet" in text
    assert 'hx-trigger="every 3s"' in text
    assert f'hx-get="{page}?part=locations"' in text
    settle()
    part = client.get(f"{page}?part=locations", headers={"HX-Request": "true"}).content.decode()
    assert "Online" in part
    assert "<html" not in part
    assert 'hx-trigger="every 3s"' not in part
    device_page = client.get(f"{page}devices/{fleet[0].pk}/edit/").content.decode()
    assert "Online" in device_page
    assert "Check status" in device_page


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example/", ""])
def test_one_comes_back_to_an_own_page_only(fleet: list[Device], csr: object, client: Client, back: str) -> None:
    client.force_login(csr)  # type: ignore[arg-type]
    posted = client.post("/devices/check/", {"device": f"HE1/{fleet[0].nic_id}", "back": back})
    assert posted["Location"] == "/"


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        ("", "No device was chosen"),
        ("HE1/NOWHERE", "None of these devices is installed"),
        ("no key", "No device was chosen"),
    ],
)
@pytest.mark.usefixtures("fleet")
def test_choosing_nothing_asks_nobody_and_says_so(csr: object, client: Client, device: str, sentence: str) -> None:
    client.force_login(csr)  # type: ignore[arg-type]
    page = client.post("/devices/check/", {"device": device} if device else {}, follow=True)
    assert sentence in page.content.decode()
    assert not Message.objects.exists()


def test_the_answer_has_the_moment_at_which_it_was_given(fleet: list[Device], now: datetime) -> None:
    before = clock.now()
    check_devices(devices=keys(fleet[:1]), by="cora.csr", now=now)
    settle()
    kept = DeviceStatus.objects.get()
    assert kept.answered_at is not None
    assert before <= kept.answered_at <= clock.now()


# --- Last heard ---------------------------------------------------------------------------------------------------


def test_cpm_knows_when_a_device_was_last_heard_by_a_report_or_a_check(fleet: list[Device], now: datetime) -> None:
    first, second, third = fleet
    program = Program.objects.get()
    event = ProgramEvent.objects.create(
        stage_uid=uuid4(), event_uid=uuid4(), event_number="DR-1", event_name="Heat", stage_number=1, program=program,
        category="Device Test", time_zone="America/New_York", starts_at=now - 3 * HOUR, ends_at=now - HOUR, revision=1,
        started_at=now - 3 * HOUR, state="Completed", participations=3, closed=3,
    )  # fmt: skip
    Transition.objects.create(program_event=event, revision=1, to_state="Completed", at=now, by="DERMS")
    partition = outcome_partition(event)
    partition.create()
    partition.execute(
        "INSERT INTO {table} (program_event_id, device_id, code, started_at, ended_at, reduction_w, error) VALUES"
        " (%s, %s, 'D1SP', %s, %s, 800, ''), (%s, %s, 'D1ND', NULL, NULL, 0, ''), (%s, %s, 'D1ER', NULL, NULL, 0, '')",
        [event.pk, first.pk, event.starts_at, event.ends_at, event.pk, second.pk, event.pk, third.pk],
    )
    partition.finish(("program_event_id", "device_id"))
    partition.attach()
    assert last_heard(fleet) == {first.pk: now - HOUR, third.pk: now - 3 * HOUR}

    check_devices(devices=keys(fleet), by="cora.csr", now=now)
    settle()
    assert last_heard([second]) == {second.pk: DeviceStatus.objects.get(device=second).heard_at}
    assert last_heard([first])[first.pk] > now - HOUR
