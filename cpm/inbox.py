"""Each message that reaches CPM becomes one operation call."""

from integration.seam import clock
from integration.seam.messages import (
    DeviceFactsAnswer,
    DeviceOutcome,
    DeviceReservation,
    DeviceStatus,
    EnrollmentAnswer,
    EnrollmentLoadAnswer,
    GridSync,
    HeadEndSync,
    OptOutAnswer,
    Receipt,
    ReservationReleased,
    StageStatus,
)
from integration.seam.models import Delivery

from . import operations
from .operations import prepare_outcomes, prepare_reservations

__all__ = ["prepare_outcomes", "prepare_reservations"]


def receive_stage_status(body: StageStatus) -> Receipt:
    return operations.follow_stage(body, now=clock.now())


def receive_reservations(delivery: Delivery) -> Receipt:
    body = delivery.message.body
    assert isinstance(body, DeviceReservation)  # noqa: S101  (narrows the type; the route names the contract)
    return operations.load_reservations(delivery, body, now=clock.now())


def receive_outcomes(delivery: Delivery) -> Receipt:
    body = delivery.message.body
    assert isinstance(body, DeviceOutcome)  # noqa: S101  (narrows the type; the route names the contract)
    return operations.load_outcomes(delivery, body, now=clock.now())


def receive_enrollment_answer(body: EnrollmentAnswer) -> Receipt:
    return operations.answer_enrollment(body, now=clock.now())


def receive_device_facts_answer(body: DeviceFactsAnswer) -> Receipt:
    return operations.answer_device_facts(body)


def receive_enrollment_load_answer(delivery: Delivery) -> Receipt:
    body = delivery.message.body
    assert isinstance(body, EnrollmentLoadAnswer)  # noqa: S101  (narrows the type; the route names the contract)
    return operations.answer_enrollment_load(delivery, body, now=clock.now())


def receive_grid(body: GridSync) -> Receipt:
    return operations.follow_grid(body)


def receive_head_ends(body: HeadEndSync) -> Receipt:
    return operations.follow_head_ends(body)


def receive_opt_out_answer(body: OptOutAnswer) -> Receipt:
    return operations.answer_opt_out(body, now=clock.now())


def receive_release(body: ReservationReleased) -> Receipt:
    return operations.release_reservation(body, now=clock.now())


def receive_device_status(body: DeviceStatus) -> Receipt:
    return operations.keep_device_status(body)
