"""Generating the stages of an event: a pure function of frozen data, without a database. It begins in generate.py."""
