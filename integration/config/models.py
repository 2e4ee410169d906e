"""People who sign in."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person with an account. A model of our own from the first day, because Django can't change to one later."""
