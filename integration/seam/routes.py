"""All traffic at a glance: which systems send and receive each message, and what the clock starts.

Dotted names, so that the seam imports none of the systems; `manage.py check` verifies that each one resolves.
"""

from datetime import timedelta
from typing import Literal, NamedTuple

from .systems import Outside, System

Queue = Literal["small", "bulk"]


class Route(NamedTuple):
    """One receiver of one kind of message. A bulk receiver gets an extract part by part; `prepare` runs before each."""

    receiver: System | Outside
    handler: str
    queue: Queue = "small"
    prepare: str | None = None


class Due(NamedTuple):
    """Work that the clock starts: a query that takes the time and returns due ids, and the operation for one id.

    Work with a moment of its own names the query that returns the uids of an id's event and stage: its first failure
    already raises an urgent alert, because a stage that waits for later attempts runs without its devices.
    """

    ids: str
    operation: str
    queue: Queue
    stage: str | None = None


class LocalHour(NamedTuple):
    """Once a day, when the clock of settings.NIGHTLY_TIME_ZONE shows this full hour."""

    hour: int

    def __str__(self) -> str:
        return f"{self.hour}:00"


class Every(NamedTuple):
    """Work at fixed times, at an interval or daily; its operation only takes the time."""

    when: timedelta | LocalHour
    operation: str
    queue: Queue


MINUTE = timedelta(minutes=1)
NIGHT = LocalHour(3)
MORNING = LocalHour(10)

ROUTES: dict[str, tuple[Route, ...]] = {
    "stage_status": (
        Route(System.CPM, "cpm.inbox.receive_stage_status"),
        Route(System.LEC, "lec_sim.inbox.receive_stage_status"),
    ),
    "device_reservation": (
        Route(System.CPM, "cpm.inbox.receive_reservations", "bulk", "cpm.inbox.prepare_reservations"),
        Route(System.LEC, "lec_sim.inbox.receive_reservations", "bulk", "lec_sim.inbox.prepare_reservations"),
    ),
    "stage_execution_status": (Route(System.DERMS, "derms.inbox.receive_stage_execution_status"),),
    "delivered_load": (Route(System.DERMS, "derms.inbox.receive_delivered_load"),),
    "raw_outcome": (
        Route(System.DERMS, "derms.inbox.receive_raw_outcomes", "bulk", "derms.inbox.prepare_raw_outcomes"),
    ),
    "device_outcome": (Route(System.CPM, "cpm.inbox.receive_outcomes", "bulk", "cpm.inbox.prepare_outcomes"),),
    "enrollment_sync": (Route(System.DERMS, "derms.inbox.receive_enrollment"),),
    "enrollment_answer": (Route(System.CPM, "cpm.inbox.receive_enrollment_answer"),),
    "device_facts": (Route(System.DERMS, "derms.inbox.receive_device_facts"),),
    "device_facts_answer": (Route(System.CPM, "cpm.inbox.receive_device_facts_answer"),),
    "enrollment_load": (Route(System.DERMS, "derms.inbox.receive_enrollment_load", "bulk"),),
    "enrollment_load_answer": (Route(System.CPM, "cpm.inbox.receive_enrollment_load_answer", "bulk"),),
    "program_rule_sync": (Route(System.DERMS, "derms.inbox.receive_program_rules"),),
    "grid_sync": (Route(System.CPM, "cpm.inbox.receive_grid"),),
    "head_end_sync": (
        Route(System.CPM, "cpm.inbox.receive_head_ends"),
        Route(System.LEC, "lec_sim.inbox.receive_head_ends"),
    ),
    "customer_unavailability": (Route(System.DERMS, "derms.inbox.receive_unavailability"),),
    "measured_realisation": (Route(System.DERMS, "derms.inbox.receive_measured_realisation"),),
    "event_opt_out": (Route(System.DERMS, "derms.inbox.receive_opt_out"),),
    "opt_out_answer": (Route(System.CPM, "cpm.inbox.receive_opt_out_answer"),),
    "device_opt_out": (Route(System.DERMS, "derms.inbox.receive_device_opt_out"),),
    "device_removal": (Route(System.LEC, "lec_sim.inbox.receive_removal"),),
    "removal_answer": (Route(System.DERMS, "derms.inbox.receive_removal_answer"),),
    "reservation_released": (Route(System.CPM, "cpm.inbox.receive_release"),),
    "device_status_check": (Route(System.LEC, "lec_sim.inbox.receive_status_check"),),
    "device_status": (
        Route(System.CPM, "cpm.inbox.receive_device_status"),
        Route(System.DERMS, "derms.inbox.receive_device_status"),
    ),
}

# What a CPM from outside receives besides, if settings.EXTERNAL_CPM_URL names one; bulk, since it may be slow.
TO_EXTERNAL_CPM: dict[str, Route] = {
    "stage_status": Route(Outside.CPM, "derms.rest.post_stage_status", "bulk"),
    "device_reservation": Route(Outside.CPM, "derms.rest.post_reservations", "bulk"),
    "device_outcome": Route(Outside.CPM, "derms.rest.post_outcomes", "bulk"),
}

