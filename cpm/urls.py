"""Addresses of the customer-program system: verbs come last; only POST acts."""

from django.urls import path

from . import views

app_name = "cpm"
PROGRAM_EVENT = "program-events/<id:event_number>/<int:stage_number>/"
DEVICE = "<id:head_end>/<id:nic_id>/"
CUSTOMER = "customers/<id:number>/"
LOCATION = CUSTOMER + "locations/<int:pk>/"
SUBSCRIPTION = CUSTOMER + "subscriptions/<int:pk>/"
PERIOD = CUSTOMER + "unavailability/<uuid:uid>/"
OWN = "my-devices/<id:token>/"

urlpatterns = [
    path("program-events/", views.program_event_list, name="program_event_list"),
    path("program-events/export/", views.program_event_export, name="program_event_export"),
    path("program-events/participation/", views.participation_list, name="participation_list"),
    path("program-events/participation/export/", views.participation_export, name="participation_export"),
    path(PROGRAM_EVENT, views.program_event, name="program_event"),
    path(PROGRAM_EVENT + "reductions/", views.reductions, name="reductions"),
    path(PROGRAM_EVENT + "participation/" + DEVICE, views.participation, name="participation"),
    path(
        PROGRAM_EVENT + "participation/" + DEVICE + "opt-out/",
        views.participation_opt_out,
        name="participation_opt_out",
    ),
    path("program-events/<id:event_number>/measured/", views.measured_event, name="measured_event"),
    path("program-events/<id:event_number>/measured/again/", views.measured_again, name="measured_again"),
    path(PROGRAM_EVENT + "measured/export/", views.measured_export, name="measured_export"),
    path("programs/", views.program_list, name="program_list"),
    path("programs/new/", views.program_new, name="program_new"),
    path("programs/<id:code>/", views.program, name="program"),
    path("programs/<id:code>/season/", views.program_season, name="program_season"),
    path("programs/<id:code>/season/export/", views.program_season_export, name="program_season_export"),
    path("programs/<id:code>/suspend/", views.program_suspend, name="program_suspend"),
    path("programs/<id:code>/resume/", views.program_resume, name="program_resume"),
    path("programs/<id:code>/rules/new/", views.dated_rules_new, name="dated_rules_new"),
    path("programs/<id:code>/rules/<id:day>/", views.dated_rules_edit, name="dated_rules_edit"),
    path("programs/<id:code>/rules/<id:day>/remove/", views.dated_rules_remove, name="dated_rules_remove"),
    path("holidays/", views.holiday_list, name="holiday_list"),
    path("holidays/new/", views.holiday_new, name="holiday_new"),
    path("holidays/<id:day>/remove/", views.holiday_remove, name="holiday_remove"),
    path("program-types/new/", views.program_type_new, name="program_type_new"),
    path("program-types/<id:code>/", views.program_type, name="program_type"),
    path("meters/", views.meter_list, name="meter_list"),
    path("meters/<id:number>/", views.meter, name="meter"),
    path("meters/<id:number>/edit/", views.meter_edit, name="meter_edit"),
    path("meters/<id:number>/exchange/", views.meter_exchange, name="meter_exchange"),
    path("enrollments/", views.enrollment_list, name="enrollment_list"),
    path("enrollments/<int:pk>/", views.enrollment, name="enrollment"),
    path("enrollments/<int:pk>/validate/", views.enrollment_validate, name="enrollment_validate"),
    path("enrollments/<int:pk>/retry/", views.enrollment_retry, name="enrollment_retry"),
    path("enrollments/<int:pk>/cancel/", views.enrollment_cancel, name="enrollment_cancel"),
    path("enrollments/<int:pk>/add-device/", views.enrollment_add_device, name="enrollment_add_device"),
    path("enrollments/<int:pk>/unenroll/", views.enrollment_unenroll, name="enrollment_unenroll"),
    path("devices/check/", views.devices_check, name="devices_check"),
    path("customers/", views.customer_list, name="customer_list"),
    path("customers/new/", views.customer_new, name="customer_new"),
    path(CUSTOMER, views.customer, name="customer"),
    path(CUSTOMER + "edit/", views.customer_edit, name="customer_edit"),
    path(CUSTOMER + "delete/", views.customer_delete, name="customer_delete"),
    path(CUSTOMER + "locations/new/", views.location_new, name="location_new"),
    path(LOCATION + "edit/", views.location_edit, name="location_edit"),
    path(LOCATION + "delete/", views.location_delete, name="location_delete"),
    path(LOCATION + "meters/new/", views.meter_new, name="meter_new"),
    path(LOCATION + "devices/new/", views.device_new, name="device_new"),
    path(CUSTOMER + "devices/<int:pk>/edit/", views.device_edit, name="device_edit"),
    path(CUSTOMER + "devices/<int:pk>/delete/", views.device_delete, name="device_delete"),
    path(CUSTOMER + "enroll/", views.enroll_choose, name="enroll_choose"),
    path(CUSTOMER + "locations/<int:pk>/programs/<id:code>/enroll/", views.enroll, name="enroll"),
    path(CUSTOMER + "locations/<int:pk>/move-out/", views.location_move_out, name="location_move_out"),
    path(CUSTOMER + "devices/" + DEVICE + "replace/", views.device_replace, name="device_replace"),
    path(CUSTOMER + "links/add/", views.link_add, name="link_add"),
    path(CUSTOMER + "links/<uuid:uid>/", views.link, name="link"),
    path(CUSTOMER + "links/<uuid:uid>/revoke/", views.link_revoke, name="link_revoke"),
    path(CUSTOMER + "unavailability/releases/", views.would_release, name="would_release"),
    path(PERIOD + "edit/", views.unavailability_edit, name="unavailability_edit"),
    path(PERIOD + "cancel/", views.unavailability_cancel, name="unavailability_cancel"),
    path(SUBSCRIPTION, views.subscription, name="subscription"),
    path(SUBSCRIPTION + "location/", views.location, name="location"),
    path(SUBSCRIPTION + "opt-out/", views.outstanding, name="outstanding"),
    path(OWN, views.self_service, name="self_service"),
    path(OWN + "locations/<int:pk>/programs/<id:code>/apply/", views.self_service_apply, name="self_service_apply"),
    path(OWN + "unavailability/", views.self_service_unavailability, name="self_service_unavailability"),
    path(OWN + "unavailability/<uuid:uid>/cancel/", views.self_service_cancel, name="self_service_cancel"),
    path(
        OWN + "events/<id:event_number>/<int:stage_number>/" + DEVICE + "opt-out/",
        views.self_service_opt_out,
        name="self_service_opt_out",
    ),
]
