"""The reference system's interfaces about enrollments: one a call, once a transaction, with the checks of the pages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cpm.models import Customer, Device, Enrollment
from cpm.models.programs import Program
from integration.console.models import User
from integration.seam import clock
from integration.seam.settling import settle
from tests import factories

from .conftest import Made, bearer

pytestmark = pytest.mark.django_db(transaction=True)
ASSETS = "/rest/apis/cross/digitalAssets/"
ENROLL, UNENROLL = "programEnrollments/enroll", "programEnrollments/unenroll"
ENROLL_DEVICE = "programEnrollments/enrollDevice"
QUESTIONS = "programEligibilityAndQualification/COOL/qualificationQuestions"
# As the mapping of the reference system's DERMS writes one; most of it is not kept here.
PUBLISHED = {
    "transactionId": "a7d1",
    "enrollmentSource": "X1BY",
    "customerInfo": {"cisPersonId": None, "cisAccountId": "NH1", "name": "Doe, Jane", "email": "jane@example.invalid"},
    "programInfo": {"programCode": "COOL", "startDate": "2026-07-01", "cisServiceAgreementId": ""},
    "locationInfo": {"cisServicePointId": "SP-1", "timeZone": "America/New_York", "address1": "1 Test Street"},
    "assetInfo": {
        "installationMethod": "X1SI",
        "assetOwnership": "W1CO",
        "assetList": [{"sequence": 1, "nicId": "T9", "headEndSystem": "HE1", "badgeNo": ""}],
    },
}
THERMOSTAT = {"assetType": "Thermostat", "specification": "Warm 3", "ratedPowerW": 900}


@pytest.fixture(autouse=True)
def household(program: Any, zone: Any) -> Customer:
    """A customer with a place and an installed thermostat, who is in no program; and another who is."""
    factories.fleet(zone, program, 1, since=clock.now() - timedelta(days=30))
    made = Customer.objects.create(number="H1", name="Testa", account="NH1", email="h@example.invalid", phone="555")
    grid = {"zone": zone.code, "substation": "NORTH-S1", "feeder": "NORTH-F1", "transformer": "NORTH-T1"}
    place = made.locations.create(address="1 Test Street", time_zone="America/New_York", service_point="SP-1", **grid)
    place.devices.create(
        head_end="HE1", nic_id="H0", device_class="thermostat", model="M", rated_w=1000, installed_at=clock.now()
    )
    return made


@pytest.fixture
def send(account_of: Callable[..., Made], csr: User) -> Callable[..., Any]:
    header = bearer(account_of(csr, "Aggregator"))

    def call(address: str, body: Any = None) -> Any:
        if body is None:
            return Client().get(ASSETS + address, headers=header)
        return Client().post(ASSETS + address, body, "application/json", headers=header)

    return call


def answered(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    return answer.json()


def with_asset(**asset: Any) -> dict[str, Any]:
    one = {"nicId": "T9", "headEndSystem": "HE1", **asset}
    return {**PUBLISHED, "assetInfo": {**PUBLISHED["assetInfo"], "assetList": [one]}}  # type: ignore[dict-item]


def test_a_published_enrollment_installs_and_registers_the_device(send: Any) -> None:
    told = answered(send(ENROLL, with_asset(**THERMOSTAT)))
    assert (told["transactionId"], told["status"], told["exception"]) == ("a7d1", "REGISTERING", {"message": ""})
    settle()
    found = answered(send(f"{ENROLL}/{told['enrollmentId']}"))
    assert found["status"] == "REGISTERED"
    (device,) = found["assetInfo"]["assetList"]
    assert (device["nicId"], device["headEndRegistration"]) == ("T9", "D1RE")
    assert found["customerInfo"]["cisAccountId"] == "NH1"
    made = Enrollment.objects.get(pk=int(told["enrollmentId"]))
    assert (made.applied_by, made.customer.account) == ("service account Aggregator", "NH1")
    kept = Device.objects.get(nic_id="T9")
    assert (kept.device_class, kept.model, kept.rated_w) == ("thermostat", "Warm 3", 900)


def test_a_transaction_that_is_sent_again_gets_the_first_answer(send: Any) -> None:
    first = answered(send(ENROLL, with_asset(**THERMOSTAT)))
    settle()
    assert answered(send(ENROLL, with_asset(**THERMOSTAT))) == first
    assert Enrollment.objects.filter(customer__account="NH1").count() == 1
    other = answered(send(ENROLL, with_asset(**THERMOSTAT, badgeNo="7") | {"enrollmentSource": "X1CC"}), 422)
    assert "with other contents" in other["detail"]


def test_a_refused_transaction_can_be_sent_again(send: Any) -> None:
    refused = answered(send(ENROLL, PUBLISHED), 422)
    assert "HE1/T9 is not installed. Send assetType" in refused["detail"]
    assert not Enrollment.objects.filter(customer__account="NH1").exists()
    answered(send(ENROLL, with_asset(**THERMOSTAT)))


def test_a_transaction_is_an_accounts_own(send: Any, account_of: Callable[..., Made], csr: User) -> None:
    first = answered(send(ENROLL, with_asset(**THERMOSTAT)))
    header = bearer(account_of(csr, "Another"))
    other = Client().post(ASSETS + ENROLL, with_asset(**THERMOSTAT), "application/json", headers=header)
    told = answered(other)
    assert (first["status"], told["status"]) == ("REGISTERING", "EXCEPTION")  # there is one already
    assert told["enrollmentId"] != first["enrollmentId"]


def test_installed_devices_are_taken_as_they_are(send: Any, household: Customer) -> None:
    device = Device.objects.get(location__customer=household)
    told = answered(send(ENROLL, with_asset(nicId=device.nic_id, headEndSystem=device.head_end)))
    assert told["status"] == "REGISTERING"
    assert [one["nicId"] for one in told["assetInfo"]["assetList"]] == [device.nic_id]


def test_re_enrolling_takes_what_is_installed(send: Any, household: Customer) -> None:
    told = answered(send(ENROLL, {**PUBLISHED, "assetInfo": {"installationMethod": "X1RE"}}))
    assert len(told["assetInfo"]["assetList"]) == 1


@pytest.mark.parametrize(("method", "supply"), [("X1SD", "ship"), ("X1SI", "own"), ("X1UI", "installer")])
def test_a_device_that_comes_later_is_waited_for_and_added(send: Any, method: str, supply: str) -> None:
    told = answered(send(ENROLL, {**PUBLISHED, "assetInfo": {"installationMethod": method}}))
    assert (told["status"], Enrollment.objects.get(pk=int(told["enrollmentId"])).supply) == ("WAITING", supply)
    added = {**with_asset(**THERMOSTAT), "transactionId": "a7d2"}
    assert answered(send(ENROLL_DEVICE, added))["status"] == "REGISTERING"


def test_another_device_joins_an_enrollment(send: Any, household: Customer) -> None:
    device = Device.objects.get(location__customer=household)
    first = answered(send(ENROLL, with_asset(**THERMOSTAT)))
    more = with_asset(nicId=device.nic_id, headEndSystem=device.head_end)
    told = answered(send(ENROLL_DEVICE, {**more, "transactionId": "b", "enrollmentId": first["enrollmentId"]}))
    assert sorted(one["nicId"] for one in told["assetInfo"]["assetList"]) == sorted(["T9", device.nic_id])


def test_a_customers_own_application_waits_for_a_csr(send: Any) -> None:
    told = answered(send(ENROLL, {**with_asset(**THERMOSTAT), "enrollmentSource": "X1SS"}))
    assert told["status"] == "PENDING"
    assert not Device.objects.filter(nic_id="T9").exists()


def test_questions_are_asked_and_a_wrong_answer_is_an_exception(
    send: Any, account_of: Callable[..., Made], program_manager: User
) -> None:
    Program.objects.update(questions_data=[{"text": "Do you own the house?", "wanted": True}])
    header = bearer(account_of(program_manager, "Portal"))
    told = answered(Client().get(ASSETS + QUESTIONS, headers=header))
    (asked,) = told["qualificationQuestions"]
    assert (asked["description"], asked["sequence"]) == ("Do you own the house?", "1")
    assert [one["answer"] for one in asked["questionAnswers"]["answers"]] == ["Yes"]
    other = with_asset(**THERMOSTAT) | {"qualificationAnswers": [{"question": "How old?", "answer": "No"}]}
    assert "does not ask “How old?”" in answered(send(ENROLL, other), 422)["detail"]
    wrong = with_asset(**THERMOSTAT) | {"qualificationAnswers": [{"question": "1", "answer": "No"}]}
    refused = answered(send(ENROLL, wrong))
    assert refused["status"] == "EXCEPTION"
    assert "Do you own the house?" in refused["exception"]["message"]


@pytest.mark.parametrize(
    ("reason", "because"),
    [
        ("LSSL", "life support"),
        ("CUSTOMEROPTOUT", "opted out"),
        ("INACTIVESERVICE", "service ended"),
        ("INELIGIBLERATE", "rate"),
    ],
)
def test_a_published_unenrollment_ends_the_enrollment(send: Any, reason: str, because: str) -> None:
    answered(send(ENROLL, with_asset(**THERMOSTAT)))
    settle()
    body = {
        "transactionId": "u1",
        "unenrollReason": reason,
        "customerInfo": {"cisAccountId": "NH1"},
        "locationInfo": {"cisServicePointId": "SP-1"},
    }
    told = answered(send(UNENROLL, body))
    assert (told["status"], told["unenrollReason"]) == ("LEAVING", reason)
    assert answered(send(UNENROLL, body)) == told
    settle()
    found = Enrollment.objects.get(pk=int(told["unenrollmentId"]))
    assert (found.state, found.left_because) == ("Deregistered", because)


def test_an_application_that_is_unenrolled_is_canceled(send: Any) -> None:
    answered(send(ENROLL, {**PUBLISHED, "assetInfo": {"installationMethod": "X1SD"}}))
    told = answered(send(UNENROLL, {"customerInfo": {"cisAccountId": "NH1"}, "unenrollReason": "CUSTOMEROPTOUT"}))
    assert told["status"] == "CANCELED"


def nowhere(**changed: Any) -> dict[str, Any]:
    return {**with_asset(**THERMOSTAT), **changed}


NEIGHBOURS = "N0000001"

WRONG: dict[str, tuple[dict[str, Any], int, str]] = {
    "no customer": (nowhere(customerInfo={}), 422, "Name the customer"),
    "no such customer": (nowhere(customerInfo={"cisAccountId": "X"}), 422, "There is no such customer."),
    "two customers": (nowhere(customerInfo={"cisAccountId": "NH1", "cisPersonId": "P"}), 422, "no such customer"),
    "another's place": (nowhere(locationInfo={"cisServicePointId": "SP-2"}), 422, "has no such place"),
    "no such program": (nowhere(programInfo={"programCode": "HEAT"}), 422, "There is no program “HEAT”."),
    "another source": (nowhere(enrollmentSource="X1XX"), 400, "enrollmentSource: Input should be"),
    "no power": (with_asset(**{**THERMOSTAT, "ratedPowerW": 0}), 400, "assetInfo.assetList.0.ratedPowerW: "),
    "another's device": (with_asset(nicId=NEIGHBOURS), 422, "is at another place"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_enrollment_is_told_what_is_wrong(send: Any, case: str) -> None:
    body, status, sentence = WRONG[case]
    told = answered(send(ENROLL, body), status)
    assert told["httpStatus"] == status
    assert sentence in told["detail"]
    assert not Enrollment.objects.filter(customer__account="NH1").exists()


def test_an_enrollment_that_is_not_there_is_not_found(send: Any) -> None:
    assert answered(send(f"{ENROLL}/999999"), 404)["title"] == "Not Found"
    assert answered(send(ENROLL_DEVICE, {**with_asset(**THERMOSTAT), "enrollmentId": "999999"}), 404)
