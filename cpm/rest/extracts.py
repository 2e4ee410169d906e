"""Extracts of a DERMS from outside, posted: each part, then the manifest."""

from typing import Any
from uuid import UUID

from django.http import Http404

from integration.pages.http import SignedInRequest
from integration.pages.rest import operation
from integration.seam.extracts import PART_NAME

from .. import operations
from ..operations import Manifest
from .events import ACTS_AS_DERMS

FILES = ("text/csv", "application/gzip")


@operation(ACTS_AS_DERMS, files=FILES)
def post_part(request: SignedInRequest, uid: UUID, file: str) -> dict[str, Any]:
    """A part; posted again it takes the place of the former one, until the manifest comes."""
    if not PART_NAME.fullmatch(file):
        raise Http404
    operations.keep_part(uid, file, request.body)
    return {"uid": str(uid), "file": file, "bytes": len(request.body)}


@operation(ACTS_AS_DERMS, body=Manifest)
def post_extract(request: SignedInRequest, manifest: Manifest) -> dict[str, Any]:
    """The manifest, as it is in the folder; the extract is loaded soon after."""
    operations.take_in_posted(request.body)
    return {"uid": str(manifest.uid), "kind": manifest.kind, "event": manifest.event, "rows": manifest.rows}
