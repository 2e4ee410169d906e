"""A CSR enrolls a customer's device in a browser: what Django's test client sends is not what a form sends."""

from collections.abc import Callable

from cpm.choices import EnrollmentState
from cpm.models.customers import DeviceLocation
from cpm.models.enrollments import Enrollment
from cpm.models.programs import Program
from tests.browser.conftest import Person


def test_an_enrollment_is_saved_after_its_checks_were_seen(sign_in: Callable[..., Person]) -> None:
    program = Program.objects.get(code="WARM-TANK")
    enrolled = Enrollment.objects.filter(program=program).values("location")
    place = DeviceLocation.objects.exclude(pk__in=enrolled).order_by("pk")[0]
    csr = sign_in("cora.csr")
    csr.open(f"/customers/{place.customer.number}/locations/{place.pk}/programs/{program.code}/enroll/")
    for box in csr.page.locator("main input[type=checkbox]").all():
        box.uncheck()
    csr.page.get_by_label("No device yet: how does one come?").select_option(index=1)
    csr.press("Check")
    csr.reads("step 3 of 3")
    csr.page.locator("main").get_by_role("button").last.click()
    csr.page.wait_for_url("**/enrollments/*/")
    made = Enrollment.objects.get(program=program, location=place)
    assert made.state in (EnrollmentState.WAITING, EnrollmentState.EXCEPTION)
