"""The candidates of a zone, rebuilt into a new table and swapped when a stage closes."""

from derms.models import Candidate, Stage
from integration.seam.loads import Renewed
from integration.seam.outcomes import CALLS, SUCCESSES
from integration.seam.sql import execute, statement

# NOT VALID spares a look at each row, just worked out by the same function; the check holds for all that comes after.
_CHECK_SCORES = """
ALTER TABLE {table} ADD CONSTRAINT derms_candidate_score CHECK (score = derms_score(recent, calls)) NOT VALID
"""


def lock_candidates() -> None:
    """Keep everybody else from changing candidates until the transaction ends; they can be read."""
    execute("LOCK TABLE ONLY derms_candidate IN SHARE ROW EXCLUSIVE MODE")


def renew_candidates(stage: Stage) -> Renewed:
    """Its zone's candidates with a stage's outcomes in their last ten calls, ready to be attached in their place.

    The caller has locked the candidates.
    """
    zone = stage.event.zone_id
    renewed = Renewed(Candidate._meta.db_table, "zone_id", zone)
    query = statement("derms", "renewed_candidates")
    params = {"stage": stage.pk, "called_at": stage.started_at, "zone": zone, "successes": SUCCESSES, "calls": CALLS}
    renewed.create_from(query, params)
    renewed.execute(_CHECK_SCORES)
    renewed.finish(("device_id", "enrollment_id"))
    return renewed