# What a DERMS from outside may send: extracts about program events of its own, to CPM alone.
FROM_EXTERNAL_DERMS = ("device_reservation", "device_outcome")

# Who may send a kind of message; from anybody else it is refused (delivery.py).
SENDERS: dict[str, System] = {
    "stage_status": System.DERMS,
    "device_reservation": System.DERMS,
    "stage_execution_status": System.LEC,
    "delivered_load": System.LEC,
    "raw_outcome": System.LEC,
    "device_outcome": System.DERMS,
    "enrollment_sync": System.CPM,
    "enrollment_answer": System.DERMS,
    "device_facts": System.CPM,
    "device_facts_answer": System.DERMS,
    "enrollment_load": System.CPM,
    "enrollment_load_answer": System.DERMS,
    "program_rule_sync": System.CPM,
    "grid_sync": System.DERMS,
    "head_end_sync": System.DERMS,
    "customer_unavailability": System.CPM,
    "measured_realisation": System.CPM,
    "event_opt_out": System.CPM,
    "opt_out_answer": System.DERMS,
    "device_opt_out": System.LEC,
    "device_removal": System.DERMS,
    "removal_answer": System.LEC,
    "reservation_released": System.DERMS,
    "device_status_check": System.CPM,
    "device_status": System.LEC,
}

LEC_STAGE = "lec_sim.queries.due.uids_of_stage"
DUE: dict[str, Due] = {
    "check import": Due(
        "integration.importing.queries.run_ids_to_check", "integration.importing.operations.check_run", "bulk"
    ),
    "apply import": Due(
        "integration.importing.queries.run_ids_to_apply", "integration.importing.operations.apply_run", "bulk"
    ),
    "schedule event": Due("derms.queries.due.event_ids_to_schedule", "derms.operations.schedule_event", "bulk"),
    "write reservation extract": Due(
        "derms.queries.due.stage_ids_to_extract", "derms.operations.write_reservation_extract", "bulk"
    ),
    "start stage": Due("lec_sim.queries.due.stage_ids_to_start", "lec_sim.operations.start_stage", "small", LEC_STAGE),
    "call devices": Due("lec_sim.queries.due.stage_ids_to_call", "lec_sim.operations.call_devices", "bulk", LEC_STAGE),
    "report delivered load": Due(
        "lec_sim.queries.due.stage_ids_to_report", "lec_sim.operations.report_delivered_load", "small"
    ),
    "collect answers": Due("lec_sim.queries.due.stage_ids_to_collect", "lec_sim.operations.collect_answers", "bulk"),
    "end stage": Due("lec_sim.queries.due.stage_ids_to_end", "lec_sim.operations.end_stage", "small", LEC_STAGE),
    "report late stage": Due("lec_sim.queries.due.stage_ids_late", "lec_sim.operations.report_late_stage", "small"),
    "report unread cancel": Due(
        "lec_sim.queries.due.stage_ids_with_unread_cancel", "lec_sim.operations.report_unread_cancel", "small"
    ),
    "miss stage": Due("lec_sim.queries.due.stage_ids_missed", "lec_sim.operations.miss_stage", "small", LEC_STAGE),
    "write raw outcomes": Due(
        "lec_sim.queries.due.stage_ids_to_hand_over", "lec_sim.operations.hand_over_outcomes", "bulk"
    ),
    "count reports": Due("derms.queries.due.event_ids_to_renew", "derms.operations.count_reports", "small"),
    "close stage": Due("derms.queries.due.stage_ids_to_close", "derms.operations.close_stage", "bulk"),
    "count calls": Due("derms.queries.due.stage_ids_to_count", "derms.operations.count_calls", "bulk"),
    "report unstarted stage": Due(
        "derms.queries.due.stage_ids_unstarted", "derms.operations.report_unstarted_stage", "small"
    ),
    "report unended stage": Due(
        "derms.queries.due.stage_ids_unended", "derms.operations.report_unended_stage", "small"
    ),
    "report plan past its start": Due(
        "derms.queries.due.event_ids_past_start", "derms.operations.report_plan_past_start", "small"
    ),
    "report old forecast": Due(
        "derms.queries.forecast_age.zone_ids_with_old_forecast",
        "derms.operations.report_old_forecast",
        "small",
    ),
    "notify customers": Due("cpm.queries.program_event_ids_to_notify", "cpm.operations.notify_customers", "bulk"),
    "reckon settlement": Due(
        "cpm.queries.settlement.run_ids_to_reckon",
        "cpm.operations.settlement_lines.reckon_settlement_run",
        "bulk",
    ),
    "notify of end": Due("cpm.queries.program_event_ids_over", "cpm.operations.notify_of_end", "bulk"),
    "notify vens": Due(
        "lec_sim.queries.subscriptions.announcement_ids_to_tell",
        "lec_sim.openadr.notifying.notify_of_announcement",
        "small",
    ),
    "publish by MQTT": Due(
        "lec_sim.queries.mqtt.brokers_to_publish_to", "lec_sim.openadr.publishing.publish_changes", "bulk"
    ),
    "post to webhooks": Due(
        "integration.seam.webhooks.posting.lanes_to_post", "integration.seam.webhooks.posting.post_notices", "bulk"
    ),
    "mail alerts": Due(
        "integration.console.alert_mails.lanes_to_mail", "integration.console.alert_mails.mail_alerts", "bulk"
    ),
    "read demo meters": Due("integration.demo.meters.blocks_to_read", "integration.demo.meters.read_block", "bulk"),
    "settle demo": Due(
        "integration.demo.settlements.methods_to_settle", "integration.demo.settlements.settle_step", "bulk"
    ),
    "measure part": Due("cpm.queries.measured_part_ids_to_measure", "cpm.operations.measure_part", "bulk"),
    "prepare or finish measurement": Due(
        "cpm.queries.measurement_ids_to_prepare_or_finish", "cpm.operations.prepare_or_finish_measurement", "bulk"
    ),
    "send notifications": Due("cpm.queries.lanes_to_send", "cpm.operations.send_notifications", "bulk"),
}

