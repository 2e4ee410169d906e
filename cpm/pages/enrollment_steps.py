"""What an enrollment waits for, as a sentence: on its page, in the list of those that wait, on the customer's page."""

from django.utils.translation import gettext as _

from ..choices import EnrollmentState, Supply
from ..models.enrollments import Enrollment


def next_step(enrollment: Enrollment) -> str:
    """What happens next, and who has to do it."""
    match enrollment.state:
        case EnrollmentState.PENDING:
            return _("Somebody applied for it. Check it: if every check is met, the subscription begins.")
        case EnrollmentState.EXCEPTION:
            return _("A check is not met. Change what it names, then check again; or cancel.")
        case EnrollmentState.WAITING:
            supply = Supply(enrollment.supply).label if enrollment.supply else ""
            return _("%(supply)s. Enter the device as soon as it is installed.") % {"supply": supply}
        case EnrollmentState.ERROR:
            return _("DERMS refused a device. Correct what it names, then send it again.")
        case EnrollmentState.REGISTERING | EnrollmentState.DEREGISTERING:
            return _("DERMS has not answered yet; nobody has to do anything.")
        case EnrollmentState.REGISTERED:
            if not enrollment.program.type.device_required:
                return _("The place is in the program; its devices, if it has any, can be chosen for events.")
            return _("Its devices can be chosen for events.")
        case EnrollmentState.DEREGISTERED:
            return _("Its devices are not chosen any more.")
    return _("Nothing comes of it; a new enrollment is possible.")
