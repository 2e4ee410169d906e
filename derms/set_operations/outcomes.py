"""The outcomes of a stage: loaded, completed and counted, one statement each."""

from django.db import connection

from derms.models import Stage
from derms.set_operations.statements import HERE, run
from integration.seam.extracts import Staged
from integration.seam.loads import Partition, keep_refused
from integration.seam.models import Delivery
from integration.seam.outcomes import CODES, Outcome
from integration.seam.sql import statement


def outcome_partition(stage: Stage) -> Partition:
    return Partition("derms_outcome", "stage_id", stage.pk)


def load_raw_outcomes(stage: Stage, staged: Staged) -> int:
    """Rows of one staged part become outcomes of a stage; gives how many."""
    with connection.cursor() as cursor:
        query = statement(HERE, "load_raw_outcomes").format(table=outcome_partition(stage).table, staged=staged.table)
        cursor.execute(query, {"stage": stage.pk, "codes": CODES, **staged.range})
        return int(cursor.rowcount)


def complete_outcomes(stage: Stage) -> None:
    """Add an outcome for each reserved device without one: canceled if it had left the stage, else no response."""
    codes = {"no_response": Outcome.NO_RESPONSE, "canceled": Outcome.CANCELED}
    run("complete_outcomes", {"stage": stage.pk, **codes})


def count_reserved(stage: Stage) -> tuple[int, int]:
    """Reserved devices of a stage, and those of them that have an outcome in the table that will be attached.

    Two counts by several processors: what they rule out would each take one processor a join of all rows.
    """
    counts = run("count_reserved", {"stage": stage.pk}, table=outcome_partition(stage).table)
    return counts[0][0], counts[0][1]


def keep_unreserved(delivery: Delivery, stage: Stage) -> int:
    """List the outcomes of a stage whose device was not reserved, before they are attached; gives how many."""
    query = statement(HERE, "unreserved_raw_outcomes").format(table=outcome_partition(stage).table)
    return keep_refused(delivery, query, {"stage": stage.pk})


def count_outcomes(stage: Stage) -> tuple[dict[str, int], int]:
    """Devices per outcome code, and their reduction together in W."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, count(*), sum(reduction_w) FROM derms_outcome WHERE stage_id = %s GROUP BY code", [stage.pk]
        )
        rows = cursor.fetchall()
    return {code: devices for code, devices, _ in rows}, sum(int(watts) for _, _, watts in rows)
