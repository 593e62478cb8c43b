"""Rules of security that hold for the whole source, and readers met with what is meant to harm them."""
