"""posted → done: the deal itself says where its booking stands."""

from html import escape

from connector.errors import AmbiguousError, TransientError
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.fields import FieldCatalog
from connector.pipeline.hand_over.polling import HANDED_OVER
from connector.pipeline.partners import pipedrive_client
from connector.pipeline.runner import Finish, Work
from connector.pipeline.states import DONE
from connector.pipeline.steps.identity import claimed_run
from connector.store import batches, debtors, documents, runs
from connector.store.documents import DocumentRow
from connector.tenants.config import DatevFormat


def write_back(work: Work) -> Finish:
    """Leave a note on the deal and set its status field, as configured. Safe to do twice."""
    config = work.tenant.config
    with work.services.database.transaction() as tx:
        run = claimed_run(tx, work)
        bundle = runs.document_of(tx, run.id, "bundle")
        document = documents.of_run(tx, run.id)
        account = debtors.get_many(tx, [run.debtor_id])[run.debtor_id].account if run.debtor_id else None
        batch = batches.get(tx, run.batch_id) if run.batch_id else None
    state = HANDED_OVER[DatevFormat(batch.format) if batch else config.datev.format]
    client = pipedrive_client(work.services, work.tenant, work.budget)
    if config.write_back.note and document:
        work.still_mine()
        _note_once(client, run.deal_id, document, _text(state, document, account))
    message = "The deal in Pipedrive has been told."
    if config.write_back.status_field:
        field = FieldCatalog.of_bundle(bundle).find("deal", config.write_back.status_field)
        if field is not None:
            client.set_deal_field(run.deal_id, field.key, state)
        else:
            message += f" It has no field {config.write_back.status_field!r} to show the state in."
    return Finish(DONE, message=message, due_in=None, goes_on=False)


def _text(state: str, document: DocumentRow, account: int | None) -> str:
    return (
        f"<b>DATEV:</b> {escape(state)}<br>"
        f"Beleg {escape(document.document_number)} vom {document.document_date:%d.%m.%Y}, "
        f"Debitor {account}<br>"
        f"<small>{_marker(document)}</small>"
    )


def _marker(document: DocumentRow) -> str:
    """By this a note of ours is known again, so that a repeat updates it instead of adding another."""
    return f"ml-connector {document.guid}"


def _note_once(client: PipedriveClient, deal_id: int, document: DocumentRow, text: str) -> None:
    marker = _marker(document)
    ours = [note for note in client.notes(deal_id) if marker in str(note.get("content") or "")]
    if ours:
        client.update_note(int(ours[0]["id"]), text)
        return
    try:
        client.add_note(deal_id, text)
    except AmbiguousError as e:
        # The next try looks for the note first.
        raise TransientError(e.message, code=e.code, cure=e.cure, answer=e.answer) from e
