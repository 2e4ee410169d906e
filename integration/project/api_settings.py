"""Settings of the interfaces for other systems."""

import os

from .environment import env_bool, env_list, env_networks

# Calls of each service account, and its requests for a token, from all web processes together.
API_CALLS_PER_MINUTE = int(os.environ.get("API_CALLS_PER_MINUTE", "600"))
API_TOKENS_PER_MINUTE = int(os.environ.get("API_TOKENS_PER_MINUTE", "30"))
# Client ids of the accounts that live in OpenADR's conformance realm (lec_sim/openadr/realm.py); none: there is none.
OPENADR_CONFORMANCE = env_list("OPENADR_CONFORMANCE", "")
WEB_PROCESSES = int(os.environ.get("WEB_PROCESSES", "1"))

# Calls of other systems' addresses (integration/seam/outgoing.py).
OUTGOING_NETWORKS = env_networks("OUTGOING_NETWORKS")
OUTGOING_PLAIN_HTTP = env_bool("OUTGOING_PLAIN_HTTP", False)
OUTGOING_CA_FILE = os.environ.get("OUTGOING_CA_FILE", "")

# A CPM from outside that DERMS tells of stages, too; without an address there is none.
EXTERNAL_CPM_URL = os.environ.get("EXTERNAL_CPM_URL", "")
EXTERNAL_CPM_TOKEN_URL = os.environ.get("EXTERNAL_CPM_TOKEN_URL", "")
EXTERNAL_CPM_CLIENT_ID = os.environ.get("EXTERNAL_CPM_CLIENT_ID", "")
EXTERNAL_CPM_SECRET = os.environ.get("EXTERNAL_CPM_SECRET", "")
EXTERNAL_CPM_LIFECYCLE = os.environ.get("EXTERNAL_CPM_LIFECYCLE", "event")

# A folder into which a DERMS from outside drops extracts; without one, none are looked for.
EXTERNAL_EXTRACTS = os.environ.get("EXTERNAL_EXTRACTS", "")
