"""Whether settings can be used: what serving with them would refuse, found before anything is begun."""

import logging

import msgspec

from server.access import client_certificates
from server.access.allowlist import Allowlist
from server.access.provisioned import provisioned_by
from server.app import rates_of, reach_of, scrapers_of
from server.certificates import tls
from server.connectors.login import is_loopback
from server.store.state import check_url
from server.workers import check_count
from shared import logs
from shared.errors import SettingsInvalid
from shared.paths import home
from shared.settings import BackendSettings, ServerSection

_LONGEST_SECONDS = 86_400
_MOST_DAYS = 36_500
_MOST = 2_000_000_000
"""What fits wherever a source keeps such a number."""


def check(settings: BackendSettings) -> None:
    """Raises what ``serve`` would raise about the settings, and changes nothing."""
    rates_of(settings.security)
    Allowlist(settings.security.allowed_ips, settings.security.trusted_proxies)
    tls(settings)
    client_certificates.check(settings.security.client_users)
    reach_of(settings.security)
    _refuse_plain_http(settings.server)
    check_url(settings.store.url)
    if not 0 <= settings.server.port <= 65_535:
        raise SettingsInvalid("server.port is a number from 0 (any free one) to 65535.")
    check_count(settings.server.workers, settings.database.max_connections)
    for name, value in msgspec.structs.asdict(settings.database).items():
        most = _LONGEST_SECONDS if isinstance(value, float) else _MOST
        if not 0 < value <= most:
            raise SettingsInvalid(f"database.{name} must be above 0, and at most {most}.")
    for name, value in msgspec.structs.asdict(settings.jobs).items():
        if not 0 < value <= _MOST:
            raise SettingsInvalid(f"jobs.{name} must be above 0, and at most {_MOST}.")
    scrapers_of(settings)
    if settings.telemetry.otlp_endpoint:
        from server.tracing import checked_endpoint

        checked_endpoint(settings.telemetry.otlp_endpoint)
    if not 0 <= settings.audit.keep_days <= _MOST_DAYS:
        raise SettingsInvalid(f"audit.keep_days is a number of days from 0 (for ever) to {_MOST_DAYS}.")
    for key, number in (
        ("security.max_body_mb", settings.security.max_body_mb),
        ("logging.max_size_mb", settings.logging.max_size_mb),
        ("server.request_timeout", settings.server.request_timeout),
    ):
        if not 0 < number <= _MOST:
            raise SettingsInvalid(f"{key} must be above 0, and at most {_MOST}.")
    provisioned_by(settings, home())
    if settings.logging.format not in logs.FORMATS:
        raise SettingsInvalid("logging.format is text or json.")
    if settings.logging.level not in logging.getLevelNamesMapping():
        raise SettingsInvalid("logging.level is one of DEBUG, INFO, WARNING, ERROR or CRITICAL.")


def _refuse_plain_http(section: ServerSection) -> None:
    """Raises SettingsInvalid when others could reach us without TLS and nobody said that they may."""
    if not section.ssl_cert and not is_loopback(section.host) and not section.allow_plain_http:
        raise SettingsInvalid(
            f"server.host is {section.host!r}, which other machines can reach, and without server.ssl_cert "
            "keys and data would travel unencrypted. Set server.ssl_cert and server.ssl_key; or listen on "
            "127.0.0.1 behind a proxy that speaks TLS; or set server.allow_plain_http: true."
        )
