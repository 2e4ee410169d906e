"""The utility's holidays: those of its country, dates of its own."""

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from cpm.models.holidays import Holiday, HolidayCalendar
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.editing import Editing
from integration.pages.http import SignedInRequest
from integration.seam import clock

from .. import operations
from ..columns import HOLIDAYS
from ..forms import CountryForm, HolidayForm
from ..queries import coming_holidays, holiday_calendar


@ACTING
@allow("cpm.change_program")
@acts_once
def holiday_list(request: SignedInRequest) -> HttpResponse:
    """The coming holidays, and whose public ones the utility keeps."""

    def save(version: int | None) -> None:
        given = editing.forms[0].cleaned_data
        operations.choose_country(**given, by=request.user.username, now=clock.now(), version=version)

    editing = Editing[HolidayCalendar](
        request, holiday_calendar(), lambda typed, row: [CountryForm(typed, instance=row)]
    )
    if editing.is_valid() and editing.is_saved(save):
        messages.success(request, _("The holidays are saved. Programs without events on them are sent to DERMS."))
        return redirect("cpm:holiday_list")
    context = {
        "form": editing.forms[0],
        "editing": editing,
        "calendar": editing.row,
        "columns": HOLIDAYS,
        "holidays": coming_holidays(localdate(clock.now())),
    }
    return render(request, "cpm/holiday_list.html", context, status=editing.status)


@ACTING
@allow("cpm.change_program")
@acts_once
def holiday_new(request: SignedInRequest) -> HttpResponse:
    """A date of the utility's own."""
    is_sent = request.method == "POST"
    form = HolidayForm(request.POST if is_sent else None)
    if is_sent and form.is_valid():
        operations.add_holiday(**form.cleaned_data, by=request.user.username, now=clock.now())
        messages.success(request, _("%(day)s is a holiday.") % {"day": form.cleaned_data["day"]})
        return redirect("cpm:holiday_list")
    return render(request, "cpm/holiday_new.html", {"form": form}, status=422 if is_sent else 200)


@ACTING
@allow("cpm.change_program")
@acts_once
def holiday_remove(request: SignedInRequest, day: str) -> HttpResponse:
    """Remove a date of the utility's own."""
    holiday = _own_holiday(day)
    if request.method == "POST":
        operations.remove_holiday(day=holiday.day, by=request.user.username, now=clock.now())
        messages.success(request, _("%(day)s is removed.") % {"day": holiday.day})
        return redirect("cpm:holiday_list")
    return confirm(
        request,
        title=_("Remove the holiday “%(holiday)s”?") % {"holiday": holiday},
        consequences=[_("Events may run on this day again, unless it is a holiday of your country or of a program.")],
        act=_("Remove the holiday"),
        keep=_("Keep it"),
        keep_url=reverse("cpm:holiday_list"),
    )


def _own_holiday(day: str) -> Holiday:
    try:
        return Holiday.objects.get(day=date.fromisoformat(day), is_own=True)
    except (ValueError, Holiday.DoesNotExist) as problem:
        raise Http404(_("%(day)s is none of your own holidays.") % {"day": day}) from problem
