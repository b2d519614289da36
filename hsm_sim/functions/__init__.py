"""The functions of GM/T 0018 beyond keys at indexes: session keys, ciphers, digests, agreements, files.

One module for the commands of each group and one that carries them out. Everything runs over the same protocol,
sessions and store as the rest of ``hsm_sim``.
"""

from hsm_sim.functions.settings import AlgorithmTable, FunctionSettings

__all__ = ["AlgorithmTable", "FunctionSettings"]
