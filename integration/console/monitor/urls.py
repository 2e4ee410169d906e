"""The monitor's addresses: messages and alerts. If an address acts, its last segment is a verb; only POST acts."""

from django.urls import path

from . import views

urlpatterns = [
    path("live/", views.live, name="live"),
    path("messages/", views.message_list, name="message_list"),
    path("messages/export/", views.message_export, name="message_export"),
    path("messages/<uuid:uid>/", views.message, name="message"),
    path("deliveries/<int:pk>/retry/", views.delivery_retry, name="delivery_retry"),
    path("deliveries/<int:pk>/discard/", views.delivery_discard, name="delivery_discard"),
    path("due-work/<int:pk>/retry/", views.due_work_retry, name="due_work_retry"),
    path("alerts/", views.alert_list, name="alert_list"),
    path("alerts/unseen/", views.alert_unseen, name="alert_unseen"),
    path("alerts/export/", views.alert_export, name="alert_export"),
    path("alerts/<int:pk>/acknowledge/", views.alert_acknowledge, name="alert_acknowledge"),
    path("alerts/<int:pk>/archive/", views.alert_archive, name="alert_archive"),
]
