"""The certification authority: hierarchy, profiles, pre-issue rules, issuance, revocation, lists, audit.

Nothing is signed that was not linted and recorded first; ``ca.issuance`` tells the order, ``ca.service`` holds the
use cases.
"""
