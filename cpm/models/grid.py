"""What CPM knows of DERMS's grid: copies to refuse what isn't there, `as_of` a moment at DERMS."""

from __future__ import annotations

from django.db import models


class Feeder(models.Model):
    """A feeder of DERMS, and where it is."""

    code = models.CharField(max_length=40, unique=True)
    substation = models.CharField(max_length=40)
    zone = models.CharField("control zone", max_length=40)
    as_of = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.code


class HeadEnd(models.Model):
    """A head end system of DERMS."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    as_of = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.code
