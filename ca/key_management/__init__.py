"""The key management part (密钥管理中心, KMC) of GM/T 0034 and GB/T 25056: a centre of its own beside the CA.

It keeps encryption pairs in store, provides one for each encryption certificate, archives the private halves, and
gives one back to its owner or, by court order, to somebody else: only as two officers say, with a reason.
It has its own register and audit trail. No private key is ever in its process: pairs are made and enveloped
inside a device (``ports.EscrowDevice``), and what is archived opens there alone.
"""
