"""The outcomes of a stage: loaded, completed and counted, one statement each."""

from derms.models import Stage
from integration.seam import sql
from integration.seam.extracts import Staged
from integration.seam.loads import Partition, keep_refused
from integration.seam.models import Delivery
from integration.seam.outcomes import CODES, Outcome
from integration.seam.sql import identifier, statement


def outcome_partition(stage: Stage) -> Partition:
    return Partition("derms_outcome", "stage_id", stage.pk)


def load_raw_outcomes(stage: Stage, staged: Staged) -> int:
    """Rows of one staged part become outcomes of a stage; returns how many."""
    table = identifier(outcome_partition(stage).table)
    query = statement("derms", "load_raw_outcomes", table=table, staged=identifier(staged.table))
    return sql.execute(query, {"stage": stage.pk, "codes": CODES, **staged.range})


def complete_outcomes(stage: Stage) -> None:
    """Add an outcome for each reserved device without one: canceled if it had left the stage, else no response."""
    codes = {"no_response": Outcome.NO_RESPONSE, "canceled": Outcome.CANCELED}
    sql.execute(statement("derms", "complete_outcomes"), {"stage": stage.pk, **codes})


def count_reserved(stage: Stage) -> tuple[int, int]:
    """Reserved devices of a stage, and those of them that have an outcome in the table that will be attached.

    Two counts by several processors: what they rule out would each take one processor a join of all rows.
    """
    query = statement("derms", "count_reserved", table=identifier(outcome_partition(stage).table))
    reserved, with_outcome = sql.row(query, {"stage": stage.pk})
    return reserved, with_outcome


def keep_unreserved(delivery: Delivery, stage: Stage) -> int:
    """List the outcomes of a stage whose device was not reserved, before they are attached; returns how many."""
    query = statement("derms", "unreserved_raw_outcomes", table=identifier(outcome_partition(stage).table))
    return keep_refused(delivery, query, {"stage": stage.pk})


def count_outcomes(stage: Stage) -> tuple[dict[str, int], int]:
    """Devices per outcome code, and their reduction together in W."""
    query = "SELECT code, count(*), sum(reduction_w) FROM derms_outcome WHERE stage_id = %s GROUP BY code"
    rows = sql.rows(query, [stage.pk])
    return {code: devices for code, devices, _ in rows}, sum(int(watts) for _, _, watts in rows)
