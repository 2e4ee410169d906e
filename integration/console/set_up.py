"""The set-up: what a utility of one's own needs before its first event, ticked by what is there."""

from smtplib import SMTPException
from typing import NamedTuple

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.core.mail import EmailMessage
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cpm.choices import Category
from cpm.models import Customer, Holiday
from cpm.models.customers import Device as CustomerDevice
from cpm.models.programs import Program
from cpm.queries import holiday_calendar
from derms.choices import EventState
from derms.models import Device, Event, EventType, Feeder, HeadEnd, LoadForecast, MeteredLoad
from derms.queries.forecast_ends import zones_with_forecast_end
from integration.pages.access import allow
from integration.pages.acting import acts_once
from integration.pages.http import SignedInRequest
from integration.pages.numbers import count_text
from integration.seam import clock

from .context import may_open
from .models import MailTrial, User
from .roles import APPROVER, OPERATOR

GUIDE = "how-to/first-utility"


class Step(NamedTuple):
    """A line of the checklist: what, whether it is there, what is there or missing, and the page to do it on."""

    label: str | Promise
    is_done: bool
    note: str | Promise
    url: str


@require_safe
@allow("config.change_user")
def set_up(request: SignedInRequest) -> HttpResponse:
    """The checklist."""
    return render(request, "console/set_up.html", {"steps": steps(request.user), "email": request.user.email})


