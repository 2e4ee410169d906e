"""Webhooks: what changes is announced to other systems that asked for it, each over an address of its own.

announcing   a state change writes a notice for each webhook that wants it, in its own transaction
posting      due notices are posted, those about one object in the order in which they were written
keeping      what people do: save, make the secret, test, redeliver, discard
"""
