"""The columns that lists of devices share."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from integration.pages.columns import Column, link


def _device_link(head_end: str, nic_id: str) -> SafeString:
    return link(reverse("derms:device", args=[head_end, nic_id]), f"{head_end}/{nic_id}")


def device_columns(head_end: Callable[[Any], str]) -> tuple[Column[Any], Column[Any]]:
    """A device: one cell on a page, head end and NIC id in a file."""
    device = Column[Any](
        _("Device"),
        lambda row: _device_link(head_end(row), row.nic_id),
        value=head_end,
        file_label=_("Head end"),
        phone="title",
    )
    return device, Column[Any](_("NIC id"), value=lambda row: row.nic_id)
