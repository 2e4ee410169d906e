"""What an operation says when it may not act: a sentence for the person, and nothing changed."""


class Refused(Exception):
    """The state of things forbids it now; pages answer 409 with the sentence."""
