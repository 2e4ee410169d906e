"""Addresses of the simulated Live Energy Connect."""

from django.urls import include, path

from . import views
from .openadr import trying
from .openadr import urls as openadr

app_name = "lec_sim"

urlpatterns = [
    path("live-energy-connect/", views.stage_list, name="stage_list"),
    path("live-energy-connect/stages/<uuid:stage_uid>/not-answered/", views.silent, name="silent"),
    path("live-energy-connect/stages/<uuid:stage_uid>/not-answered/export/", views.silent_export, name="silent_export"),
    path("live-energy-connect/head-ends/<id:head_end>/fault/", views.fault, name="fault"),
    path("live-energy-connect/head-ends/<id:head_end>/try/", trying.page, name="try_it"),
    path("live-energy-connect/head-ends/<id:head_end>/", views.reach, name="reach"),
    path("openadr3/3.1.0/", include((openadr.urlpatterns, "openadr"))),
]
