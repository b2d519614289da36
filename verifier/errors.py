"""What the verifier raises when a question cannot be put.

```
formats.MalformedDataError     the document is no OFD package, or the trust list cannot be read
TrustListRefusedError          the trust list reads well and may still not be used
```

A bad document is an expected answer and never raises: see ``verifier.report``.
"""


class TrustListRefusedError(Exception):
    """The trust list may not be used: wrong signature, wrong signer, or older than one already seen."""
