"""The project's addresses."""

from django.urls import include, path

from .views import overview

urlpatterns = [
    path("", overview, name="overview"),
    path("account/", include("allauth.urls")),
    path("", include("derms.urls")),
    path("", include("cpm.urls")),
    path("", include("lec_sim.urls")),
    path("", include("integration.urls")),
]
