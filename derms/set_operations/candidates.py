"""Rebuilding a zone's candidates into a new table that is swapped in when a stage closes."""

from derms.models import Candidate, Stage
from integration.seam.loads import Renewed
from integration.seam.outcomes import CALLS, SUCCESSES
from integration.seam.sql import execute, statement

# NOT VALID skips checking the rows just computed by the same function; later rows are checked.
_CHECK_SCORES = """
ALTER TABLE {table} ADD CONSTRAINT derms_candidate_score CHECK (score = derms_score(recent, calls)) NOT VALID
"""


def lock_candidates() -> None:
    """Block all changes to candidates by others until the transaction ends; reading stays possible."""
    execute("LOCK TABLE ONLY derms_candidate IN SHARE ROW EXCLUSIVE MODE")


def renew_candidates(stage: Stage) -> Renewed:
    """Build a new partition of the stage's zone, with the stage's outcomes added to each candidate's last ten calls.

    The caller has locked the candidates and attaches the result.
    """
    zone = stage.event.zone_id
    renewed = Renewed(Candidate._meta.db_table, "zone_id", zone)
    query = statement("derms", "renewed_candidates")
    params = {"stage": stage.pk, "called_at": stage.started_at, "zone": zone, "successes": SUCCESSES, "calls": CALLS}
    renewed.create_from(query, params)
    renewed.execute(_CHECK_SCORES)
    renewed.finish(("device_id", "enrollment_id"))
    return renewed
