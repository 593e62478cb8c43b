"""Tenants: what each one has configured, read from its TOML file."""
