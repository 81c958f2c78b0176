"""Tableau as a kind of connection: its fields, and how one is opened. What it does: connector."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from server.connectors.base import Field, Kind, memory_field
from server.connectors.tableau.connector import TableauConnector
from server.connectors.tableau.folder import RowsFolder
from server.connectors.tableau.site import Login, SignIns, Site
from server.engine.folder import DIALECT
from server.outgoing import Outgoing
from shared.errors import SourceUnavailable
from shared.http_adapter import is_loopback


class _Opener:
    """Holds the sessions that connections of one account share."""

    def __init__(self) -> None:
        self._sign_ins = SignIns()

    def __call__(self, params: Mapping[str, Any], timeout_seconds: float) -> TableauConnector:
        login = _login(params)
        outgoing = Outgoing("Tableau", [login.url], verify=str(params.get("ssl_ca") or "") or True)
        folder = RowsFolder()
        site = Site(login, outgoing, self._sign_ins)
        try:
            with outgoing.within(timeout_seconds):
                site.open()
            return TableauConnector(
                outgoing,
                site,
                folder,
                memory_mb=int(params.get("memory_mb") or 1024),
                copy_mb=int(params.get("copy_mb") or 512),
            )
        except BaseException:
            site.close()
            folder.close()
            raise


def _login(params: Mapping[str, Any]) -> Login:
    url = str(params["url"]).rstrip("/")
    if not re.fullmatch(r"https?://[^/?#@\s]+", url):
        raise SourceUnavailable("The address of Tableau looks like https://tableau.example.net.")
    if not url.startswith("https://") and not is_loopback(url):
        raise SourceUnavailable("The address of Tableau must begin with https://.")
    site = str(params.get("site") or "")
    token = str(params.get("token_name") or ""), str(params.get("token_secret") or "")
    user = str(params.get("user") or ""), str(params.get("password") or "")
    if all(token):
        return Login(url, site, *token, token=True)
    if all(user):
        return Login(url, site, *user, token=False)
    raise SourceUnavailable("Tableau needs token_name and token_secret, or user and password.")


KIND = Kind(
    type="tableau",
    label="Tableau",
    dialect=DIALECT,
    fields=(
        Field(
            "url",
            "Address",
            help="https://tableau.example.net or your pod of Tableau Cloud.",
            guards_secret=True,
        ),
        Field(
            "site",
            "Site",
            required=False,
            help="Its part of the address; empty for the default site.",
            guards_secret=True,
        ),
        Field("token_name", "Token name", required=False, help="Of a personal access token."),
        Field("token_secret", "Token secret", secret=True, required=False),
        Field("user", "User", required=False, help="Instead of a token."),
        Field("password", "Password", secret=True, required=False),
        Field(
            "ssl_ca",
            "Certificates",
            required=False,
            help="A file, where the system's are not enough.",
            guards_secret=True,
        ),
        Field(
            "copy_mb",
            "Most data (MB)",
            type=int,
            between=(1, 100_000_000),
            required=False,
            default=512,
            help="Of one view.",
        ),
        memory_field("For one query."),
    ),
    open=_Opener(),
    hosts=lambda params: [urlsplit(str(params.get("url") or "")).hostname or ""],
)
