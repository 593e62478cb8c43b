"""The links of the batch chain: handing files over to DATEV and finding out what became of them."""
