"""The text that Prometheus reads."""

from datetime import UTC, datetime, timedelta

from connector.store.measures import LoginEnd, Measures, Watched
from webapp.metrics import MOST_TENANTS, exposition

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _measures(**changes: object) -> Measures:
    values: dict[str, object] = {
        "runs": {("acme", "received"): 2, ("beta", "received"): 3},
        "batches": {("acme", "open"): 1},
        "oldest_due_run": None,
        "oldest_due_batch": None,
        "unreconciled": 0,
        "parked": {"acme": False, "beta": True},
        "logins": [],
        "refused": {},
    }
    return Measures(**{**values, **changes})  # type: ignore[arg-type]


def _lines(read: Measures) -> list[str]:
    return [line for line in exposition(read, NOW).decode().splitlines() if not line.startswith("#")]


def test_runs_and_batches_are_counted_by_tenant_and_state() -> None:
    lines = _lines(_measures())
    assert 'mlc_runs{state="received",tenant="acme"} 2.0' in lines
    assert 'mlc_batches{state="open",tenant="acme"} 1.0' in lines


def test_with_too_many_tenants_the_counts_are_added_up_and_only_parked_ones_named() -> None:
    parked = {f"t{number}": number == 7 for number in range(MOST_TENANTS + 1)}
    lines = _lines(_measures(parked=parked))
    assert 'mlc_runs{state="received",tenant=""} 5.0' in lines
    assert [line for line in lines if line.startswith("mlc_tenant_parked")] == [
        'mlc_tenant_parked{tenant="t7"} 1.0'
    ]
    assert f"mlc_tenants {MOST_TENANTS + 1}.0" in lines


def test_the_age_of_what_is_due_is_told_in_seconds() -> None:
    lines = _lines(_measures(oldest_due_run=NOW - timedelta(minutes=2)))
    assert "mlc_oldest_due_run_age_seconds 120.0" in lines
    assert "mlc_oldest_due_batch_age_seconds 0.0" in lines


def test_the_end_of_a_login_is_told_where_it_is_known() -> None:
    logins = [
        LoginEnd("acme", "datev", "long", "connected", NOW + timedelta(minutes=15), NOW + timedelta(days=1)),
        LoginEnd("beta", "datev", "long", "reconnect_needed", NOW - timedelta(minutes=1), None),
    ]
    lines = _lines(_measures(logins=logins))
    acme, beta = (f'{{kind="long",partner="datev",tenant="{key}"}}' for key in ("acme", "beta"))
    assert f"mlc_access_token_expiry_seconds{acme} 900.0" in lines
    assert f"mlc_login_expiry_seconds{acme} 86400.0" in lines
    assert f"mlc_login_connected{acme} 1.0" in lines
    assert f"mlc_login_connected{beta} 0.0" in lines
    assert f"mlc_access_token_expiry_seconds{beta} -60.0" in lines
    assert not any(line.startswith(f"mlc_login_expiry_seconds{beta}") for line in lines)


def test_refused_deliveries_are_counted_by_tenant_and_those_to_nobody_together() -> None:
    lines = _lines(_measures(refused={"acme": 3, "": 2}))
    assert 'mlc_deliveries_refused_total{tenant="acme"} 3.0' in lines
    assert 'mlc_deliveries_refused_total{tenant="?"} 2.0' in lines


def test_with_too_many_tenants_their_refusals_are_added_up() -> None:
    parked = {f"t{number}": False for number in range(MOST_TENANTS + 1)}
    lines = _lines(_measures(parked=parked, refused={"t1": 3, "t2": 4, "": 2}))
    assert 'mlc_deliveries_refused_total{tenant=""} 7.0' in lines
    assert 'mlc_deliveries_refused_total{tenant="?"} 2.0' in lines


def test_refused_log_ins_at_the_desk_are_counted_by_reason() -> None:
    lines = _lines(_measures(refused_logins={"wrong": 7, "locked": 2}))
    assert 'mlc_desk_logins_refused_total{reason="locked"} 2.0' in lines
    assert 'mlc_desk_logins_refused_total{reason="wrong"} 7.0' in lines


def test_reconciliation_and_hooks_are_told_by_tenant() -> None:
    watched = [
        Watched("acme", "archived", NOW - timedelta(minutes=20), 1, False),
        Watched("acme", "deals", NOW - timedelta(minutes=5), 2, True),
        Watched("acme", "hooks", NOW, 4, True),
        Watched("beta", "hooks", NOW, 0, False),
    ]

    lines = _lines(_measures(watched=watched))

    assert [
        'mlc_reconciliation_age_seconds{tenant="acme"} 1200.0',
        'mlc_reconciliation_found_total{tenant="acme"} 3.0',
        'mlc_webhook_problem{tenant="acme"} 1.0',
        'mlc_webhook_problem{tenant="beta"} 0.0',
        'mlc_webhooks_made_anew_total{tenant="acme"} 4.0',
        'mlc_webhooks_made_anew_total{tenant="beta"} 0.0',
    ] == [line for line in lines if "reconciliation" in line or "webhook" in line]
