"""What a message is about, as one text. Small messages of one subject are applied one at a time by each receiver."""

from uuid import UUID


def stage_subject(stage_uid: UUID) -> str:
    return f"stage:{stage_uid}"


def device_subject(head_end: str, nic_id: str) -> str:
    return f"device:{head_end}/{nic_id}"


def program_subject(program: str) -> str:
    return f"program:{program}"


def check_subject(check_uid: UUID) -> str:
    return f"status check:{check_uid}"
