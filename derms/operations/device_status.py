"""What status checks find out about devices, outside of events."""

from integration.seam import sql
from integration.seam.delivery import receiving
from integration.seam.messages import DeviceStatus, Receipt
from integration.seam.sql import statement


@receiving
def hear_devices(body: DeviceStatus) -> Receipt:
    """Keep the answers. A device that was online and silent in its last calls takes part again, at its former rate."""
    params = {"message": body.model_dump_json(), "at": body.at}
    answers = statement("derms", "answered_devices", devices=statement("integration.seam", "message_devices"))
    applied = sql.execute(statement("derms", "hear_devices", answers=answers), params)
    sql.execute(statement("derms", "take_part_again", answers=answers), params)
    return Receipt(applied=applied)
