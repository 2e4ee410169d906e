"""django-fsm with the type annotations it lacks; import it from here."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models

if TYPE_CHECKING:
    Method = TypeVar("Method", bound=Callable[..., None])

    class ConcurrentTransitionMixin(models.Model):
        class Meta:
            abstract = True

    class FSMField(models.CharField[str, str]):
        def __init__(self, *, protected: bool = False, **kwargs: Any) -> None: ...

    def transition(*, field: Any, source: str | Sequence[str], target: str) -> Callable[[Method], Method]: ...

else:
    from django_fsm import ConcurrentTransitionMixin, FSMField, transition

__all__ = ["ConcurrentTransitionMixin", "FSMField", "transition"]
