"""Settings of the interfaces for other systems."""

import os

from .environment import env_bool, env_networks

# Calls of each service account, and its requests for a token, from all web processes together.
API_CALLS_PER_MINUTE = int(os.environ.get("API_CALLS_PER_MINUTE", "600"))
API_TOKENS_PER_MINUTE = int(os.environ.get("API_TOKENS_PER_MINUTE", "30"))
WEB_PROCESSES = int(os.environ.get("WEB_PROCESSES", "1"))

# Calls of other systems' addresses (integration/seam/outgoing.py).
OUTGOING_NETWORKS = env_networks("OUTGOING_NETWORKS")
OUTGOING_PLAIN_HTTP = env_bool("OUTGOING_PLAIN_HTTP", False)
OUTGOING_CA_FILE = os.environ.get("OUTGOING_CA_FILE", "")
