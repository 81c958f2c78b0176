"""Builds everything and hands it down: settings in, a backend out. Serving it stays in serving."""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from server.access.allowlist import Allowlist, Network, parsed
from server.access.connect_codes import ConnectCodes
from server.access.keyring import Keyring
from server.access.keys import Keys
from server.access.limits import Limiter, Rate
from server.access.provisioned import provisioned_by
from server.access.roles import Roles
from server.access.standing import objection
from server.access.users import Users
from server.account_probe import AccountProbe
from server.across.across import Across
from server.api.call import Backend
from server.connections import Connections
from server.connectors import KINDS
from server.connectors.base import Kind
from server.governance.governance import Governance
from server.governance.secret import mask_secret
from server.jobs import open_jobs
from server.monitoring.collecting import Monitoring, Parts
from server.pool_settings import PoolSettings
from server.queries import Queries
from server.reach import Reach
from server.schemas import Schemas
from server.sharing import Sharing
from server.siblings import Place, Shared, Siblings
from server.store.access import AccessStore
from server.store.audit import open_trail
from server.store.audit.keys import key_for_writing
from server.store.audit.searching import AuditSearch
from server.store.connections import ConnectionStore
from server.store.facts import find_fact, set_fact
from server.store.state import State, open_state
from server.vault import MARK, Vault, open_vault
from shared.installed import version
from shared.llm.figures import CountedModel, ModelFigures
from shared.settings import AiSection, BackendSettings, DatabaseSection, SecuritySection

if TYPE_CHECKING:
    from server.tracing import Tracer
    from shared.llm.base import Model

_GEMINI = "https://generativelanguage.googleapis.com/v1beta/openai"
_FAILURES = Rate(30, 60)
"""How many wrong keys an address may show a minute."""


@contextlib.contextmanager
def prepare(settings: BackendSettings, home: Path) -> Iterator[Keyring]:
    """What only one may do, before several workers do the rest: migrations, the master key, the first key.
    Raises as :func:`build` does. Nothing stays open."""
    state = open_state(settings.store.url, home)
    try:
        _open_vault(state, home)
        yield Keyring(AccessStore(state), provisioned_by(settings, home))
    finally:
        state.close()


def shared_by_workers(settings: BackendSettings) -> Shared:
    return Shared(settings.server.workers, _FAILURES)


def build(
    settings: BackendSettings,
    home: Path,
    kinds: Mapping[str, Kind] = KINDS,
    place: Place | None = None,
) -> tuple[State, Backend]:
    """Everything behind HTTP. Raises SettingsInvalid, StateTooNew or VaultClosed."""
    by_key, by_address = rates_of(settings.security)
    hosts = reach_of(settings.security)
    allowlist = allowlist_of(settings.security)
    shared = place.shared if place else None
    state = open_state(settings.store.url, home)
    try:
        vault = _open_vault(state, home)
        pool_settings = _pool_settings(settings.database, processes=settings.server.workers if place else 1)
        connections = Connections(ConnectionStore(state), vault, kinds, pool_settings, hosts)
        schemas = Schemas(connections)
        governance = Governance(connections, schemas, mask_secret(state, vault))
        across = Across(
            connections,
            schemas,
            governance,
            settings.joins,
            home / "cache" / "joins",
            idle_timeout=settings.database.idle_timeout,
        )
        audit = open_trail(
            state,
            home / "backend" / "audit",
            key_for_writing(state, vault),
            keep_days=settings.audit.keep_days,
        )
        keyring = Keyring(AccessStore(state), provisioned_by(settings, home))
        objects = partial(objection, keyring)
        queries = Queries(connections, across, objects)
        siblings = Siblings(shared.mailboxes, place.number) if shared and place else Siblings()
        keys = Keys(keyring)
        sharing = Sharing(queries, connections, settings.database.cache_mb * 1024 * 1024)
        jobs = open_jobs(
            state,
            home,
            vault,
            queries,
            siblings=siblings,
            audit=audit,
            settings=settings,
            objection=objects,
        )
        search = AuditSearch(state)
        teller, model_figures = _teller(settings.ai)
        parts = Parts(connections, queries, sharing, jobs, audit, search, model_figures)
        return state, Backend(
            settings=settings,
            keyring=keyring,
            users=Users(keyring),
            roles=Roles(keyring),
            keys=keys,
            connect_codes=ConnectCodes(keyring, keys),
            allowlist=allowlist,
            limiter=Limiter(by_key, shared.calls if shared else None),
            addresses=Limiter(by_address, shared.addresses if shared else None, name="address"),
            failures=Limiter(_FAILURES, shared.failures if shared else None, name="wrong-keys"),
            audit=audit,
            audit_search=search,
            monitoring=Monitoring(parts, siblings, shared.figures if shared else None),
            scrapers=scrapers_of(settings),
            connections=connections,
            accounts=AccountProbe(connections),
            queries=queries,
            sharing=sharing,
            jobs=jobs,
            schemas=schemas,
            governance=governance,
            version=version(),
            tracer=_tracer(settings),
            teller=teller,
            vault=vault,
            siblings=siblings,
            started=shared.started if shared else time.monotonic(),
        )
    except BaseException:
        state.close()
        raise


def scrapers_of(settings: BackendSettings) -> tuple[Network, ...]:
    """Raises SettingsInvalid."""
    return parsed(settings.metrics.allowed_ips, "metrics.allowed_ips")


def _tracer(settings: BackendSettings) -> "Tracer | None":
    if not settings.telemetry.otlp_endpoint:
        return None
    from server.tracing import Tracer

    return Tracer(settings.telemetry.otlp_endpoint, version())


def _teller(section: AiSection) -> "tuple[Model | None, ModelFigures | None]":
    """Gemini is asked by its OpenAI-compatible address, which takes no package of Google's."""
    if not (section.api_key.strip() or section.base_url.strip()):
        return None, None
    from shared.llm.openai_compatible import OpenAiCompatible

    model = OpenAiCompatible(
        section.base_url.strip() or _GEMINI,
        section.model,
        api_key=section.api_key.strip(),
        timeout=section.timeout,
    )
    figures = ModelFigures()
    return CountedModel(model, figures), figures


def _pool_settings(section: DatabaseSection, *, processes: int) -> PoolSettings:
    """What one process gets: connections and places in line are for all of them together."""
    return PoolSettings(
        max_connections=section.max_connections // processes,
        connection_timeout=section.connection_timeout,
        max_waiting=max(section.max_waiting // processes, 1),
        idle_timeout=section.idle_timeout,
        max_age=section.max_age,
        processes=processes,
    )


def allowlist_of(section: SecuritySection) -> Allowlist:
    return Allowlist(section.allowed_ips, section.trusted_proxies)


def reach_of(section: SecuritySection) -> Reach:
    """Raises SettingsInvalid."""
    return Reach(section.connection_hosts, section.connection_folders)


def rates_of(section: SecuritySection) -> tuple[Rate | None, Rate | None]:
    """For a key, and for an address. Raises SettingsInvalid."""
    return (
        Rate.parse(section.rate_limit),
        Rate.parse(section.rate_limit_per_address, "security.rate_limit_per_address"),
    )


def _open_vault(state: State, home: Path) -> Vault:
    """A key is made once in the life of a state; a sealed mark tells whether this is still the one."""
    mark = find_fact(state, MARK)
    vault = open_vault(home / ".key", create=mark is None, environ=os.environ)
    if mark is None:
        set_fact(state, MARK, vault.seal(MARK, {}))
    else:
        vault.open(MARK, mark)
    return vault
