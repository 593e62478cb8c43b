"""Flask applications: receiver, login pages, health; the sandbox lives beside them."""
