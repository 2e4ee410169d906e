"""Hand each message that DERMS receives to its operation."""

from integration.seam import clock
from integration.seam.messages import (
    CustomerUnavailability,
    DeliveredLoad,
    DeviceFacts,
    DeviceOptOut,
    DeviceStatus,
    EnrollmentLoad,
    EnrollmentSync,
    EventOptOut,
    MeasuredRealisation,
    ProgramRuleSync,
    RawOutcome,
    Receipt,
    RemovalAnswer,
    StageExecutionStatus,
)
from integration.seam.models import Delivery

from . import operations
from .operations import prepare_raw_outcomes

__all__ = ["prepare_raw_outcomes"]


def receive_stage_execution_status(body: StageExecutionStatus) -> Receipt:
    return operations.follow_execution(body, now=clock.now())


def receive_delivered_load(body: DeliveredLoad) -> Receipt:
    return operations.follow_delivered_load(body)


def receive_raw_outcomes(delivery: Delivery) -> Receipt:
    body = delivery.message.body
    assert isinstance(body, RawOutcome)  # noqa: S101  (narrows the type; the route names the contract)
    return operations.load_raw_outcomes(delivery, body, now=clock.now())


def receive_enrollment(body: EnrollmentSync) -> Receipt:
    return operations.change_enrollment(body.enrollment, now=clock.now())


def receive_enrollment_load(delivery: Delivery) -> Receipt:
    body = delivery.message.body
    assert isinstance(body, EnrollmentLoad)  # noqa: S101  (narrows the type; the route names the contract)
    return operations.load_enrollments(delivery, body)


def receive_device_facts(body: DeviceFacts) -> Receipt:
    return operations.save_device_facts(body)


def receive_program_rules(body: ProgramRuleSync) -> Receipt:
    return operations.save_program(body, now=clock.now())


def receive_unavailability(body: CustomerUnavailability) -> Receipt:
    return operations.save_unavailability(body, now=clock.now())


def receive_measured_realisation(body: MeasuredRealisation) -> Receipt:
    return operations.keep_realisation(body, now=clock.now())


def receive_opt_out(body: EventOptOut) -> Receipt:
    return operations.opt_out_device(body, now=clock.now())


def receive_device_opt_out(body: DeviceOptOut) -> Receipt:
    return operations.hear_opt_out(body, now=clock.now())


def receive_removal_answer(body: RemovalAnswer) -> Receipt:
    return operations.answer_removal(body, now=clock.now())


def receive_device_status(body: DeviceStatus) -> Receipt:
    return operations.hear_devices(body)
