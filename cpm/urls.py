"""Addresses of the customer-program system: a verb is the last segment; only POST acts."""

from django.urls import path

from . import views

app_name = "cpm"
PROGRAM_EVENT = "program-events/<str:event_number>/<int:stage_number>/"

urlpatterns = [
    path("program-events/", views.program_event_list, name="program_event_list"),
    path("program-events/export/", views.program_event_export, name="program_event_export"),
    path("program-events/participation/", views.participation_list, name="participation_list"),
    path("program-events/participation/export/", views.participation_export, name="participation_export"),
    path(PROGRAM_EVENT, views.program_event, name="program_event"),
    path(PROGRAM_EVENT + "participation/<str:head_end>/<str:nic_id>/", views.participation, name="participation"),
    path("programs/", views.program_list, name="program_list"),
    path("programs/<str:code>/", views.program, name="program"),
    path("program-types/<str:code>/", views.program_type, name="program_type"),
    path("customers/", views.customer_list, name="customer_list"),
    path("customers/<str:number>/", views.customer, name="customer"),
]
