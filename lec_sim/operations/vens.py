"""What vens read: the evidence that a head end knows of a stage, and that a device leaves it."""

from collections.abc import Callable, Collection
from contextlib import nullcontext
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Greatest

from integration.seam import sql
from integration.seam.nudges import tell_pages
from integration.seam.sql import statement

from ..choices import OPENADR, PENDING
from ..models import Announcement, HeadEndProfile, Removal, Ven
from ..queries.openadr import Call, Granted, Place, calls_to, covered_removals, granted
from .removals import confirm_removals
from .unaware import close_if_aware

SEEN_EVERY = timedelta(seconds=30)  # how exactly it is known when a ven called last


def see_vens(client: str, *, now: datetime) -> tuple[Ven, ...]:
    """The vens of a client, which has just called; those that never called before are made."""
    profiles = HeadEndProfile.objects.filter(driver=OPENADR, client=client).select_related("ven")
    found = []
    for profile in profiles:
        if not hasattr(profile, "ven"):
            Ven.objects.get_or_create(profile=profile, defaults={"created_at": now, "modified_at": now})
        found.append(profile.ven)
    vens = tuple(sorted(found, key=lambda ven: ven.pk))
    before = now - SEEN_EVERY
    if any(ven.last_seen_at is None or ven.last_seen_at <= before for ven in vens):
        not_lately = Q(last_seen_at=None) | Q(last_seen_at__lte=before)
        Ven.objects.filter(not_lately, pk__in=[ven.pk for ven in vens]).update(last_seen_at=now)
    return vens


def read_events(vens: Collection[Ven], chosen: Callable[[list[Call]], list[Call]], *, now: datetime) -> list[Call]:
    """The stages that are chosen from those that vens may read; stores that they have read them.

    A stage that is off for a client tells it that all its devices leave, so their removals are answered.
    """
    with transaction.atomic():
        # A device that leaves meanwhile waits for this lock, and then finds the stage read.
        unread = Announcement.objects.filter(ven__in=vens, read_revision__lt=F("revision"))
        list(unread.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        pending = _pending(vens)
        calls = chosen(calls_to(vens, now))
        new = [one for call in calls for one in call.announcements if one.read_revision < one.revision]
        for one in new:
            Announcement.objects.filter(pk=one.pk).update(
                read_revision=Greatest("read_revision", one.revision),
                first_read_at=Coalesce("first_read_at", now),
                read_at=now,
            )
            tell_pages(one.stage.event_number)
    for one in new:
        close_if_aware(one.stage)
    off = [call.stage.stage_uid for call in calls if call.is_off]
    confirm_removals(Removal.objects.filter(pk__in=pending, stage_uid__in=off).values_list("pk", flat=True), now=now)
    return calls


def read_grants(vens: Collection[Ven], place: Place, *, is_first: bool, now: datetime) -> list[Granted]:
    """A page of the devices that stages call; stores that the vens have begun to read them, if it may be the first.

    A device that was to stand on the page and leaves is not on it: so its removal is answered.
    """
    with transaction.atomic() if is_first else nullcontext():
        if is_first:
            told = Announcement.objects.filter(ven__in=vens, stage__in=place.stage_ids, grants_read_at=None)
            told.update(grants_read_at=now)
        pending = _pending(vens)
        found = granted(place._replace(skip=max(place.skip - 1, 0), limit=place.limit + (place.skip > 0)))
    page = found[1:] if place.skip else found
    if pending and place.limit and (found or not place.skip):
        covered = covered_removals(pending, place, after=found[0] if place.skip else None, page=page)
        confirm_removals(covered, now=now)
    return page


def _pending(vens: Collection[Ven]) -> list[int]:
    """The removals that wait until their head ends read them; those that come later are not in what is read next."""
    params = {"head_ends": [ven.profile.head_end for ven in vens], "pending": PENDING}
    return [int(one) for one in sql.column(statement("lec_sim", "openadr_pending"), params)]
