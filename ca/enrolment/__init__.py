"""Enrolment for machines by CMP (RFC 9810, lightweight after RFC 9483): message octets in, message octets out.

A client that holds a reference and a secret asks for its first certificate (ir, cr, p10cr), confirms it, and may
revoke what it got (rr); with a certificate it renews (kur) and revokes by signature. Everything is issued through
the authority's own idempotent way, under the profile and the subject that the reference was given for.
"""
