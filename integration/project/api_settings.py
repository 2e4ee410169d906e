"""Settings of the interfaces for other systems."""

import os

# Calls of each service account, and its requests for a token, from all web processes together.
API_CALLS_PER_MINUTE = int(os.environ.get("API_CALLS_PER_MINUTE", "600"))
API_TOKENS_PER_MINUTE = int(os.environ.get("API_TOKENS_PER_MINUTE", "30"))
WEB_PROCESSES = int(os.environ.get("WEB_PROCESSES", "1"))
