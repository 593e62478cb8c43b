"""Every operation of Pipedrive's API that we use, as its API description names it.

A test compares this table with the descriptions. v2 where it exists; notes, files, users, currencies and
webhooks exist in v1 only and are not deprecated.
"""

from collections.abc import Mapping

from connector.pipedrive.transport import Operation

ENTITIES = ("deal", "organization", "person", "product")
"""What has custom fields that we read."""

GET_DEAL = Operation("GET", 2, "/deals/{id}")
LIST_DEALS = Operation("GET", 2, "/deals")
LIST_ARCHIVED_DEALS = Operation("GET", 2, "/deals/archived")
PATCH_DEAL = Operation("PATCH", 2, "/deals/{id}")
LIST_LINES = Operation("GET", 2, "/deals/{id}/products")
LIST_DISCOUNTS = Operation("GET", 2, "/deals/{id}/discounts")
LIST_INSTALLMENTS = Operation("GET", 2, "/deals/installments")

GET_ORGANIZATION = Operation("GET", 2, "/organizations/{id}")
GET_PERSON = Operation("GET", 2, "/persons/{id}")
GET_PRODUCT = Operation("GET", 2, "/products/{id}")
LIST_PRODUCTS = Operation("GET", 2, "/products")
LIST_FIELDS: Mapping[str, Operation] = {
    entity: Operation("GET", 2, f"/{entity}Fields") for entity in ENTITIES
}

LIST_DEAL_FILES = Operation("GET", 1, "/deals/{id}/files")
DOWNLOAD_FILE = Operation("GET", 1, "/files/{id}/download")
GET_ME = Operation("GET", 1, "/users/me")
LIST_CURRENCIES = Operation("GET", 1, "/currencies")

LIST_NOTES = Operation("GET", 1, "/notes")
ADD_NOTE = Operation("POST", 1, "/notes", safe=False)
UPDATE_NOTE = Operation("PUT", 1, "/notes/{id}")

LIST_WEBHOOKS = Operation("GET", 1, "/webhooks")
ADD_WEBHOOK = Operation("POST", 1, "/webhooks", safe=False)
DELETE_WEBHOOK = Operation("DELETE", 1, "/webhooks/{id}")
