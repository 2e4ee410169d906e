"""Vens and resources that a ven writes make, rename and delete no head end and no device."""

from collections.abc import Callable
from typing import Any

import pytest

from lec_sim.models import HeadEndProfile, LecReservation, LecStage, RealmObject, Ven, VenReport

from .conftest import VenClient

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


def wanted(name: str) -> dict[str, str]:
    return {"objectType": "VEN_VEN_REQUEST", "venName": name}


def everything() -> list[Any]:
    return [
        *HeadEndProfile.objects.order_by("pk").values_list("head_end", "driver", "client", "version"),
        *Ven.objects.order_by("pk").values_list("profile", "revision"),
        *LecReservation.objects.order_by("head_end", "nic_id").values_list("head_end", "nic_id"),
        RealmObject.objects.count(),
    ]


@pytest.fixture
def second(ven: VenClient) -> HeadEndProfile:
    """Another head end of the same client."""
    return HeadEndProfile.objects.create(head_end="HE2", driver="openadr", client=ven.account.client_id)


def test_a_name_of_the_clients_own_is_taken_and_the_answer_says_what_to_do(
    ven: VenClient, stage: LecStage, second: HeadEndProfile
) -> None:
    first, other = ven.found("vens")
    before = everything()
    for answer, says in (
        (ven.post("vens", wanted("HE1")), f"“HE1” is a ven of yours already. Read it at /vens/{first['id']}"),
        (ven.post("vens", wanted("HE2")), f"“HE2” is a ven of yours already. Read it at /vens/{other['id']}"),
        (ven.put(f"vens/{first['id']}", wanted("HE2")), f"“HE2” is another ven of yours, {other['id']}. Send"),
    ):
        assert (answer.status_code, answer["Content-Type"]) == (409, PROBLEM)
        assert says in answer.json()["detail"]
    assert everything() == before


def test_no_write_makes_renames_or_deletes_anything(
    ven: VenClient, stage: LecStage, ven_of: Callable[..., VenClient]
) -> None:
    theirs = ven_of("HE9").found("vens")[0]["id"]
    mine, device = ven.found("vens")[0]["id"], ven.found("resources", limit=1)[0]["id"]
    before = everything()
    resource = {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": "NEW", "venID": mine}
    answers = [
        ven.post("vens", wanted("NEW")),
        ven.post("vens", wanted("HE9")),  # nobody learns whose it is
        ven.put(f"vens/{mine}", wanted("NEW")),
        ven.delete(f"vens/{mine}"),
        ven.post("resources", resource),
        ven.put(f"resources/{device}", resource),
        ven.delete(f"resources/{device}"),
    ]
    assert [one.status_code for one in answers] == [403] * 7
    assert "Let a DERMS operator choose the account" in answers[1].json()["detail"]
    assert f"{mine} stays “HE1”" in answers[2].json()["detail"]
    assert ven.put(f"vens/{theirs}", wanted("NEW")).status_code == 404
    assert ven.post("vens", {"venName": "NEW"}).status_code == 400
    assert everything() == before


def test_a_report_in_the_name_of_a_ven_that_is_not_called_is_refused(
    ven: VenClient, stage: LecStage, second: HeadEndProfile
) -> None:
    body = {"eventID": str(stage.stage_uid), "clientName": "HE2", "resources": []}
    answer = ven.post("reports", body)
    assert (answer.status_code, answer["Content-Type"]) == (409, PROBLEM)
    assert (
        "“HE2” is another ven of yours, which this event does not call. Name one it calls: HE1."
        in (answer.json()["detail"])
    )
    assert not VenReport.objects.exists()
    assert ven.post("reports", {**body, "clientName": "any name"}).status_code == 201
