"""Devices that are heard outside of events."""

from integration.seam import sql
from integration.seam.delivery import receiving
from integration.seam.messages import DeviceStatus, Receipt
from integration.seam.sql import statement


@receiving
def hear_devices(body: DeviceStatus) -> Receipt:
    """Note which devices were online. One that was silent in its last calls takes part again, at its former rate."""
    params = {"message": body.model_dump_json(), "at": body.at}
    online = statement("derms", "online_devices", devices=statement("integration.seam", "message_devices"))
    applied = sql.execute(statement("derms", "hear_devices", online=online), params)
    sql.execute(statement("derms", "take_part_again", online=online), params)
    return Receipt(applied=applied)