# What depends on a stage, as words for alerts: functions of its uid, each of one system; empty if it knows of nothing.
STAKES = ("derms.queries.stakes.power_of_stage", "cpm.queries.customers_of_stage")

# The power of an event over time, as a function of its uid, of the system that plans events; none, if it isn't ours.
EVENT_STEPS = "derms.queries.event_steps.steps_of_event"

# Bulk rows of history that carry their own digests: functions of one system that find what was changed of them.
SEALED_BESIDE = ("cpm.queries.settlement_seals.tampered_lines",)

# What a test of a webhook says that is a callback of a door, as a function of the webhook.
DOOR_TESTS = {"openadr": "lec_sim.openadr.notifying.test_notification"}
# Whether who asked for such a callback may still be told of a notice, as a function of it.
DOOR_RIGHTS = {"openadr": "lec_sim.queries.subscriptions.may_be_told"}

EVERY: dict[str, Every] = {
    "measure program events": Every(MINUTE, "cpm.operations.ask_measurements", "small"),
    "watch delivered power": Every(MINUTE, "derms.operations.watch_delivered", "small"),
    "seal history": Every(MINUTE, "integration.seam.sealing.seal_history", "small"),
    "mail head of history": Every(NIGHT, "integration.seam.sealing.mail_head", "small"),
    "remove unnamed extracts": Every(MINUTE, "integration.seam.extract_files.remove_unnamed", "small"),
    "take in dropped extracts": Every(MINUTE, "cpm.operations.take_in_dropped", "bulk"),
    "drop abandoned tables": Every(MINUTE, "integration.seam.loads.drop_abandoned_tables", "small"),
    "forget imported files": Every(NIGHT, "integration.importing.forgetting.forget_files", "small"),
    "forget webhook notices": Every(NIGHT, "integration.seam.webhooks.keeping.forget_notices", "small"),
    "forget answers": Every(NIGHT, "integration.seam.request_answers.forget_answers", "small"),
    "look for demo passwords": Every(NIGHT, "integration.demo.demo_passwords.report_demo_passwords", "small"),
    "write demo load": Every(MINUTE, "integration.demo.metered.write_metered", "small"),
    "count available power": Every(5 * MINUTE, "derms.operations.count_available_power", "bulk"),
    "count operating reserve": Every(15 * MINUTE, "derms.operations.count_operating_reserve", "bulk"),
    "forecast load at night": Every(NIGHT, "derms.operations.issue_forecasts", "bulk"),
    "forecast load by day": Every(MORNING, "derms.operations.issue_forecasts", "bulk"),
    "send places": Every(NIGHT, "derms.operations.send_places", "small"),
    "renew holidays": Every(NIGHT, "cpm.operations.renew_holidays", "small"),
    "check device status": Every(NIGHT, "cpm.operations.check_unheard_devices", "bulk"),
    "fold month of DERMS": Every(NIGHT, "derms.monthly_partitions.fold_month", "bulk"),
    "fade response rates": Every(NIGHT, "derms.operations.fade_response_rates", "bulk"),
    "put away meter days": Every(NIGHT, "cpm.operations.put_away_meter_days", "bulk"),
    "fold month of CPM": Every(NIGHT, "cpm.monthly_partitions.fold_month", "bulk"),
    "forget reports": Every(NIGHT, "lec_sim.operations.forget_reports", "small"),
    "fold month of LEC": Every(NIGHT, "lec_sim.monthly_partitions.fold_month", "bulk"),
}
