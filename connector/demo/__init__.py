"""The demo: two tenants, a dozen deals and the sandbox, through the product's own processes."""
