"""What strangers try, against the web process with real PostgreSQL."""
