"""Addresses of the simulated Live Energy Connect."""

from django.urls import path

from . import views

app_name = "lec_sim"

urlpatterns = [
    path("live-energy-connect/", views.stage_list, name="stage_list"),
    path("live-energy-connect/stages/<uuid:stage_uid>/not-answered/", views.silent, name="silent"),
    path("live-energy-connect/stages/<uuid:stage_uid>/not-answered/export/", views.silent_export, name="silent_export"),
    path("live-energy-connect/head-ends/<id:head_end>/fault/", views.fault, name="fault"),
]
