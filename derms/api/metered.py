"""DERMS's part of the API: what the meters of a control zone say of its load, as SCADA sends it."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import AwareDatetime, Field

from integration.pages.api_writes import acts, changed, done
from integration.pages.http import SignedInRequest
from integration.pages.problems import FieldError, FieldsRefused
from integration.seam import clock

from .. import operations
from ..models import ControlZone
from ..operations import Metered
from ..operations.forecast_file import MOST_MW
from .routing import router

MOST_AT_ONCE = 1_440


class MeteredMoment(Schema):
    """The load of a control zone on average over a short time."""

    starts_at: AwareDatetime = Field(description="When the time begins.")
    length_s: int = Field(60, description="How long it is, in seconds; at most an hour.", ge=1, le=3600)
    load_mw: float = Field(description="The load in MW; negative: the zone gives.", ge=-MOST_MW, le=MOST_MW)


class MeteredMoments(Schema):
    """Loads of one control zone, in any order; said again, the latest word counts."""

    loads: list[MeteredMoment] = Field(
        description=f"The loads, at most {MOST_AT_ONCE:,}.", min_length=1, max_length=MOST_AT_ONCE
    )


@router.post("/zones/{code}/metered-load", **changed("Say what the meters of a control zone measured"))
@acts("importing.add_importrun")
def say_metered(request: SignedInRequest, code: str, said: MeteredMoments) -> Any:
    """Charts draw these loads; an hour of the forecast that is over gets their mean."""
    zone, now = get_object_or_404(ControlZone, code=code), clock.now()
    if late := [one.starts_at for one in said.loads if one.starts_at.timestamp() + one.length_s > now.timestamp()]:
        text = _("%(moment)s has not been measured yet: it is to come.") % {
            "moment": f"{max(late):%Y-%m-%d %H:%M:%S%z}"
        }
        raise FieldsRefused([FieldError("loads", text)])
    loads = [Metered(one.starts_at, one.length_s, round(one.load_mw * 1000)) for one in said.loads]
    operations.keep_metered(zone_id=zone.pk, loads=loads, now=now)
    return done(f"forecast?zone={zone.code}")
