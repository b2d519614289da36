"""Decides whether a sealed document is to be believed; trusts nothing the document says about itself."""
