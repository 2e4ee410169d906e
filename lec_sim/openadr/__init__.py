"""Door 1: OpenADR 3.1 for head ends, the vens, which read what they are called for here and report what they did.

A ven is a head end whose driver is `openadr`; its client is a service account. docs/how-to/openadr.md shows its use.
"""
