"""How many customers an event would ask: only DERMS and CPM together can say it."""

from derms.set_operations.choosing import KEPT
from integration.seam import sql
from integration.seam.sql import statement


def customers_asked() -> int:
    """Return how many customers have devices among those that were chosen and kept, in the same transaction."""
    return int(sql.value(statement("integration.console", "customers_asked", kept=KEPT)))
