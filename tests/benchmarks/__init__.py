"""How fast the product is. Run by ``make bench``, never by pytest: a machine's mood is no test."""
