"""Dashboards, defined once, and written as JSON for provisioning and for pushing."""
