"""Logins: an OpenID Connect relying party, its sessions, and access tokens of machines."""
