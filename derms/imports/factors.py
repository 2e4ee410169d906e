"""Reduction factors by themselves, a row for each zone, hour and device class; forecast files may have them, too."""

from django.utils.translation import gettext_lazy as _

from derms.choices import DeviceClass
from integration.importing.kinds import Applying, Column, Kind
from integration.importing.values import Choice, Share
from integration.seam import sql
from integration.seam.sql import compose

from .load import HOUR, NO_HOUR, REFUSE_NO_HOUR, WRITE_FACTORS, ZONE

_CURRENT = """
SELECT z.code AS zone, f.hour, f.device_class, f.factor
  FROM derms_reductionfactor f JOIN derms_controlzone z ON z.id = f.zone_id
"""


def write_factors(applying: Applying) -> None:
    sql.execute(compose(WRITE_FACTORS, factors=applying.changes))


REDUCTION_FACTORS = Kind(
    name="reduction_factors",
    label=_("Reduction factors"),
    columns=(
        ZONE,
        HOUR,
        Column("device_class", _("Class"), Choice(tuple(DeviceClass.values)), ("class", "Geräteklasse", "Geräteart")),
        Column(
            "factor",
            _("Reduction factor"),
            Share(0, 1),
            ("reduction_factor", "share", "Anteil", "Reduktionsfaktor"),
            _("Share of rated power that is reduced, 0 to 1."),
        ),
    ),
    key=("zone", "hour", "device_class"),
    current=compose(_CURRENT),
    apply=write_factors,
    refusals=((REFUSE_NO_HOUR, NO_HOUR),),
    # An hour that has begun keeps the values people decided on.
    kept="t.hour <= now()",
)
