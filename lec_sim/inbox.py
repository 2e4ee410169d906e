"""Each message that reaches Live Energy Connect becomes one operation call."""

from integration.seam import clock
from integration.seam.messages import (
    DeviceRemoval,
    DeviceReservation,
    DeviceStatusCheck,
    HeadEndSync,
    Receipt,
    StageStatus,
)
from integration.seam.models import Delivery

from . import operations
from .operations import prepare_reservations

__all__ = ["prepare_reservations"]


def receive_stage_status(body: StageStatus) -> Receipt:
    return operations.follow_stage(body, now=clock.now())


def receive_reservations(delivery: Delivery) -> Receipt:
    body = delivery.message.body
    assert isinstance(body, DeviceReservation)  # noqa: S101  (narrows the type; the route names the contract)
    return operations.load_reservations(delivery, body, now=clock.now())


def receive_removal(body: DeviceRemoval) -> Receipt:
    return operations.remove_device(body, now=clock.now())


def receive_head_ends(body: HeadEndSync) -> Receipt:
    return operations.know_head_ends(body)


def receive_status_check(body: DeviceStatusCheck) -> Receipt:
    return operations.answer_status_check(body, now=clock.now())
