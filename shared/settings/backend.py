"""backend_config.yaml: the backend's settings."""

from shared.settings.base import LoggingSection, Section


class ServerSection(Section, frozen=True):
    """TLS when ``ssl_cert`` is set; without it others cannot reach us, unless ``allow_plain_http``.

    ``workers`` is the number of processes that serve; ``request_timeout`` the seconds that a request may take
    to arrive."""

    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 1
    ssl_cert: str = ""
    ssl_key: str = ""
    allow_plain_http: bool = False
    request_timeout: float = 30


class SecuritySection(Section, frozen=True):
    """``rate_limit`` is ``"100/hour"`` style per key, ``rate_limit_per_address`` for all keys of an address;
    empty for none. ``allowed_ips`` empty for all.

    With ``client_ca`` callers show certificates of that authority, ``with_key`` or ``instead_of_key``;
    ``client_users`` says whose they are: a name in the certificate, and the user's.

    ``connection_hosts`` is where connections may lead, and ``connection_folders`` below which folders those
    of files; empty for everywhere but where nobody should go."""

    api_keys_file: str = ""
    rate_limit: str = ""
    rate_limit_per_address: str = ""
    allowed_ips: list[str] = []
    trusted_proxies: list[str] = []
    max_body_mb: int = 16
    client_ca: str = ""
    client_certificates: str = "with_key"
    client_users: dict[str, str] = {}
    connection_hosts: list[str] = []
    connection_folders: list[str] = []


class DatabaseSection(Section, frozen=True):
    """Per connection; the times are seconds. ``max_rows`` is what one answer may hold at most. ``cache_mb``
    bounds the answers that one process keeps, of all connections together.

    ``max_waiting`` callers may stand in line for a connection; a connection is closed when it was idle for
    ``idle_timeout``, or older than ``max_age``."""

    max_connections: int = 20
    max_waiting: int = 1_000
    connection_timeout: float = 30
    query_timeout: float = 300
    idle_timeout: float = 300
    max_age: float = 3_600
    max_rows: int = 10_000_000
    default_rows: int = 1_000
    cache_mb: int = 64


class JoinsSection(Section, frozen=True):
    """Queries across connections: ``max_running`` at a time in each process, each with ``memory_mb`` and, for
    what does not fit, ``disk_mb``; ``max_rows`` is what one table may give to one."""

    max_rows: int = 5_000_000
    memory_mb: int = 1024
    disk_mb: int = 4096
    max_running: int = 2


class JobsSection(Section, frozen=True):
    """Long queries. ``timeout`` in seconds; ``max_running`` at a time, the rest waits; ``max_mb`` is what one
    result may hold, ``total_mb`` all that are kept; ``keep_hours`` after its end a result is deleted."""

    timeout: float = 3600
    max_running: int = 4
    max_mb: int = 4096
    total_mb: int = 20480
    keep_hours: float = 24


class AuditSection(Section, frozen=True):
    """Lines older than ``keep_days`` are cleared away; 0 keeps them all."""

    keep_days: int = 0


class MetricsSection(Section, frozen=True):
    """From ``allowed_ips`` /metrics needs no key."""

    allowed_ips: list[str] = []


class TelemetrySection(Section, frozen=True):
    """``otlp_endpoint`` takes traces: OTLP over HTTP, without the path. Empty for none."""

    otlp_endpoint: str = ""


class AiSection(Section, frozen=True):
    """A model that tells insights in its own words; none while ``api_key`` and ``base_url`` are empty.
    ``base_url`` is an address that speaks the OpenAI protocol; without it Gemini is asked, at Google's."""

    api_key: str = ""
    model: str = "gemini-3-flash-preview"
    base_url: str = ""
    timeout: float = 20


class StoreSection(Section, frozen=True):
    """``url`` is SQLAlchemy's; empty means SQLite in our own folder."""

    url: str = ""


class BackendSettings(Section, frozen=True):
    """backend_config.yaml"""

    server: ServerSection = ServerSection()
    security: SecuritySection = SecuritySection()
    database: DatabaseSection = DatabaseSection()
    joins: JoinsSection = JoinsSection()
    jobs: JobsSection = JobsSection()
    audit: AuditSection = AuditSection()
    metrics: MetricsSection = MetricsSection()
    telemetry: TelemetrySection = TelemetrySection()
    ai: AiSection = AiSection()
    logging: LoggingSection = LoggingSection()
    store: StoreSection = StoreSection()
