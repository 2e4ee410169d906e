"""The benchmark: every step of an event over many devices beside the physical limit, in the same run."""
