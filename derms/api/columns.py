"""Columns of lists that have no file on pages."""

from integration.pages.columns import Column, Columns

from ..models import LoadForecast, Strategy
from ..queries.groups import GroupRow

GROUPS = Columns[GroupRow](
    "",
    Column("Group", value=lambda row: row.group.pk),
    Column("Name", value=lambda row: row.group.name),
    Column("Description", value=lambda row: row.group.description),
    Column("Devices that match", value=lambda row: row.criteria),
)
STRATEGIES = Columns[Strategy](
    "",
    Column("Strategy", value=lambda s: str(s.uid)),
    Column("Name", value=lambda s: s.name),
    Column("State", value=lambda s: s.state),
    Column("Type", value=lambda s: s.type_id),
    Column("Objective", value=lambda s: s.objective),
    Column("Control zone", value=lambda s: s.zone.code),
    Column("Default stages", value=lambda s: len(s.stages.all())),
    Column("Target (kW)", value=lambda s: s.target_kw),
)
FORECAST = Columns[LoadForecast](
    "",
    Column("Control zone", value=lambda one: one.zone.code),
    Column("Hour", value=lambda one: one.hour),
    Column("Forecast (kW)", value=lambda one: one.forecast_kw),
    Column("Metered (kW)", value=lambda one: one.metered_kw),
    Column("Loaded", value=lambda one: one.loaded_at),
)
