"""The project's addresses and an empty view."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from integration.pages.access import allow_anyone

from .empty import VIEW


@allow_anyone
def nothing(request: HttpRequest) -> HttpResponse:
    """What an answer of Django costs at least."""
    return HttpResponse()


handler500 = "integration.console.views.server_error"
urlpatterns = [path(VIEW.removeprefix("/"), nothing), path("", include("integration.project.urls"))]
