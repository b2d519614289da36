"""The registration desk of an authority (证书注册机构): who may have a certificate is decided here, by two people.

The desk keeps a register of its own; ``ca.registration.ports`` tells what it needs of the authority and of the key
management part.
"""
