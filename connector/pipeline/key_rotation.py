"""Every stored secret under the newest key, while the processes run.

The order makes it safe: the new key stands in the key file before the first secret is written with it, a
running process reads the file again when it has changed (:class:`connector.vault.KeyFile`), and the earlier
keys stay in the file. Keys from the environment cannot be read again by a running process; there the person
who rotates has to make every process know the new key first.
"""

from dataclasses import dataclass

from connector.errors import ConfigurationError
from connector.pipeline.services import Services, open_vault
from connector.store import secret_columns
from connector.store.secret_columns import SECRET_COLUMNS, SecretColumn
from connector.vault import Vault, generate_key, prepend_key

ROWS_AT_ONCE = 50
"""A transaction of some milliseconds: nobody who wants one of its rows notices."""

CURE_FOR_ENVIRONMENT = (
    "1. Make a key: ml-connector keys generate. 2. Append it to MLC_ENCRYPTION_KEYS of every process and "
    "restart them. 3. Move it to the front everywhere and restart them. "
    "4. ml-connector keys rotate --all-processes-know. Keep the earlier keys behind it."
)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What became of one column."""

    column: str
    rotated: int
    already_current: int


def rotate_keys(services: Services, *, new_key: bool, all_processes_know: bool = False) -> list[Rotated]:
    """Put a new first key into the key file (if asked) and re-encrypt every stored secret with the first key.

    May be interrupted and repeated at any point.

    :param all_processes_know: for keys from the environment: a person has made sure that every running
        process knows the first key.
    :raises ConfigurationError: that is not sure, or a secret fits none of the keys.
    """
    settings = services.settings
    if settings.encryption_keys:
        if not all_processes_know:
            raise ConfigurationError(
                "The keys come from MLC_ENCRYPTION_KEYS, which a running process does not read again.",
                code="keys_from_environment",
                field="MLC_ENCRYPTION_KEYS",
                cure=CURE_FOR_ENVIRONMENT,
            )
    elif new_key:
        with services.database.transaction() as tx:
            secret_columns.lock_rotation(tx)
            prepend_key(settings.key_file, generate_key())
    vault = open_vault(settings)
    return [_rotate_column(services, vault, column) for column in SECRET_COLUMNS]


def _rotate_column(services: Services, vault: Vault, column: SecretColumn) -> Rotated:
    rotated = already_current = 0
    after: tuple[object, ...] | None = None
    while True:
        with services.database.transaction() as tx:
            rows = secret_columns.next_rows(tx, column, after=after, limit=ROWS_AT_ONCE)
            for key, ciphertext in rows:
                if vault.is_current(ciphertext):
                    already_current += 1
                else:
                    secret_columns.replace(tx, column, key, vault.rotate(ciphertext))
                    rotated += 1
        if not rows:
            return Rotated(column.name, rotated, already_current)
        after = rows[-1][0]
