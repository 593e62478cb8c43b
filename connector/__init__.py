"""ml-connector: won Pipedrive deals into DATEV."""
