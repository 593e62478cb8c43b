"""Check files for DATEV of any origin: EXTF, ledger XML, document.xml, and ZIPs of them."""

from connector.datev.validation.files import check_path
from connector.datev.validation.report import FileReport, Verdict, worst

__all__ = ["FileReport", "Verdict", "check_path", "worst"]
