"""The addresses of files that are brought in."""

from django.urls import path

from . import views

urlpatterns = [
    path("imports/", views.import_list, name="import_list"),
    path("imports/new/", views.import_new, name="import_new"),
    path("imports/<uuid:uid>/", views.import_run, name="import_run"),
    path("imports/<uuid:uid>/check/", views.import_check, name="import_check"),
    path("imports/<uuid:uid>/apply/", views.import_apply, name="import_apply"),
    path("imports/<uuid:uid>/cancel/", views.import_cancel, name="import_cancel"),
    path("imports/<uuid:uid>/refused/", views.import_refused, name="import_refused"),
]
