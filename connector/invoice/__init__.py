"""The invoice as a document: what the law wants on it, our own PDF, choosing a PDF that is there."""
