"""How head end systems are reached: facts of Live Energy Connect, from a file."""

import pytest

from lec_sim.models import HeadEndProfile

from .bringing import applied, checked, counts
from .samples import bring_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_facts_of_head_ends_that_derms_named_are_brought_in_once() -> None:
    bring_in("head_ends")
    text = (
        "Kopfstelle;Protokoll;Mandant;Kontakt;Kapazität\nmuster-klima;OpenADR 2.0b;ven-7;Muster GmbH, 030 1234;5000\n"
    )

    assert counts(applied("head_end_facts", text)) == (0, 1, 0, 0)
    assert counts(applied("head_end_facts", text)) == (0, 0, 1, 0)

    row = HeadEndProfile.objects.get(head_end="muster-klima")
    assert (row.protocol, row.client, row.contact, row.capacity) == (
        "OpenADR 2.0b", "ven-7", "Muster GmbH, 030 1234", 5000,
    )  # fmt: skip
    assert (row.version, row.saved_by, row.driver) == (2, "adam", "simulated")
    assert HeadEndProfile.objects.exclude(head_end="muster-klima").filter(protocol="").exists()


def test_a_head_end_that_derms_does_not_have_is_refused() -> None:
    bring_in("head_ends")

    run = checked("head_end_facts", "head_end,protocol,capacity\nmuster-klma,X,1\nmuster-klima,X,-1\n")

    first, second = run.refused_cells.order_by("line")
    assert first.reason.startswith("There is no head end system “muster-klma”. Near it: muster-klima")
    assert second.reason == "It is not between 0 and 100,000,000."
