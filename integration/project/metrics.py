"""The figures of /metrics, read from the database on request by one bounded query.

Every process reports the same figures: nothing is counted in memory, so nothing is lost when a process ends.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from integration.seam import sql
from integration.seam.sql import statement


class Figure(NamedTuple):
    """What a figure means, and the name of its label if it has one."""

    says: str
    label: str = ""


FIGURES = {
    "gridcall_events": Figure("Events by state", "state"),
    "gridcall_messages": Figure(
        "Deliveries: open and dead now, delivered and discarded in the last 5 minutes", "state"
    ),
    "gridcall_oldest_undelivered_seconds": Figure("How long the oldest open delivery has waited"),
    "gridcall_dead_letters": Figure("Deliveries and due work that failed for good and wait for a person"),
    "gridcall_delivery_seconds": Figure("From sent to delivered, over the last 5 minutes", "quantile"),
    "gridcall_stage_start_lateness_seconds": Figure("How late stages started, over the last hour", "quantile"),
    "gridcall_forecast_age_seconds": Figure("How long ago the zone's load forecast was loaded", "zone"),
    "gridcall_open_alerts": Figure("Open alerts by priority", "priority"),
    "gridcall_history_head_block": Figure("Number of the newest block of history"),
    "gridcall_history_head_digest": Figure("The first 48 bits of the newest block's digest"),
    "gridcall_unsealed_history_rows": Figure("Rows of history that wait for their block"),
}


class DatabaseFigures(Collector):
    """The figures as Prometheus collects them."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return families(sql.rows(statement("integration.project", "metrics")))


def families(rows: Iterable[tuple[str, str, float]]) -> list[GaugeMetricFamily]:
    """Prometheus families from rows of (figure, label's value, number)."""
    by_name: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for name, value, number in rows:
        by_name[name].append((value, number))
    return [_family(name, figure, by_name[name]) for name, figure in FIGURES.items()]


def text() -> bytes:
    """Every figure in Prometheus's text format, and those of this process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(DatabaseFigures())
    return generate_latest(registry)


def _family(name: str, figure: Figure, values: list[tuple[str, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, figure.says, labels=[figure.label] if figure.label else [])
    for value, number in values:
        family.add_metric([value] if figure.label else [], float(number))
    return family