@require_POST
@allow("config.change_user")
@acts_once
def mail_trial(request: SignedInRequest) -> HttpResponse:
    """Send the person a test message, and remember that the mail server took it."""
    person = User.objects.get(pk=request.user.pk)
    if not person.email:
        messages.error(request, _("Your account has no e-mail address. Enter one at Users and roles, then try again."))
        return redirect("set_up")
    try:
        _test_message(person).send()
    except (OSError, SMTPException) as error:
        what = _("The mail server at %(host)s did not take the message: %(why)s. Check EMAIL_HOST and its neighbours.")
        messages.error(request, what % {"host": f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}", "why": error})
        return redirect("set_up")
    MailTrial.objects.create(sent_at=clock.now(), person=person)
    messages.success(request, _("The mail server took the message. Look whether it arrived."))
    return redirect("set_up")


def steps(person: AbstractUser) -> list[Step]:
    """The checklist's lines, in the order of doing them; pages that others must open lead to the guide."""
    guide = reverse("help", args=[GUIDE])
    found = [*_service(), *_people(), *_data(), *_first_event()]
    return [step if may_open(person, step.url.partition("#")[0]) else step._replace(url=guide) for step in found]


def _service() -> list[Step]:
    settings_help = reverse("help", args=["reference/settings"])
    trial = MailTrial.objects.order_by("-sent_at").first()
    is_sender_own = not settings.DEFAULT_FROM_EMAIL.endswith("@localhost")
    return [
        *_utility(settings_help),
        Step(
            gettext_lazy("Sender of e-mail"), is_sender_own, f"EMAIL_FROM: {settings.DEFAULT_FROM_EMAIL}", settings_help
        ),
        Step(
            gettext_lazy("Mail server tried"),
            trial is not None,
            _("by %(name)s") % {"name": trial.person} if trial else _("send yourself a test message below"),
            reverse("set_up") + "#mail",
        ),
    ]


def _utility(settings_help: str) -> list[Step]:
    names = {"UTILITY_NAME": settings.UTILITY_NAME, "UTILITY_PHONE": settings.UTILITY_PHONE}
    missing = ", ".join(name for name, value in names.items() if not value)
    logo = settings.UTILITY_LOGO
    return [
        Step(
            gettext_lazy("Utility: name and telephone"),
            not missing,
            _("missing: %(names)s") % {"names": missing} if missing else ", ".join(names.values()),
            settings_help,
        ),
        Step(
            gettext_lazy("Time zone of the utility"),
            settings.HAS_TIME_ZONE,
            f"NIGHTLY_TIME_ZONE: {settings.NIGHTLY_TIME_ZONE}",
            settings_help,
        ),
        Step(
            gettext_lazy("Logo of the utility"),
            logo is not None,
            logo.name if logo else _("missing: %(names)s") % {"names": "UTILITY_LOGO"},
            settings_help,
        ),
    ]


def _people() -> list[Step]:
    active = User.objects.filter(is_active=True)
    operators = set(active.filter(groups__name=OPERATOR).values_list("pk", flat=True))
    approvers = set(active.filter(groups__name=APPROVER).values_list("pk", flat=True))
    types = EventType.objects.count()
    return [
        Step(
            gettext_lazy("People: one who plans, another who approves"),
            bool(operators and approvers and len(operators | approvers) > 1),
            _("operators: %(operators)s, approvers: %(approvers)s")
            % {"operators": len(operators), "approvers": len(approvers)},
            reverse("user_list"),
        ),
        Step(gettext_lazy("Event types"), types > 0, str(types), reverse("derms:event_type_list")),
    ]


def _data() -> list[Step]:
    now = clock.now()
    zones = zones_with_forecast_end(now)
    with_forecast = sum(zone.forecast_until is not None for zone in zones)
    feeders, head_ends = Feeder.objects.count(), HeadEnd.objects.count()
    programs = Program.objects.filter(active=True, type__category=Category.DEVICE_CONTROL)
    customers, devices = Customer.objects.count(), CustomerDevice.objects.count()
    enrolled = Device.objects.filter(ended_at=None).count()
    files = reverse("import_list")
    metered = LoadForecast.objects.filter(metered_kw__isnull=False).exists() or MeteredLoad.objects.exists()
    of_zones = _("%(n)s of %(all)s zones") % {"n": with_forecast, "all": len(zones)}
    counted = _("%(customers)s customers, %(devices)s devices") % {
        "customers": count_text(customers),
        "devices": count_text(devices),
    }
    holidays, calendar = Holiday.objects.filter(day__gte=localdate(now)).count(), holiday_calendar()
    of_country = _("%(n)s to come, country: %(country)s") % {"n": holidays, "country": str(calendar or "") or "—"}
    return [
        Step(gettext_lazy("Grid: zones and feeders"), feeders > 0, _("%(n)s feeders") % {"n": feeders}, files),
        Step(gettext_lazy("Head ends"), head_ends > 0, str(head_ends), files),
        Step(gettext_lazy("Programs"), programs.exists(), str(programs.count()), reverse("cpm:program_list")),
        Step(gettext_lazy("Country for holidays"), holidays > 0, of_country, reverse("cpm:holiday_list")),
        Step(gettext_lazy("Customers and devices"), customers > 0 and devices > 0, counted, files),
        Step(
            gettext_lazy("Enrollments known to DERMS"), enrolled > 0, count_text(enrolled), reverse("derms:device_list")
        ),
        Step(gettext_lazy("Load forecast of every zone"), with_forecast == len(zones) > 0, of_zones, files),
        Step(gettext_lazy("Metered load"), metered, "" if metered else _("none yet"), files),
    ]


def _first_event() -> list[Step]:
    done = Event.objects.filter(state=EventState.COMPLETED)
    return [
        Step(
            gettext_lazy("A first event, best a device test"),
            done.exists(),
            _("%(n)s completed") % {"n": done.count()},
            reverse("derms:event_list"),
        )
    ]


def _test_message(person: User) -> EmailMessage:
    """The message that shows whether mail arrives."""
    return EmailMessage(
        subject=_("Gridcall: a test message"),
        body=_("%(name)s asked for this message to try the mail server. Nothing has to be done.") % {"name": person},
        to=[person.email],
        reply_to=[settings.EMAIL_REPLY_TO] if settings.EMAIL_REPLY_TO else None,
    )
