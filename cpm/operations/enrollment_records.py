"""The record of an enrollment: its locks, its history, and what DERMS's answers make of it.

Whoever changes enrollments, devices or subscriptions of a place locks the place first, so that one comes after another.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from cpm.models.customers import DeviceLocation, Subscription
from cpm.models.enrollments import Enrollment, EnrollmentTransition
from integration.pages.moments import day_text
from integration.seam.refusals import Change, Refused

from ..choices import EnrollmentState
from ..planning import Application, checks_of, failures
from ..set_operations import Standing, standings_of_subscriptions
from .announcing import announce_enrollment

FIELDS = ["state", "revision", "reason", "left_because", "subscription", "changed_at"]
TICK = timedelta(microseconds=1)
DERMS = "DERMS"
# What DERMS's answers lead to.
_ANSWERED: dict[str, Callable[[Enrollment, str], None]] = {
    EnrollmentState.REGISTERED: Enrollment.confirm,
    EnrollmentState.ERROR: Enrollment.fail,
    EnrollmentState.DEREGISTERED: Enrollment.forget,
}


class EnrollmentNotAllowed(Refused):
    """The enrollment's state, or a check, does not allow it."""


class EnrollmentChanged(Refused):
    """Somebody has changed the enrollment since this person opened it."""


class PlaceLeft(Refused):
    """The customer has moved out of the place."""


def lock_location(location_id: int) -> DeviceLocation:
    """Lock a place, before anything of its enrollments is read."""
    return DeviceLocation.objects.select_for_update(no_key=True).get(pk=location_id)


def lock_lived_in(location_id: int) -> DeviceLocation:
    """Lock a place to which something is to be added. Raises PlaceLeft."""
    location = lock_location(location_id)
    require_lived_in(location)
    return location


def require_lived_in(location: DeviceLocation) -> None:
    """Raise PlaceLeft if the customer has moved out: nothing new begins there."""
    if location.left_at is not None:
        raise PlaceLeft(
            _("The customer moved out of %(place)s on %(day)s. If they are back, make a new device location.")
            % {"place": location, "day": day_text(location.left_at, location.time_zone)}
        )


def require_met(*wanted: Application) -> None:
    """Raise EnrollmentNotAllowed, with the sentence of each check of these applications that is not met."""
    if failed := failures([check for one in wanted for check in checks_of(one)]):
        raise EnrollmentNotAllowed(" ".join(failed))


def lock_enrollment(enrollment_id: int, *, seen: int | None = None) -> Enrollment:
    """Lock an enrollment after its place. `seen` is the revision that a person saw. Raises EnrollmentChanged."""
    lock_location(Enrollment.objects.values_list("location", flat=True).get(pk=enrollment_id))
    rows = Enrollment.objects.select_for_update(no_key=True, of=("self",))
    row = rows.select_related("customer", "program__type", "location", "subscription__program").get(pk=enrollment_id)
    if seen is not None and row.revision != seen:
        raise EnrollmentChanged(
            _("The enrollment of %(what)s changed after you opened it. Nothing was done; look at it again.")
            % {"what": row},
            last_change_of(row),
        )
    return row


def enrollment_of_subscription(subscription: Subscription) -> Enrollment:
    """Lock the record of a subscription. One that a file brought in and DERMS has not answered yet gets its record now.

    The caller holds the lock of the place.
    """
    rows = Enrollment.objects.select_for_update(no_key=True, of=("self",)).select_related("subscription__program")
    if found := rows.filter(subscription=subscription).first():
        return found
    standing = standings_of_subscriptions([subscription.pk]).get(subscription.pk)
    return Enrollment.objects.create(
        customer=subscription.customer,
        location=subscription.location,
        program=subscription.program,
        subscription=subscription,
        applied_at=subscription.starts_at,
        answers=subscription.answers or [],
        state=standing.state if standing else EnrollmentState.REGISTERING,
        reason=standing.reason if standing else "",
        changed_at=subscription.starts_at,
    )


def moment_after(*, program_id: int, location_id: int, now: datetime) -> datetime:
    """Return the present moment, or one just after the last change of the place in the program.

    Who waited for the lock may have read the clock before what happened meanwhile, and DERMS applies no change that is
    not later than the last one. The caller holds the lock of the place.
    """
    theirs = {"program_id": program_id, "location_id": location_id}
    at: datetime | None = Enrollment.objects.filter(**theirs).aggregate(at=Max("changed_at"))["at"]
    begun: datetime | None = Subscription.objects.filter(**theirs).aggregate(at=Max("starts_at"))["at"]
    return max([now, *(moment + TICK for moment in (at, begun) if moment)])


def moment_of_change(enrollment: Enrollment, now: datetime) -> datetime:
    """`moment_after` the last change of an enrollment's place in its program."""
    return moment_after(program_id=enrollment.program_id, location_id=enrollment.location_id, now=now)


def save_enrollment(enrollment: Enrollment, *, was: str, by: str, now: datetime, why: str = "") -> None:
    """Save an enrollment's new state with its row of history, and announce it."""
    enrollment.revision += 1
    enrollment.changed_at = now
    enrollment.save(update_fields=FIELDS)
    EnrollmentTransition.objects.create(
        enrollment=enrollment,
        revision=enrollment.revision,
        from_state=was,
        to_state=enrollment.state,
        at=now,
        by=by,
        why=why,
    )
    announce_enrollment(enrollment, was=was)


def last_change_of(enrollment: Enrollment) -> Change | None:
    last = enrollment.transitions.order_by("-revision").first()
    if last is None:
        return None
    zone = enrollment.location.time_zone
    return Change(str(enrollment), last.by, last.at, zone, last.from_state, last.to_state, last.why)


def settle_enrollments(subscription_ids: Sequence[int], *, now: datetime) -> None:
    """Lead the enrollments of these subscriptions to what DERMS's answers about their devices make of them.

    The caller holds the locks of their places.
    """
    standings = standings_of_subscriptions(subscription_ids)
    rows = Enrollment.objects.select_for_update(no_key=True).filter(subscription__in=standings).order_by("pk")
    for enrollment in rows:
        _settle(enrollment, standings[enrollment.subscription_id or 0], now)


def _settle(enrollment: Enrollment, standing: Standing, now: datetime) -> None:
    was, move = enrollment.state, _ANSWERED.get(standing.state)
    if move is None or was == standing.state or not can_proceed(getattr(enrollment, move.__name__)):
        return
    move(enrollment, standing.reason)
    at = max(now, enrollment.changed_at)
    save_enrollment(enrollment, was=was, by=DERMS, now=at, why=standing.reason)
