"""Addresses of the simulated Live Energy Connect."""

from django.urls import path

from . import views

app_name = "lec_sim"

urlpatterns = [
    path("live-energy-connect/", views.stage_list, name="stage_list"),
    path("live-energy-connect/head-ends/<id:head_end>/fault/", views.fault, name="fault"),
]
