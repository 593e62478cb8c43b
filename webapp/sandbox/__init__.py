"""Stateful stand-ins for Pipedrive and DATEV: for the demo, acceptance tests and trying out a mapping.

Serve ``webapp.sandbox:create_app()`` with ONE process and threads (gunicorn ``--workers 1 --threads 8``), on
loopback: the control API has no login. State is one SQLite file in ``MLC_SANDBOX_STATE_DIR`` (default
``var/sandbox``); a SIGKILL loses nothing that was answered, undelivered webhooks go out after the restart.
``MLC_TIME_SCALE`` (default 1.0) multiplies waiting times (job delays, Retry-After, webhook retries, bans),
not token lifetimes.

Base URLs (``R`` = the sandbox's root address)::

    PIPEDRIVE_API_BASE_URL    R/pipedrive                 (then /api/v2/..., /api/v1/... or /v1/...)
    PIPEDRIVE_OAUTH_BASE_URL  R/pipedrive/oauth-host      (then /oauth/authorize, /oauth/token, /oauth/revoke)
    DATEV_LOGIN_BASE_URL      R/datev/openid              (then /authorize, /jwks, /.well-known/…)
    DATEV_TOKEN_BASE_URL      R/datev/api                 (then /token, /revoke, /userinfo)
    DATEV_CLIENTS_BASE_URL    R/datev/accounting-clients/platform/v2
    DATEV_DOCUMENTS_BASE_URL  R/datev/accounting-documents/platform/v2
    DATEV_EXTF_BASE_URL       R/datev/accounting-extf-files/platform/v3
    DATEV_DXSO_BASE_URL       R/datev/accounting-dxso-jobs/platform/v2

``R/`` shows what arrived. The consent pages (both ``.../authorize``) hold one form: POST its hidden inputs
plus ``user`` and ``decision=approve|deny`` to the same address and follow the 302 to the ``redirect_uri``.

Control API
===========
JSON in and out. Creations answer 201, everything else 200; a wrong body answers 400
``{"error": sentence}`` naming every missing or unknown key. ``*`` marks required keys, ``=`` shows defaults.

``GET /control/health``
    200 when ready.
``POST /control/reset``
    Forget everything: accounts, clients, tokens, arrivals, faults, clock, log.

``POST /control/pipedrive/accounts``
    ``company_domain*``, ``api_token*``, ``company_id``, ``name``, ``users=[{id, name, email, admin}]`` (the
    token speaks for the first), ``plan=premium`` (lite|growth|premium|ultimate; sets the limits),
    ``burst={api, oauth}`` (calls per 2 s), ``daily_budget`` (tokens per UTC day), ``default_currency=EUR``,
    ``timezone_name=Europe/Berlin``, ``custom_currencies=[]``, ``webhook_signing=null`` or ``{header*, key*,
    encoding=hex|base64, prefix=""}``: emulates a signing proxy, HMAC-SHA256 of the raw body with the UTF-8
    key, header value ``prefix + encoded``. Again with the same domain: settings replaced, data kept.
``POST /control/pipedrive/accounts/<domain>/seed``
    Lists, all optional: ``deal_fields``, ``organization_fields``, ``person_fields``, ``product_fields`` (each
    ``{field_name*, field_type*, field_code, options=[label or {id, label}]}``; a code is derived from the
    name when absent), ``organizations`` ``{name*, id, address: "text" or {route, street_number, postal_code,
    locality, country, …}, custom_fields}``, ``persons`` ``{name*, id, org_id, emails, phones,
    custom_fields}``, ``products`` ``{name*, id, code, unit, tax, prices, custom_fields}``, ``deals``
    ``{title*, id, value (default: sum of enabled lines), currency=EUR, org_id, person_id, status=open,
    won_time, pipeline_id, stage_id, label_ids, expected_close_date, custom_fields, products: [{product_id,
    name, item_price, quantity, discount, discount_type, tax, tax_method, is_enabled, currency,
    billing_frequency, comments}], discounts: [{amount*, type, description}], installments: [{amount*,
    billing_date*, description}], files: [{file_name*, content_base64*, add_time}]}``. ``custom_fields`` are
    keyed by field code OR field name, enum/set values may be labels. No webhooks are sent. Answers ``{fields:
    {deal: {name: code}, …}, organizations: [ids], persons: [ids], products: [ids], deals: [ids]}``.
``POST /control/pipedrive/accounts/<domain>/deals``
    ``{deal: {…as in a seed…}}``: created and announced to the hooks (``create``); may be created won. Answers
    ``{id}``.
``POST /control/pipedrive/accounts/<domain>/deals/<id>/win|reopen|lose|delete|update``
    ``win`` takes ``won_time``; ``lose`` takes ``lost_reason``; ``update`` takes deal fields and
    ``custom_fields`` (by code), and ``products``, ``discounts``, ``installments`` as in a seed, each in place
    of what the deal had (``value`` follows the lines where it is not given). The hooks get their events in
    the background, each in its version.
``POST /control/pipedrive/oauth-apps``
    ``client_id*``, ``client_secret*``, ``redirect_uri*``, ``scopes`` (list or text).

``POST /control/datev/apps``
    ``client_id*``, ``redirect_uris*`` (list), ``client_secret=null`` (null = public client), ``scopes``
    (default: all that the connector needs).
``POST /control/datev/users``
    ``sub*``, ``name*``, ``clients=null`` (ids; null = all). There are always ``sandbox-anna`` (Anna Muster,
    all clients) and ``sandbox-bernd`` (Bernd Ohnerecht, none).
``POST /control/datev/clients``
    ``consultant_number*``, ``client_number*``, ``name``, ``account_length=4``, ``services`` (default
    Buchungsdatenservice, Belegbilderservice, Rechnungsdatenservice 1.0), ``document_types`` (names or
    objects; default Rechnungseingang, Rechnungsausgang, Sonstige),
    ``ledger_folder_names=["Ausgangsrechnungen"]``, ``belege_online=true|false|"new"``, ``fiscal_years``
    (years or ``{start, end}``; default this year and the two before), ``permission_expired=false`` (EXTF jobs
    then fail with 1008838). Answers ``{id: "<consultant>-<client>"}``.
``POST /control/datev/settings``
    ``job_delay_seconds=2``, ``retry_after=5``, ``access_lifetime_s=900``, ``session_lifetime_s=39600``,
    ``long_lifetime_s=63072000``, ``import_result=succeeded|failed`` with ``validation_details`` (an object),
    for DXSO ``dxso_status=2`` (2 to 6) and ``dxso_protocol`` (list of ``{text, type, filename, context}``).
    Only what is named changes.

``POST /control/clock``
    ``offset_seconds*``: the sandbox's clock against the machine's.
``POST /control/faults``
    ``kind*``: status|timeout|reset|drip|malformed|huge|html403; ``partner=*`` (pipedrive|datev),
    ``operation`` (route name such as ``datev_extf.import_file``, or a pattern searched in the path),
    ``method``, ``skip=0`` (matching calls left alone first), ``times=1``, ``status`` (status: 503, malformed
    and huge: 200), ``headers``, ``body`` (both for kind status), ``when=before|after`` (after: the request
    takes effect first), ``delay_seconds`` (timeout: 30 or until the caller hangs up, drip: 0.5 per byte),
    ``size_mb=6`` (huge). ``GET`` lists those with turns left, ``DELETE`` removes all.
``GET /control/arrivals``
    ``documents`` [{guid, client_id, name, size, sha256, media_type, document_type, metadata, received_at}],
    ``extf_files`` [{id, client_id, filename, reference_id, result, data_category_id, header {by name}, rows
    [{heading: cell}], sha256, linked_guids, dead_links, …}], ``dxso_jobs`` [{id, client_id, import_type,
    accounting_month, status, deleted, files [{name, size, sha256}], protocol}], ``deliveries`` [{domain,
    hook_id, url, state (pending, delivered, given up, lost, gone), attempt, tries [{attempt, status, at}],
    body}], ``notes``, ``activities``, ``patched_deals``.
``GET /control/files/<sha256>``
    The bytes of anything listed there.
``GET /control/requests?limit=N``
    ``requests`` [{id, at, method, path, operation, status, fault}] to the partners in the order in which they
    came, ``status`` 0 while not answered; never a query or token.
"""

from webapp.sandbox.app import create_app

__all__ = ["create_app"]
