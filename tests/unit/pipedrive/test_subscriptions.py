from connector.pipedrive.subscriptions import Subscription, list_webhooks, subscribe, unsubscribe
from tests.unit.pipedrive.fakes import Reply, client_with, data

URL = "https://connector.example/webhooks/pipedrive/muster"
WANTED = Subscription(URL, "pd", "geheim")
EQUAL = {
    "id": 5,
    "subscription_url": URL,
    "event_action": "*",
    "event_object": "deal",
    "version": "2.0",
    "is_active": 1,
    "http_auth_user": "pd",
    "http_auth_password": "geheim",
    "name": "ml-connector",
}
FOREIGN = {**EQUAL, "id": 1, "subscription_url": "https://other.example/"}


def created(**changes):
    return Reply(201, {"status": "ok", "success": True, "data": {**EQUAL, **changes}})


def test_an_equal_hook_is_not_created_twice():
    client, http = client_with(data([FOREIGN, EQUAL]))
    done = subscribe(client, WANTED)
    assert (5, False, ()) == (done.webhook.id, done.created, done.replaced)
    assert ["GET"] == [call.method for call in http.calls]


def test_the_first_hook_is_created_with_password_and_version():
    client, http = client_with(data([FOREIGN]), created(id=6))
    done = subscribe(client, WANTED)
    assert (6, True) == (done.webhook.id, done.created)
    assert {
        "subscription_url": URL,
        "event_action": "*",
        "event_object": "deal",
        "name": "ml-connector",
        "version": "2.0",
        "http_auth_user": "pd",
        "http_auth_password": "geheim",
    } == http.calls[1].json


def test_hooks_to_our_address_that_differ_are_replaced():
    old_password = {**EQUAL, "id": 7, "http_auth_password": "alt"}
    old_version = {**EQUAL, "id": 8, "version": "1.0"}
    dead = {**EQUAL, "id": 9, "is_active": 0}
    client, http = client_with(
        data([FOREIGN, old_password, old_version, dead]), created(id=10), data({}), data({}), data({})
    )
    done = subscribe(client, WANTED)
    assert (10, True, (7, 8, 9)) == (done.webhook.id, done.created, done.replaced)
    assert ["GET", "POST", "DELETE", "DELETE", "DELETE"] == [call.method for call in http.calls]


def test_duplicates_of_our_hook_are_removed():
    client, http = client_with(data([EQUAL, {**EQUAL, "id": 6}]), data({}))
    assert (6,) == subscribe(client, WANTED).replaced
    assert "/api/v1/webhooks/6" == http.calls[1].path


def test_a_listed_hook_shows_no_password():
    client, _ = client_with(data([EQUAL]))
    assert "geheim" not in repr(list_webhooks(client))
    assert "geheim" not in repr(WANTED)


def test_unsubscribing_leaves_other_hooks_alone():
    client, http = client_with(data([FOREIGN, EQUAL]), data({}))
    assert (5,) == unsubscribe(client, URL)
    assert ["/api/v1/webhooks", "/api/v1/webhooks/5"] == [call.path for call in http.calls]
