"""What the login pages say when a login does not succeed, by the error's code, German and English."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A heading and what to do."""

    title: str
    cure: str


_NEW_LINK_DE = "Bitte lassen Sie sich einen neuen Link geben und beginnen Sie noch einmal."
_NEW_LINK_EN = "Please ask for a new link and begin again."

_TEXTS: dict[str, tuple[Text, Text]] = {
    "link_unusable": (
        Text(
            "Dieser Link gilt nicht mehr",
            f"Er wurde schon benutzt, ist unvollständig oder älter als 30 Minuten. {_NEW_LINK_DE}",
        ),
        Text(
            "This link is no longer valid",
            f"It was used already, is incomplete or older than 30 minutes. {_NEW_LINK_EN}",
        ),
    ),
    "login_unknown": (
        Text(
            "Diese Anmeldung gehört nicht hierher",
            "Sie wurde in einem anderen Browser begonnen, ist abgeschlossen oder hat zu lange gedauert. "
            f"{_NEW_LINK_DE}",
        ),
        Text(
            "This login does not belong here",
            "It was begun in another browser, is finished already or took too long. " + _NEW_LINK_EN,
        ),
    ),
    "login_denied": (
        Text(
            "Zugriff nicht erlaubt",
            f"Sie haben den Zugriff abgelehnt; es wurde nichts geändert. {_NEW_LINK_DE}",
        ),
        Text("Access not allowed", f"You denied the access; nothing was changed. {_NEW_LINK_EN}"),
    ),
    "choice_unknown": (
        Text("Hier ist keine Auswahl offen", _NEW_LINK_DE),
        Text("There is nothing to choose here", _NEW_LINK_EN),
    ),
    "client_not_configured": (
        Text(
            "Dieser Mandant ist nicht der eingerichtete",
            "Wählen Sie den eingerichteten Mandanten. Soll es dieser sein, muss zuerst die Einrichtung "
            "(TOML-Datei) geändert und angewendet werden.",
        ),
        Text(
            "This is not the client that is set up",
            "Choose the client that is set up. If it shall be this one, change the configuration (TOML file) "
            "and apply it first.",
        ),
    ),
    "client_not_offered": (
        Text("Dieser Mandant steht nicht zur Wahl", "Wählen Sie einen Mandanten aus der Liste."),
        Text("This client is not offered", "Choose a client on the list."),
    ),
    "datev_service_missing": (
        Text(
            "Für diesen Mandanten fehlt ein DATEV-Dienst",
            "Bitten Sie den steuerlichen Berater, den genannten Dienst für diesen Mandanten zu bestellen.",
        ),
        Text(
            "This client lacks a DATEV service",
            "Ask the tax adviser to order the service named below for this client.",
        ),
    ),
    "unexpected_error": (
        Text(
            "Unerwarteter Fehler",
            f"Der Fehler wurde unter der Kennung protokolliert, die unten steht. {_NEW_LINK_DE}",
        ),
        Text("Unexpected error", f"The error was logged under the id below. {_NEW_LINK_EN}"),
    ),
    "company_mismatch": (
        Text(
            "Das ist ein anderes Pipedrive-Unternehmen",
            "Melden Sie sich im eingerichteten Unternehmen an. " + _NEW_LINK_DE,
        ),
        Text("This is another Pipedrive company", "Log in at the company that is set up. " + _NEW_LINK_EN),
    ),
}

_OTHER = (
    Text("Die Anmeldung hat nicht geklappt", f"Es wurde nichts geändert. {_NEW_LINK_DE}"),
    Text("The login did not succeed", f"Nothing was changed. {_NEW_LINK_EN}"),
)


def texts_for(code: str) -> tuple[Text, Text]:
    """German and English text for an error's code."""
    return _TEXTS.get(code, _OTHER)
