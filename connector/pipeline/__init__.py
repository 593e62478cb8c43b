"""What happens to a won deal, step by step: claims, steps, reconciliation, sweep."""
