"""The benchmark: every step of an event for many devices, and its physical limit, measured in the same run."""
