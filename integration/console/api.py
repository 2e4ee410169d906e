"""The console's part of the API: alerts and messages."""

from typing import Any

from ninja import Router

from integration.pages.api import Resource, allow_call, fields_of, filtered
from integration.pages.http import SignedInRequest
from integration.pages.keyset import keyset_page
from integration.seam import queries
from integration.seam.models import Alert, Delivery

from .columns import ALERTS, DELIVERIES
from .monitor.filters import AlertFilter, DeliveryFilter
from .monitor.views import LATEST_FIRST

router = Router()
ALERT = Resource[Alert]("Alert", ALERTS, fields_of(AlertFilter))
DELIVERY = Resource[Delivery]("Delivery", DELIVERIES, fields_of(DeliveryFilter))


@router.get("/alerts", summary="Alerts, the latest first", **ALERT.listed)
@allow_call("integration.view_alert", is_list=True)
def alerts(request: SignedInRequest) -> Any:
    size = ALERT.size(request)
    return ALERT.answer(
        request, keyset_page(filtered(AlertFilter, request, queries.alerts()), LATEST_FIRST, request.GET, size=size)
    )


@router.get("/messages", summary="Messages by receiver, the newest first", **DELIVERY.listed)
@allow_call("integration.view_message", is_list=True)
def messages(request: SignedInRequest) -> Any:
    size = DELIVERY.size(request)
    found = filtered(DeliveryFilter, request, queries.deliveries())
    return DELIVERY.answer(request, keyset_page(found, ("-id",), request.GET, size=size))
