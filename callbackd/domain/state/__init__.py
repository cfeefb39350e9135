"""The state, in three: the rows with their indexes, the conditions of the world, what several desks share."""

from callbackd.domain.state.state import State

__all__ = ["State"]
