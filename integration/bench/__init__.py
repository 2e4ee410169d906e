"""The benchmark: every step of an event for many devices beside its physical limit, measured in the same run."""
