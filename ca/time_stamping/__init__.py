"""The time-stamp authority (GB/T 20520, RFC 3161): request octets in, response octets out, nothing of transport.

``authority`` answers, ``clock_guard`` decides whether there is a time to state, ``serials`` gives numbers out, and
``register`` keeps the register. Before an answer with a token leaves, this is durable:

* the block its serial number comes from, reserved before the number was used;
* the stamp: serial number, time, policy, imprint and the token's digest, and an entry of the hash-chained trail
  that binds it, committed together with the other stamps of its group.

A token that was signed and not recorded never leaves; its serial number stays unused for ever.
"""
