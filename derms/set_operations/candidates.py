"""The candidates of a zone, rebuilt into a new table and swapped when a stage closes."""

from django.db import connection

from derms.models import Candidate, Stage
from derms.set_operations.statements import HERE
from integration.seam.loads import Renewed
from integration.seam.outcomes import CALLS, SUCCESSES
from integration.seam.sql import statement

SCORE_CHECK = "CONSTRAINT derms_candidate_score CHECK (score = derms_score(recent, calls))"


def lock_candidates() -> None:
    """Keep everybody else from changing candidates until the transaction ends; they can be read."""
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE ONLY {Candidate._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")


def renew_candidates(stage: Stage) -> Renewed:
    """Its zone's candidates with a stage's outcomes in their last ten calls, ready to be attached in their place.

    The caller has locked the candidates.
    """
    zone = stage.event.zone_id
    renewed = Renewed(Candidate._meta.db_table, "zone_id", zone)
    query = statement(HERE, "renewed_candidates")
    params = {"stage": stage.pk, "called_at": stage.started_at, "zone": zone, "successes": SUCCESSES, "calls": CALLS}
    renewed.create_from(query, params)
    with connection.cursor() as cursor:
        # NOT VALID spares a look at each row, just worked out by the same function; it holds for whatever comes after.
        cursor.execute(f"ALTER TABLE {renewed.table} ADD {SCORE_CHECK} NOT VALID")
    renewed.finish("device_id, enrollment_id")
    return renewed
