"""The utility's logo, on each page and in the customers' own."""

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from integration.pages.access import allow_anyone

ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # a drawing that is opened by itself runs nothing


@require_safe
@allow_anyone
@cache_control(public=True, max_age=3600)
def utility_logo(request: HttpRequest) -> FileResponse:
    """The file that UTILITY_LOGO names."""
    path = settings.UTILITY_LOGO
    if path is None or not path.is_file():
        raise Http404(_("There is no logo: UTILITY_LOGO names none."))
    headers = {"Content-Security-Policy": ALONE}
    return FileResponse(path.open("rb"), headers=headers)
