"""Where clients get their tokens: the address of all service accounts, which has a second name here."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from integration.pages.access import allow_anyone

from .parameters import Parameters


@allow_anyone
@require_safe
def token_server(request: HttpRequest) -> HttpResponse:
    """The address of tokens; nobody has one yet who asks for it."""
    Parameters(request)
    return JsonResponse({"tokenURL": request.build_absolute_uri("token")})
