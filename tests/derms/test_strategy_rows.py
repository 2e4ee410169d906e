"""The hidden number of stages in a strategy's form is only as large as a strategy may be."""

import pytest
from django.test import Client

from derms.forms.strategies import MOST_STAGES
from integration.console.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("total", ["99999", "12345678901234567890"])
def test_a_form_of_too_many_stages_is_refused_without_making_them(client: Client, operator: User, total: str) -> None:
    """99,999 once took a minute of a process."""
    client.force_login(operator)
    answer = client.post("/strategies/new/", {"stages-TOTAL_FORMS": total, "stages-INITIAL_FORMS": "0"})
    assert answer.status_code == 422
    assert answer.content.decode().count('id="id_stages-') < 20 * (MOST_STAGES + 2)
    assert f'name="stages-{MOST_STAGES + 2}-' not in answer.content.decode()
