"""The work list of devices that never answer."""

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.exports import PAGE as EXPORT_PAGE
from integration.pages.exports import export, listing
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import AFTER, SIZE, join_key, page_of, split_key
from integration.pages.numbers import whole
from integration.seam import clock

from ..columns import SILENT_DEVICES
from ..filters import SilentForm
from ..queries.silence import Silent, never_answering, never_answering_count

SEES = ("derms.view_event", "derms.view_device")


@require_safe
@allow(*SEES)
def silent_list(request: SignedInRequest) -> HttpResponse:
    """Devices that never answer, the strongest first; only its rows if htmx asks for them."""
    form = known(SilentForm(request.GET))
    rows = never_answering(clock.now(), form.chosen, after=place_of_silent(request), limit=SIZE + 1)
    page = page_of(rows, request.GET, silent_key(rows[:SIZE][-1]) if rows else "", size=SIZE)
    context = {
        "form": form,
        "columns": SILENT_DEVICES,
        "page": page,
        "devices": rows[0].devices if rows else 0,
        "devices_w": rows[0].devices_w if rows else 0,
        "is_narrowed": any(form.chosen),
    }
    template = "derms/silent_list.html"
    return render(request, f"{template}#silent-rows" if request.htmx else template, context)


@require_safe
@allow(*SEES)
def silent_export(request: SignedInRequest) -> HttpResponseBase:
    """Export every device that never answers and matches the filter."""
    now, chosen = clock.now(), known(SilentForm(request.GET)).chosen

    def next_page(last: Silent | None) -> list[Silent]:
        after = (last.rated_w, last.device_id) if last else None
        return never_answering(now, chosen, after=after, limit=EXPORT_PAGE)

    columns = SILENT_DEVICES.in_file(request.user)
    file = listing(
        "devices-that-never-answer", columns, next_page, lambda most: never_answering_count(now, chosen, most=most)
    )
    return export(request, file)


def silent_key(row: Silent) -> str:
    return join_key([row.rated_w, row.device_id])


def place_of_silent(request: SignedInRequest) -> tuple[int, int] | None:
    """The rated power and id that the address names; None without. Raises BadRequest if it names no place."""
    text = request.GET.get(AFTER, "")
    if not text:
        return None
    rated_w, device_id = map(whole, split_key(text, 2))
    if rated_w is None or device_id is None:
        raise BadRequest(_("This address does not lead to a place in the list."))
    return rated_w, device_id
