"""A page of lines for a terminal by which people try what the client of a head end may call, with its own stage."""

import json
from collections.abc import Collection, Sequence
from shlex import quote
from typing import Any, NamedTuple

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.http import SignedInRequest
from integration.seam.service_accounts import ServiceAccount

from ..choices import OPENADR
from ..models import HeadEndProfile, LecReservation, LecStage

READ, DEVICES, REPORT, SUBSCRIBE = "read_targets", "read_ven_objects", "write_reports", "write_subscriptions"
TAKES_PART = [{"id": 0, "payloads": [{"type": "OPERATING_STATE", "values": ["RUNNING_CURTAILED"]}]}]
TOLD = {"objects": ["EVENT"], "operations": ["CREATE", "UPDATE"], "callbackUrl": "https://ven.example/hooks"}
ROOT = "/openadr3/3.1.0/"
SIGNED = '-H "Authorization: Bearer $TOKEN"'
SIGN_IN = """TOKEN=$(curl -s -u {client}:"$VEN_SECRET" -d grant_type=client_credentials {address} |
  sed -E 's/.*"access_token": *"([^"]*)".*/\\1/')"""


class Line(NamedTuple):
    """A command, what it does, and the scope that it takes; empty for none."""

    says: str | Promise
    command: str
    scope: str = ""


class Trial(NamedTuple):
    """What the lines are about: a head end, its client, a stage and a device; `root` is where OpenADR is here."""

    root: str
    head_end: str
    client: str
    stage: str
    device: str

    def get(self, address: str) -> str:
        return f"curl {SIGNED} {quote(self.root + address)}"

    def post(self, address: str, body: dict[str, Any]) -> str:
        sent = f'-H "Content-Type: application/json" -d {quote(json.dumps(body))}'
        return f"curl {SIGNED} {sent} {quote(self.root + address)}"


@require_safe
@allow("lec_sim.change_headendprofile")
def page(request: SignedInRequest, head_end: str) -> HttpResponse:
    """What the account of a head end may call, as lines with its latest stage."""
    profile = get_object_or_404(HeadEndProfile, head_end=head_end)
    if profile.driver != OPENADR:
        return render(request, "lec_sim/try_it.html", {"profile": profile})
    account = ServiceAccount.objects.filter(client_id=profile.client).first()
    scopes = set(account.scopes) if account else set()
    lines = lines_of(_trial(profile, request.build_absolute_uri(ROOT)), scopes)
    lacking = sorted({READ, DEVICES, REPORT, SUBSCRIBE} - scopes)
    return render(request, "lec_sim/try_it.html", {"profile": profile, "lines": lines, "lacking": lacking})


def lines_of(trial: Trial, scopes: Collection[str]) -> Sequence[Line]:
    """The lines that these scopes allow."""
    found = f"resources?targets=stage-{trial.stage}&limit=5"
    said = {"resourceName": trial.device, "intervals": TAKES_PART}
    report = {"eventID": trial.stage, "clientName": trial.head_end, "resources": [said]}
    wanted = {"clientName": trial.head_end, "objectOperations": [TOLD]}
    token = SIGN_IN.format(client=quote(trial.client), address=quote(f"{trial.root}auth/token"))
    server = trial.root.partition("/openadr3/")[0]
    example = f"python examples/ven.py {quote(server)} {quote(trial.client)} --ven {quote(trial.head_end)}"
    lines = (
        Line(_("Get a token, which lasts an hour. VEN_SECRET has the account's secret"), token),
        Line(_("Read the stages that call its devices. They count as told"), trial.get("events?active=true"), READ),
        Line(_("Read which head ends the account has"), trial.get("vens"), DEVICES),
        Line(_("Read the first devices that a stage calls"), trial.get(found), DEVICES),
        Line(_("Report that a device takes part. It counts as its answer"), trial.post("reports", report), REPORT),
        Line(_("Read how it can be told of changes"), trial.get("notifiers"), READ),
        Line(_("Have an address of yours told of stages"), trial.post("subscriptions", wanted), SUBSCRIBE),
        Line(_("Take part in its stages with invented devices, until Ctrl+C"), example, READ),
    )
    return [one for one in lines if not one.scope or one.scope in scopes]


def _trial(profile: HeadEndProfile, root: str) -> Trial:
    """The latest stage that the head end was told of, and its first device; dots where there is none yet."""
    stage = LecStage.objects.filter(announcements__ven__profile=profile).order_by("-starts_at", "-pk").first()
    reserved = LecReservation.objects.filter(stage_id=stage.pk if stage else 0, head_end=profile.head_end)
    device = reserved.order_by("nic_id").values_list("nic_id", flat=True).first()
    uid = str(stage.stage_uid) if stage else "…"
    return Trial(root, profile.head_end, profile.client, uid, device or "…")
