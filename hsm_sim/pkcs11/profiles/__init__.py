"""Vendor profiles: how a vendor numbers what PKCS#11 has no numbers for."""
