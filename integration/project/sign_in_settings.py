"""How people sign in: with an account of this installation, or of an OpenID provider."""

import os
from urllib.parse import urlsplit

from .environment import env_bool, env_list, env_pairs

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "integration.console.accounts.ClosedSignupAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# Failed sign-ins lock a name for five minutes, for their address (accounts.py); the counters are in PostgreSQL.
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/300s/key", "reauthenticate": "10/m/user"}
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60

# Without an issuer, there is no OpenID provider.
OPENID_ISSUER = os.environ.get("OPENID_ISSUER", "").rstrip("/")
OPENID_CLIENT_ID = os.environ.get("OPENID_CLIENT_ID", "")
OPENID_SECRET = os.environ.get("OPENID_SECRET", "")
OPENID_NAME = os.environ.get("OPENID_NAME", "OpenID")
OPENID_USERNAME_CLAIM = os.environ.get("OPENID_USERNAME_CLAIM", "preferred_username")
OPENID_ROLES_CLAIM = os.environ.get("OPENID_ROLES_CLAIM", "groups")
OPENID_ROLES = env_pairs("OPENID_ROLES")
LOCAL_ACCOUNTS = env_bool("LOCAL_ACCOUNTS", True)
# Where forms may lead: the provider signs in and out.
OPENID_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(OPENID_ISSUER)), *env_list("OPENID_ORIGINS", "")]
OPENID_ORIGINS = OPENID_ORIGINS if OPENID_ISSUER else []

SOCIALACCOUNT_ADAPTER = "integration.console.openid.OpenIdAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # an address proves nothing here
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
OPENID_PROVIDER = "company"  # its name in addresses
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": OPENID_PROVIDER,
                "name": OPENID_NAME,
                "client_id": OPENID_CLIENT_ID,
                "secret": OPENID_SECRET,
                "settings": {"server_url": OPENID_ISSUER},
            }
        ]
        if OPENID_ISSUER
        else [],
    }
}
