"""The reference system's interfaces of a CPM, at the addresses that it publishes."""

from django.urls import path

from .device_status import device_status_response
from .enrollments import enroll, enroll_device, enrollment_status, qualification_questions, unenroll
from .events import post_event_outcome, program_event_create, program_event_lifecycle, reserve_device
from .extracts import post_extract, post_part

app_name = "cpm_rest"
ASSETS, SERVICE = "digitalAssets/", "service/"

urlpatterns = [
    path(SERVICE + "programEvent/", program_event_create),
    path(SERVICE + "programEvent", program_event_create),  # clients leave the slash out
    path(SERVICE + "programEvent/lifecycle", program_event_lifecycle),
    path(SERVICE + "programEventParticipation/reserveDevice", reserve_device),
    path(SERVICE + "programEventParticipation/postEventOutcome", post_event_outcome),
    path(SERVICE + "extracts", post_extract),
    path(SERVICE + "extracts/<uuid:uid>/<id:file>", post_part),
    path(ASSETS + "controllableDeviceStatus/response", device_status_response),
    path(ASSETS + "programEnrollments/enroll", enroll),
    path(ASSETS + "programEnrollments/enroll/<int:pk>", enrollment_status),
    path(ASSETS + "programEnrollments/enrollDevice", enroll_device),
    path(ASSETS + "programEnrollments/unenroll", unenroll),
    path(ASSETS + "programEligibilityAndQualification/<id:code>/qualificationQuestions", qualification_questions),
]
