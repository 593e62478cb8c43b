"""The measures as Prometheus reads them.

They are read from PostgreSQL when asked, not counted in memory: every web process answers the same.
"""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from connector.store.measures import LoginEnd, Measures

CONTENT_TYPE = CONTENT_TYPE_LATEST

MOST_TENANTS = 200
"""Above this, runs and batches are added up over all tenants: each label value is one more series."""

ALL_TENANTS = ""

UNKNOWN_TENANT = "?"
"""Label of deliveries to tenants that do not exist; no tenant's key can be this."""


def exposition(read: Measures, now: datetime) -> bytes:
    """The text of ``/metrics``."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Reading(read, now))
    return generate_latest(registry)


class _Reading(Collector):
    """One reading as metric families."""

    def __init__(self, read: Measures, now: datetime) -> None:
        self._read = read
        self._now = now

    def collect(self) -> Iterable[GaugeMetricFamily | CounterMetricFamily]:
        """All families."""
        read = self._read
        named = len(read.parked) <= MOST_TENANTS
        yield _by_state("mlc_runs", "Runs by tenant and state.", read.runs, named=named)
        yield _by_state("mlc_batches", "Batches by tenant and state.", read.batches, named=named)
        yield _single(
            "mlc_oldest_due_run_age_seconds",
            "How long the longest waiting due run of a tenant that is not parked has been due.",
            self._age(read.oldest_due_run),
        )
        yield _single(
            "mlc_oldest_due_batch_age_seconds",
            "How long the longest waiting due batch of a tenant that is not parked has been due.",
            self._age(read.oldest_due_batch),
        )
        yield _single(
            "mlc_unreconciled_submissions",
            "Submissions of which nobody knows yet whether DATEV took them.",
            read.unreconciled,
        )
        yield _single("mlc_tenants", "Tenants.", len(read.parked))
        yield self._parked(named=named)
        yield self._refused(named=named)
        yield self._refused_logins()
        yield from self._logins()
        yield from self._watches(named=named)

    def _age(self, due: datetime | None) -> float:
        return max(0.0, (self._now - due).total_seconds()) if due else 0.0

    def _parked(self, *, named: bool) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "mlc_tenant_parked", "1: no step of the tenant runs until someone acts.", labels=["tenant"]
        )
        for key, parked in sorted(self._read.parked.items()):
            if named or parked:
                family.add_metric([key], float(parked))
        return family

    def _refused(self, *, named: bool) -> CounterMetricFamily:
        family = CounterMetricFamily(
            "mlc_deliveries_refused_total",
            "Webhook deliveries that did not prove where they come from.",
            labels=["tenant"],
        )
        totals: dict[str, int] = {}
        for key, count in self._read.refused.items():
            label = UNKNOWN_TENANT if not key else key if named else ALL_TENANTS
            totals[label] = totals.get(label, 0) + count
        for label, count in sorted(totals.items()):
            family.add_metric([label], count)
        return family

    def _refused_logins(self) -> CounterMetricFamily:
        family = CounterMetricFamily(
            "mlc_desk_logins_refused_total", "Attempts to log in at the desk that failed.", labels=["reason"]
        )
        for reason, count in sorted(self._read.refused_logins.items()):
            family.add_metric([reason], count)
        return family

    def _logins(self) -> Iterable[GaugeMetricFamily]:
        labels = ["tenant", "partner", "kind"]
        connected = GaugeMetricFamily("mlc_login_connected", "1: the login works.", labels=labels)
        access = GaugeMetricFamily(
            "mlc_access_token_expiry_seconds",
            "Seconds until the access token is renewed at the latest.",
            labels=labels,
        )
        login = GaugeMetricFamily(
            "mlc_login_expiry_seconds",
            "Seconds until the login itself ends, where the partner tells.",
            labels=labels,
        )
        for end in self._read.logins:
            names = [end.tenant_key, end.partner, end.kind]
            connected.add_metric(names, float(end.state == "connected"))
            access.add_metric(names, (end.access_expires_at - self._now).total_seconds())
            if end.refresh_expires_at:
                login.add_metric(names, self._left(end))
        return connected, access, login

    def _watches(self, *, named: bool) -> Iterable[GaugeMetricFamily | CounterMetricFamily]:
        """Reconciliation by tenant (its older list counts), and whether our hooks are well."""
        age = GaugeMetricFamily(
            "mlc_reconciliation_age_seconds",
            "Since Pipedrive's lists of deals were last read to their end for what no webhook told.",
            labels=["tenant"],
        )
        found = CounterMetricFamily(
            "mlc_reconciliation_found_total", "Changes of deals that no webhook told.", labels=["tenant"]
        )
        wrong = GaugeMetricFamily(
            "mlc_webhook_problem",
            "1: the hook that brings the deals is missing, refused, or could not be looked at.",
            labels=["tenant"],
        )
        anew = CounterMetricFamily(
            "mlc_webhooks_made_anew_total", "How often our hooks were made anew.", labels=["tenant"]
        )
        ages: dict[str, float] = {}
        sums: dict[tuple[str, bool], int] = {}
        wrongs: dict[str, float] = {}
        for one in self._read.watched:
            label, is_hooks = one.tenant_key if named else ALL_TENANTS, one.watch == "hooks"
            sums[label, is_hooks] = sums.get((label, is_hooks), 0) + one.found
            if is_hooks:
                wrongs[label] = max(wrongs.get(label, 0.0), float(one.has_problem))
            else:
                ages[label] = max(ages.get(label, 0.0), self._age(one.since))
        for family, values in ((age, ages), (wrong, wrongs)):
            for label, value in sorted(values.items()):
                family.add_metric([label], value)
        for (label, is_hooks), count in sorted(sums.items()):
            (anew if is_hooks else found).add_metric([label], count)
        return age, found, wrong, anew

    def _left(self, end: LoginEnd) -> float:
        return (end.refresh_expires_at - self._now).total_seconds() if end.refresh_expires_at else 0.0


def _single(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _by_state(name: str, text: str, counts: dict[tuple[str, str], int], *, named: bool) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["tenant", "state"])
    totals: dict[tuple[str, str], int] = {}
    for (tenant_key, state), count in counts.items():
        label = (tenant_key if named else ALL_TENANTS, state)
        totals[label] = totals.get(label, 0) + count
    for (tenant_key, state), count in sorted(totals.items()):
        family.add_metric([tenant_key, state], count)
    return family
