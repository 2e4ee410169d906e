"""Receivers that recognize poison by the program's code: it raises, or kills the receiving process."""

import os
import signal

from derms import inbox
from integration.seam.messages import MessageBody, ProgramRuleSync, Receipt
from integration.seam.models import Delivery

RAISES, KILLS = "POISON-RAISES", "POISON-KILLS"


def program_rule_sync(body: ProgramRuleSync) -> Receipt:
    _taste(body)
    return inbox.receive_program_rules(body)


def enrollment_load(delivery: Delivery) -> Receipt:
    _taste(delivery.message.body)
    return inbox.receive_enrollment_load(delivery)


def _taste(body: MessageBody) -> None:
    program = getattr(body, "program", "")
    if program.startswith(RAISES):
        raise ValueError("poison")
    if program.startswith(KILLS):
        os.kill(os.getpid(), signal.SIGKILL)
