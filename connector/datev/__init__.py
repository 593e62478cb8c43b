"""Everything that speaks DATEV: the online APIs, and the two file formats (pure: values in, bytes out)."""
