"""Custody of the keys by several people: a secret split m of n, backups, zeroising, the signed log."""
