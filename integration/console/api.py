"""The console's part of the API: alerts and messages."""

from typing import Any

from ninja import Router

from integration.pages.api import Resource, allow_call, fields_of
from integration.pages.http import SignedInRequest
from integration.seam import queries
from integration.seam.models import Alert, Delivery

from .api_rows import AlertRow, MessageRow
from .columns import ALERTS, DELIVERIES
from .imports import api as imports
from .monitor.filters import AlertFilter, DeliveryFilter
from .monitor.views import LATEST_FIRST

router = Router()
router.add_router("", imports.router)
ALERT = Resource[Alert](AlertRow, ALERTS, fields_of(AlertFilter), file="alerts")
DELIVERY = Resource[Delivery](MessageRow, DELIVERIES, fields_of(DeliveryFilter), file="messages")


@router.get("/alerts", summary="Alerts, the latest first", **ALERT.listed)
@allow_call("integration.view_alert", is_list=True)
def alerts(request: SignedInRequest) -> Any:
    return ALERT.page_or_file(request, queries.alerts(), LATEST_FIRST, AlertFilter)


@router.get("/messages", summary="Messages by receiver, the newest first", **DELIVERY.listed)
@allow_call("integration.view_message", is_list=True)
def messages(request: SignedInRequest) -> Any:
    return DELIVERY.page_or_file(request, queries.deliveries(), ("-id",), DeliveryFilter)
