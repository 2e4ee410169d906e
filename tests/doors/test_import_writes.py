"""Files by the API: sent, checked, applied; forecasts and metered load come this way."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Max
from django.test import Client

from derms.models import ControlZone, LoadForecast
from integration.importing.models import ImportRun
from integration.importing.operations import apply_run, check_run
from integration.seam import clock

from .calling import PROBLEM, V1, Send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]
BOSS = "boss"


def sent(send: Send, text: str, kind: str = "load_forecast", *, key: str = "", person: str = BOSS) -> Any:
    headers = {**send.of(person), "Idempotency-Key": key or str(uuid.uuid4())}
    file = SimpleUploadedFile("forecast.csv", text.encode())
    return Client().post(f"{V1}imports", {"kind": kind, "file": file}, headers=headers)


def forecast(share: float = 0.5) -> str:
    """Three hours to come of a zone, at a share of its highest load."""
    zone = ControlZone.objects.earliest("pk")
    mw = share * (LoadForecast.objects.filter(zone=zone).aggregate(kw=Max("forecast_kw"))["kw"] or 1000) / 1000
    first = (clock.now() + timedelta(days=400)).replace(minute=0, second=0, microsecond=0)
    lines = [f"{zone.code},{first + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ},{mw:.3f}" for n in range(3)]
    return "zone,hour,load_mw\n" + "\n".join(lines) + "\n"


def test_a_forecast_is_sent_checked_and_applied(send: Send) -> None:
    key = str(uuid.uuid4())
    text = forecast()
    answer = sent(send, text, key=key)
    assert answer.status_code == 201, answer.content
    again = sent(send, text, key=key)
    assert (again.status_code, again.json()) == (201, answer.json())
    other = sent(send, forecast(0.6), key=key)
    assert (other.status_code, other["Content-Type"]) == (422, PROBLEM)
    run = ImportRun.objects.get()
    at = f"imports/{run.uid}"
    assert answer.json()["at"] == f"/api/v1/{at}"
    assert send(BOSS, "POST", f"{at}/apply", {}).status_code == 409  # not checked yet
    assert send(BOSS, "POST", f"{at}/check", {}).status_code == 200
    check_run(run.pk, now=clock.now())
    seen = send(BOSS, "GET", at).json()
    assert (seen["state"], seen["rows"], seen["added"], seen["refused"]) == ("Checked", 3, 3, 0)
    assert seen["by"] == f"service account {BOSS}"
    assert send(BOSS, "POST", f"{at}/apply", {}).status_code == 200
    apply_run(run.pk, now=clock.now())
    assert send(BOSS, "GET", at).json()["state"] == "Applied"
    kept = [round(float(line.rpartition(",")[2]) * 1000) for line in text.splitlines()[1:]]
    assert list(LoadForecast.objects.order_by("-hour").values_list("forecast_kw", flat=True)[:3]) == kept
    over = send(BOSS, "POST", f"{at}/cancel")
    assert (over.status_code, over["Content-Type"]) == (409, PROBLEM)


def test_rows_that_are_refused_are_listed_and_only_the_good_ones_applied_if_said(send: Send) -> None:
    answer = sent(send, forecast() + f"NOWHERE,{clock.now():%Y-%m-%dT%H:00:00Z},1\n")
    run = ImportRun.objects.get()
    at = f"imports/{run.uid}"
    assert answer.status_code == 201
    assert send(BOSS, "POST", f"{at}/check", {}).status_code == 200
    check_run(run.pk, now=clock.now())
    (row,) = send(BOSS, "GET", f"{at}/refused").json()["items"]
    assert (row["line"], row["value"]) == (5, "NOWHERE")
    assert row["why"]
    refused = send(BOSS, "POST", f"{at}/apply", {})
    assert (refused.status_code, "1 row would be refused" in refused.json()["detail"]) == (409, True)
    assert send(BOSS, "POST", f"{at}/apply", {"only_good_rows": True}).status_code == 200


def test_how_a_file_is_read_can_be_said(send: Send) -> None:
    sent(send, forecast().replace("load_mw", "megafoo"))
    at = f"imports/{ImportRun.objects.get().uid}"
    unmatched = send(BOSS, "POST", f"{at}/check", {})
    assert (unmatched.status_code, unmatched.json()["errors"][0]["field"]) == (422, "columns.load_mw")
    unknown = send(BOSS, "POST", f"{at}/check", {"columns": {"price": "zone"}})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "columns.price")
    assert send(BOSS, "POST", f"{at}/check", {"columns": {"load_mw": "megafoo"}}).status_code == 200


@pytest.mark.parametrize(("text", "kind", "field"), [("", "load_forecast", "file"), ("zone\n", "prices", "kind")])
def test_a_file_that_can_not_be_read_is_refused(send: Send, text: str, kind: str, field: str) -> None:
    answer = sent(send, text, kind)
    assert (answer.status_code, answer["Content-Type"]) == (422, PROBLEM), answer.content
    assert field in {one["field"] for one in answer.json()["errors"]}
    assert not ImportRun.objects.exists()


def test_a_file_is_sent_as_multipart(send: Send) -> None:
    answer = send(BOSS, "POST", "imports", {"kind": "zones"})
    assert (answer.status_code, answer.json()["detail"]) == (415, "Send the body as multipart/form-data.")


def test_another_account_s_file_can_be_seen_and_not_touched(send: Send) -> None:
    sent(send, forecast())
    at = f"imports/{ImportRun.objects.get().uid}"
    assert send("adam.admin", "GET", at).json()["state"] == "Received"
    refused = send("adam.admin", "POST", f"{at}/cancel")
    assert (refused.status_code, "only they can go on with it" in refused.json()["detail"]) == (409, True)
    assert send("pia.manager", "GET", at).status_code == send("pia.manager", "POST", f"{at}/cancel").status_code == 403
    assert ImportRun.objects.get().state == "Received"


def test_a_zones_meters_are_said_minute_by_minute_and_never_of_what_is_to_come(send: Send) -> None:
    zone = ControlZone.objects.earliest("pk")
    now = clock.now().replace(second=0, microsecond=0)
    loads = [{"starts_at": (now - timedelta(minutes=n)).isoformat(), "load_mw": 12.5} for n in (2, 1)]
    at = f"zones/{zone.code}/metered-load"
    assert send(BOSS, "POST", at, {"loads": loads}).status_code == 200
    kept = zone.metered.order_by("-starts_at").values_list("starts_at", "length_s", "load_kw")[:2]
    assert list(kept) == [(now - timedelta(minutes=n), 60, 12_500) for n in (1, 2)]
    late = {"loads": [{"starts_at": (now + timedelta(minutes=1)).isoformat(), "load_mw": 12.5}]}
    answer = send(BOSS, "POST", at, late)
    assert (answer.status_code, answer["Content-Type"]) == (422, PROBLEM)
    assert "has not been measured yet" in answer.content.decode()
    assert send(BOSS, "POST", "zones/NOWHERE/metered-load", {"loads": loads}).status_code == 404
