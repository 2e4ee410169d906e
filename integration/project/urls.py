"""The project's addresses."""

from allauth.account.views import password_change
from django.contrib import admin
from django.urls import include, path
from django.views.generic import TemplateView

from integration.console.audit import audit_export, audit_trail
from integration.console.first_administrator import first_administrator
from integration.console.help import help_document, help_picture
from integration.console.keys import key_list, key_new, key_revoke
from integration.console.logo import utility_logo
from integration.console.openid import openid_login
from integration.console.palette import palette
from integration.console.personal import profile, saved_view_add, saved_view_remove
from integration.console.service_accounts import (
    service_account_edit,
    service_account_list,
    service_account_new,
    service_account_secret,
)
from integration.console.set_up import mail_trial, set_up
from integration.console.users import user_edit, user_list, user_new
from integration.console.views import overview
from integration.pages.access import allow, allow_anyone
from integration.pages.oauth import token

from . import api
from .api_page import api_operations
from .health import livez, readyz

handler500 = "integration.console.views.server_error"
urlpatterns = [
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("", overview, name="overview"),
    path("audit-trail/", audit_trail, name="audit_trail"),
    path("audit-trail/export/", audit_export, name="audit_export"),
    path("find/", palette, name="palette"),
    path("help/pictures/<id:name>", help_picture, name="help_picture"),
    path("help/api/operations/", api_operations, name="api_operations"),
    path("help/<path:document>/", help_document, name="help"),
    path("first-administrator/", first_administrator, name="first_administrator"),
    path("logo", utility_logo, name="utility_logo"),
    path("set-up/", set_up, name="set_up"),
    path("set-up/test-message/", mail_trial, name="mail_trial"),
    path("profile/", profile, name="profile"),
    path("profile/keys/", key_list, name="key_list"),
    path("profile/keys/new/", key_new, name="key_new"),
    path("profile/keys/<id:client_id>/revoke/", key_revoke, name="key_revoke"),
    path("saved-views/add/", saved_view_add, name="saved_view_add"),
    path("saved-views/<int:pk>/remove/", saved_view_remove, name="saved_view_remove"),
    path("settings/users/", user_list, name="user_list"),
    path("settings/users/new/", user_new, name="user_new"),
    path("settings/users/<id:username>/", user_edit, name="user_edit"),
    path("settings/service-accounts/", service_account_list, name="service_account_list"),
    path("settings/service-accounts/new/", service_account_new, name="service_account_new"),
    path("settings/service-accounts/<id:client_id>/", service_account_edit, name="service_account_edit"),
    path("settings/service-accounts/<id:client_id>/secret/", service_account_secret, name="service_account_secret"),
    path("api/v1/", include((api.urls, "api"))),
    path("rest/apis/cross/", include("cpm.rest")),
    path("oauth/token", token, name="token"),
    path("openadr3/3.1.0/auth/token", token),  # the same, where the OpenADR specification has it
    # The account's own page limits guesses.
    path("admin/password_change/", password_change),
    path("admin/", admin.site.urls),
    # No key is ever mailed: the page says who sets a new password, and takes no form.
    path("account/password/reset/", allow_anyone(TemplateView.as_view(template_name="account/password_reset.html"))),
    # Whoever comes from the OpenID provider keeps no second way in.
    path("account/password/set/", allow()(TemplateView.as_view(template_name="account/password_set.html"))),
    path("account/oidc/<id:provider_id>/login/", openid_login),
    path("account/", include("allauth.urls")),
    path("", include("derms.urls")),
    path("", include("cpm.urls")),
    path("", include("lec_sim.urls")),
    path("", include("integration.console.monitor.urls")),
    path("", include("integration.console.imports.urls")),
    path("", include("integration.console.webhooks.urls")),
]
