"""Pipedrive: the client, custom fields, the webhook, and the way from a deal's records to a sale.

Knows neither DATEV nor the store; what it needs of them (a token, cached field definitions) is passed in.
"""
