"""The base of everything in a message. Plain Python: neither this module nor its users import Django."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """Immutable, and refuses undeclared fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
