"""Loading, completing and counting a stage's outcomes, one statement each."""

from derms.figures.causes import Group
from derms.models import Stage
from integration.seam import sql
from integration.seam.extracts import Staged
from integration.seam.loads import Partition, keep_refused
from integration.seam.models import Delivery
from integration.seam.outcomes import CODES, Outcome
from integration.seam.sql import identifier, statement


def outcome_partition(stage: Stage) -> Partition:
    return Partition("derms_outcome", "stage_id", stage.pk)


def load_outcome_rows(stage: Stage, staged: Staged) -> int:
    """Insert the rows of one staged part as outcomes of a stage; returns how many."""
    table = identifier(outcome_partition(stage).table)
    query = statement("derms", "load_raw_outcomes", table=table, staged=identifier(staged.table))
    return sql.execute(query, {"stage": stage.pk, "codes": CODES, **staged.range})


def complete_outcomes(stage: Stage) -> None:
    """Add an outcome for each reserved device without one: canceled if it had left the stage, otherwise no response."""
    codes = {"no_response": Outcome.NO_RESPONSE, "canceled": Outcome.CANCELED}
    sql.execute(statement("derms", "complete_outcomes"), {"stage": stage.pk, **codes})


def count_reserved(stage: Stage) -> tuple[int, int]:
    """Return how many devices a stage reserved, and how many of those have an outcome in the table to be attached.

    These two counts run in parallel and usually show that two slower joins over all rows aren't needed.
    """
    query = statement("derms", "count_reserved", table=identifier(outcome_partition(stage).table))
    reserved, with_outcome = sql.row(query, {"stage": stage.pk})
    return reserved, with_outcome


def keep_unreserved(delivery: Delivery, stage: Stage) -> int:
    """Record the outcomes of devices that were not reserved, before they are attached; returns how many."""
    query = statement("derms", "unreserved_raw_outcomes", table=identifier(outcome_partition(stage).table))
    return keep_refused(delivery, query, {"stage": stage.pk})


def count_outcomes(stage: Stage) -> tuple[dict[str, int], int]:
    """Return the number of devices per outcome code, and their total reduction in W."""
    query = "SELECT code, count(*), sum(reduction_w) FROM derms_outcome WHERE stage_id = %s GROUP BY code"
    rows = sql.rows(query, [stage.pk])
    return {code: devices for code, devices, _ in rows}, sum(int(watts) for _, _, watts in rows)


def failed_devices(stages: list[int]) -> list[Group]:
    """Return the devices with outcomes in these stages by head end, class and feeder, and how many of them failed."""
    codes = {"silent": Outcome.NO_RESPONSE, "rejecting": Outcome.ERROR, "overridden": Outcome.OVERRIDE}
    query = statement("derms", "failed_devices")
    return [Group(*row) for row in sql.rows(query, {"stages": stages, "canceled": Outcome.CANCELED, **codes})]
