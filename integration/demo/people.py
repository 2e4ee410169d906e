"""The people of the demo utility."""

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from integration.console.models import User
from integration.console.roles import ADMINISTRATOR

from .grid import TIME_ZONE
from .sign_ins import PASSWORD, PEOPLE


def add_people() -> None:
    """Make a user for each of PEOPLE, in the group of their role; existing users stay as they are."""
    password = make_password(PASSWORD)
    for person in PEOPLE:
        first, last = person.username.split(".")
        user, created = get_user_model().objects.get_or_create(
            username=person.username,
            defaults={
                "password": password,
                "first_name": first.title(),
                "last_name": last.title(),
                "email": f"{person.username}@example.com",
                "time_zone": TIME_ZONE,
                "is_staff": person.role == ADMINISTRATOR,
            },
        )
        if created and person.role:
            user.groups.add(Group.objects.get(name=person.role))


def person(username: str) -> User:
    """The user of one of PEOPLE."""
    return get_user_model().objects.get(username=username)
