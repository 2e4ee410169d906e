"""Extracts that a DERMS from outside posts: the parts one by one, then the manifest; checked as those that it drops."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from integration.seam import extract_files
from integration.seam.models import Extract
from integration.seam.recorded import recorded
from integration.seam.refusals import Refused

from .dropped_extracts import DropRefused, Manifest, send_extract

NOT_POSTED = recorded("%(file)s was not posted, or longer than an hour ago.")


class ExtractRefused(Refused):
    """A posted extract can't be taken over."""

    status = 422


class ExtractSent(Refused):
    """The extract is complete; its parts can't change any more."""


def keep_part(uid: UUID, file: str, content: bytes) -> None:
    """Keep a part until its manifest comes. Raises ExtractSent."""
    if Extract.objects.filter(uid=uid).exists():
        raise ExtractSent(_("There is an extract %(uid)s already.") % {"uid": uid})
    extract_files.replace(f"{uid}/{file}", lambda out: out.write(content))


def take_in_posted(body: bytes) -> Manifest:
    """Take over the extract of a manifest. Raises ExtractRefused."""
    try:
        with transaction.atomic():
            return send_extract(body, _require_parts)
    except DropRefused as refused:
        raise ExtractRefused(str(refused)) from refused


def _require_parts(manifest: Manifest) -> None:
    """Raises DropRefused if a part was not posted."""
    for part in manifest.parts:
        if not extract_files.storage().exists(f"{manifest.uid}/{part.file}"):
            raise DropRefused(NOT_POSTED(file=part.file))
