"""Dashboards: what they ask is written here once, as JSON for provisioning and for pushing."""
