"""What every part of a message has in common. Plain Python: no part of Django is imported here or by its users."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """Cannot be changed, and refuses a field nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
