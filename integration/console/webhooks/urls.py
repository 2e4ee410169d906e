"""The addresses of webhooks. If an address acts, its last segment is a verb; only POST acts."""

from django.urls import path

from . import acting, views

urlpatterns = [
    path("settings/webhooks/", views.webhook_list, name="webhook_list"),
    path("settings/webhooks/new/", views.webhook_new, name="webhook_new"),
    path("settings/webhooks/<uuid:uid>/", views.webhook, name="webhook"),
    path("settings/webhooks/<uuid:uid>/edit/", views.webhook_edit, name="webhook_edit"),
    path("settings/webhooks/<uuid:uid>/secret/", views.webhook_secret, name="webhook_secret"),
    path("settings/webhooks/<uuid:uid>/test/", acting.webhook_test, name="webhook_test"),
    path(
        "settings/webhooks/<uuid:uid>/notices/<int:pk>/redeliver/", acting.webhook_redeliver, name="webhook_redeliver"
    ),
    path("settings/webhooks/<uuid:uid>/notices/<int:pk>/discard/", acting.webhook_discard, name="webhook_discard"),
]
