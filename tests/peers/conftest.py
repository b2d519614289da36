"""What several peers share."""

from tests.peers.gmsm import ask

__all__ = ["ask"]
