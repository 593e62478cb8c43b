"""A logged-in caller of DATEV's APIs, for tests."""

import io
import json

from werkzeug.test import TestResponse

from tests.unit.sandbox.driver import DOCUMENTS, DXSO, EXTF, GUID, Driver

PDF = b"%PDF-1.7 test"


class Partner:
    """A logged-in caller of DATEV."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.headers = driver.headers(driver.login())

    def get(self, path: str) -> TestResponse:
        return self.driver.client.get(path, headers=self.headers)

    def put_document(
        self,
        guid: str = GUID,
        name: str = "Rechnung 1.pdf",
        content: bytes = PDF,
        media_type: str = "application/pdf",
        **metadata: object,
    ) -> TestResponse:
        form = {"file": (io.BytesIO(content), name, media_type), "metadata": json.dumps(metadata)}
        path = f"{DOCUMENTS}/clients/455148-1/documents/{guid}"
        return self.driver.client.put(path, headers=self.headers, data=form)

    def send_extf(self, raw: bytes, client: str = "455148-1", **headers: str) -> TestResponse:
        wanted = {"Content-Type": "application/octet-stream", "Filename": "EXTF_RE_1.csv"}
        wanted.update({name.replace("_", "-"): value for name, value in headers.items()})
        path = f"{EXTF}/clients/{client}/extf-files/import"
        return self.driver.client.post(path, headers={**self.headers, **wanted}, data=raw)

    def finished_job(self, accepted: TestResponse) -> dict[str, object]:
        self.driver.control("/clock", offset_seconds=3)
        job: dict[str, object] = self.get(EXTF + accepted.headers["Location"]).json
        self.driver.control("/clock", offset_seconds=0)
        return job

    def create_dxso(self, body: object = None) -> TestResponse:
        given = {"import_type": "accountsReceivableLedgerImport", "accounting_month": "2026-01"}
        path = f"{DXSO}/clients/455148-1/dxso-jobs"
        return self.driver.client.post(path, headers=self.headers, json=given if body is None else body)

    def add_dxso_file(self, job: str, name: str, content: bytes, part: str = "files") -> TestResponse:
        kind = "application/pdf" if name.endswith("pdf") else "application/xml"
        path = f"{DXSO}/clients/455148-1/dxso-jobs/{job}/files"
        form = {part: (io.BytesIO(content), name, kind)}
        return self.driver.client.post(path, headers=self.headers, data=form)

    def finalise(self, job: str, kind: str = "application/merge-patch+json", body: str = "") -> TestResponse:
        path = f"{DXSO}/clients/455148-1/dxso-jobs/{job}"
        headers = {**self.headers, "Content-Type": kind}
        return self.driver.client.put(path, headers=headers, data=body or '{"ready":"true"}')


def configured(driver: Driver, **client: object) -> Partner:
    driver.make_datev(**client)  # type: ignore[arg-type]
    return Partner(driver)
