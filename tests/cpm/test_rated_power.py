"""The highest rated power of a device: one limit for messages, files and forms."""

import pytest

from cpm.forms.enrollments import DeviceForm, ReplacementForm
from integration.seam.messages import MOST_W


@pytest.mark.parametrize("form", [DeviceForm, ReplacementForm])
def test_no_device_has_more_power_than_a_message_carries(form: type[DeviceForm | ReplacementForm]) -> None:
    """Once the form took 2,000 MW, and the message to DERMS failed at 100 MW."""
    assert "rated_w" not in form({"rated_w": MOST_W}).errors
    assert form({"rated_w": MOST_W + 1}).errors["rated_w"]
