"""What vens read: the evidence that a head end knows of a stage."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Greatest

from integration.seam.nudges import tell_pages

from ..choices import OPENADR
from ..models import Announcement, HeadEndProfile, Ven
from ..queries.openadr import Call, Granted, Place, calls_to, granted

SEEN_EVERY = timedelta(seconds=30)  # how exactly it is known when a ven called last


def see_vens(client: str, *, now: datetime) -> tuple[Ven, ...]:
    """The vens of a client, which has just called; those that never called before are made."""
    profiles = HeadEndProfile.objects.filter(driver=OPENADR, client=client).order_by("pk")
    for profile in profiles.filter(ven=None):
        Ven.objects.get_or_create(profile=profile, defaults={"created_at": now, "modified_at": now})
    vens = tuple(Ven.objects.filter(profile__in=profiles).select_related("profile").order_by("pk"))
    before = now - SEEN_EVERY
    if any(ven.last_seen_at is None or ven.last_seen_at <= before for ven in vens):
        not_lately = Q(last_seen_at=None) | Q(last_seen_at__lte=before)
        Ven.objects.filter(not_lately, pk__in=[ven.pk for ven in vens]).update(last_seen_at=now)
    return vens


@transaction.atomic
def read_events(vens: Collection[Ven], chosen: Callable[[list[Call]], list[Call]], *, now: datetime) -> list[Call]:
    """The stages that are chosen from those that vens may read; stores that they have read them.

    What the vens haven't read is locked first: a device that leaves meanwhile waits, and finds the stage read.
    """
    unread = Announcement.objects.filter(ven__in=vens, read_revision__lt=F("revision"))
    list(unread.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    calls = chosen(calls_to(vens, now))
    for one in (told for call in calls for told in call.announcements if told.read_revision < told.revision):
        Announcement.objects.filter(pk=one.pk).update(
            read_revision=Greatest("read_revision", one.revision),
            first_read_at=Coalesce("first_read_at", now),
            read_at=now,
        )
        tell_pages(one.stage.event_number)
    return calls


@transaction.atomic
def read_grants(vens: Collection[Ven], place: Place, *, now: datetime) -> list[Granted]:
    """A page of the devices that stages call; stores that the vens have begun to read them."""
    told = Announcement.objects.filter(ven__in=vens, stage__in=place.stage_ids, grants_read_at=None)
    told.update(grants_read_at=now)
    return granted(place)
