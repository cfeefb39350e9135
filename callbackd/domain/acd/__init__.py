"""Automatic call distribution: the door, through which every event comes, and the rooms right behind it."""

from callbackd.domain.acd.door import Acd

__all__ = ["Acd"]
