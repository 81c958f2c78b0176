# The backend as an image: docs/install.md says how to run it, docs/running-a-backend.md what it can be told.
# Built by `python3 build.py image`, or by docker build and podman build (--format docker) as it stands.
# A release gives BASE with its digest; another base needs Debian's apt and the python3 that it runs with.
ARG BASE=docker.io/library/python:3.11.14-slim-bookworm

# The packages of the lock file in an environment of their own, without pip; what pip needs stays in this stage.
# Of pyarrow its clients for Flight and S3 and its C++ headers stay out too: 60 MB that nothing here calls.
FROM ${BASE} AS packages
COPY requirements/server.lock /tmp/
RUN python3 -m venv --without-pip /opt/vmart \
    && python3 -m pip --python /opt/vmart/bin/python install --no-input --no-cache-dir --no-deps \
       --require-hashes --only-binary :all: -r /tmp/server.lock \
    && find /opt/vmart -depth -type d -name tests -exec rm -r {} + \
    && cd /opt/vmart/lib/python3*/site-packages/pyarrow && rm -r include src *flight* *s3* && cd / \
    && for site in /opt/vmart/lib/python3*/site-packages; do echo /app > "$site/vmart.pth"; done
COPY shared /app/shared
COPY server /app/server
RUN /opt/vmart/bin/python -m compileall -q /app

FROM ${BASE}
# The free driver for SQL Server, FreeTDS; "none" leaves it out. Microsoft's own may not be handed on in an image.
ARG ODBC=freetds
RUN case "$ODBC" in \
      freetds) apt-get update \
        && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libodbc2 odbcinst tdsodbc \
        && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* ;; \
      none) ;; \
      *) echo "ODBC is freetds or none, not $ODBC." >&2; exit 1 ;; \
    esac
# A fixed number, so that folders of the host can be given to it; group 0 lets platforms choose another.
RUN groupadd --gid 10001 vmart \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /app/state --shell /usr/sbin/nologin vmart \
    && install -d -o 10001 -g 0 -m 0770 /app/state /app/logs \
    && install -d -m 0755 /app/config
COPY --from=packages /opt/vmart /opt/vmart
COPY --from=packages /app /app
COPY packaging/image/backend_config.yaml /app/sample/backend_config.yaml
ENV PATH=/opt/vmart/bin:$PATH \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    VMART_IN_CONTAINER=1 \
    VMART_HOME=/app/state \
    VMART_LOGS=/app/logs \
    VMART_CONFIG=/app/config/backend_config.yaml \
    VMART_SAMPLE_CONFIG=/app/sample/backend_config.yaml
WORKDIR /app
USER 10001:10001
VOLUME ["/app/state", "/app/logs"]
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s --retries=3 CMD ["python", "-m", "server", "health"]
ENTRYPOINT ["python", "-m", "server"]
CMD ["serve"]

# Last, since they differ from build to build.
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="V-Mart AI Agent backend" \
      org.opencontainers.image.description="Answers retail questions over governed connections: keys, permissions, audit." \
      org.opencontainers.image.vendor="The V-Mart AI Agent authors" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
