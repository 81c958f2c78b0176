"""A Tableau Server: the answers of its REST interface and of the VizQL Data Service, over views in memory.

Sessions can be ended, lists come in pages, ``faults`` answer the next calls. As with a real one, signing in
again with a personal access token ends the session before.
"""

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from tests.peers.web import Fault, WebHandler, WebPeer

SITE = "9a8b7c6d-site"


class _Handler(WebHandler):
    @property
    def tableau(self) -> "TableauServer":
        server: TableauServer = self.peer
        return server

    def answer_get(self) -> None:
        self._serve(b"")

    def answer_post(self) -> None:
        self._serve(self.posted())

    def _serve(self, posted: bytes) -> None:
        tableau, parts = self.tableau, urlsplit(self.path)
        path = unquote(parts.path).partition("/api/")[2]
        fault = tableau.called(path)
        try:
            if fault is not None and fault.location:
                self.send(302, b"", "text/html", Location=fault.location)
            elif fault is not None and fault.body is not None:
                self.send(200, fault.body, "text/xml")
            elif fault is not None and fault.status:
                self._refuse(fault.status)
            elif path.lower().endswith("/serverinfo"):
                version = f"<restApiVersion>{tableau.version}</restApiVersion>"
                product = '<productVersion build="20251.25.0101.0000">2025.1.0</productVersion>'
                self._xml(f"<serverInfo>{product}{version}</serverInfo>")
            elif path.endswith("/auth/signin"):
                self._sign_in(posted)
            elif self.headers.get("x-tableau-auth") not in tableau.tokens:
                self._refuse(401)
            else:
                self._answer(path, parse_qs(parts.query), posted, fault)
        except (ConnectionError, TimeoutError):
            pass

    def _sign_in(self, posted: bytes) -> None:
        token = self.tableau.sign_in(posted)
        if token is None:
            self._refuse(401)
            return
        inner = f'<site id="{SITE}" contentUrl="shop"/><user id="user-1"/>'
        self._xml(f'<credentials token="{token}">{inner}</credentials>')

    def _answer(self, path: str, params: dict[str, list[str]], posted: bytes, fault: Fault | None) -> None:
        tableau, rest = self.tableau, path.partition(f"/sites/{SITE}")[2].strip("/")
        if path.endswith("/auth/signout"):
            tableau.signed_out += 1
            del tableau.tokens[self.headers["x-tableau-auth"]]
            self.send(204, b"", "text/xml")
        elif path.startswith("v1/vizql-data-service/"):
            self._vizql(path.rpartition("/")[2], json.loads(posted))
        elif not rest:
            self._xml(f'<site id="{SITE}" name="Shop" contentUrl="shop"/>')
        elif rest == "views":
            self._page("view", [_view(one, tableau.workbooks) for one in tableau.views], params)
        elif rest == "workbooks":
            project = '<project id="p" name="Retail"/>'
            found = [
                f"<workbook id={quoteattr(one)} name={quoteattr(name)}>{project}</workbook>"
                for name, one in tableau.workbooks.items()
            ]
            self._page("workbook", found, params)
        elif rest == "datasources":
            project = '<project id="p" name="Retail"/>'
            found = [
                f"<datasource id={quoteattr(one)} name={quoteattr(name)}>{project}</datasource>"
                for one, name in tableau.data_sources.items()
            ]
            self._page("datasource", found, params)
        else:
            _, view_id, form = rest.split("/")
            self._view(view_id, form, fault)

    def _view(self, view_id: str, form: str, fault: Fault | None) -> None:
        if view_id not in self.tableau.csv:
            self._refuse(404)
            return
        body = {"data": self.tableau.csv[view_id], "image": b"\x89PNG-" + view_id.encode(), "pdf": b"%PDF-1"}[
            form
        ]
        kind = {"data": "text/csv;charset=utf-8", "image": "image/png", "pdf": "application/pdf"}[form]
        self.send_content(body, kind, fault)

    def _vizql(self, call: str, body: dict[str, Any]) -> None:
        tableau = self.tableau
        tableau.bodies.append(body)
        if not tableau.vizql:
            self._refuse(404)
        elif call == "read-metadata":
            found = tableau.fields[body["datasource"]["datasourceLuid"]]
            self.send(200, json.dumps({"data": found, "extraData": {}}).encode(), "application/json")
        else:
            self.send(200, json.dumps({"data": tableau.query(body)}).encode(), "application/json")

    def _page(self, what: str, found: list[str], params: dict[str, list[str]]) -> None:
        size = min(int(params.get("pageSize", ["100"])[0]), self.tableau.most_on_a_page)
        number = int(params.get("pageNumber", ["1"])[0])
        some = "".join(found[(number - 1) * size : number * size])
        head = f'<pagination pageNumber="{number}" pageSize="{size}" totalAvailable="{len(found)}"/>'
        self._xml(f"{head}<{what}s>{some}</{what}s>")

    def _refuse(self, status: int) -> None:
        detail = "<summary>No</summary><detail>No.</detail>"
        self._xml(f'<error code="{status}002">{detail}</error>', status)

    def _xml(self, inner: str, status: int = 200) -> None:
        body = f'<?xml version="1.0" encoding="UTF-8"?><tsResponse xmlns="http://tableau.com/api">{inner}</tsResponse>'
        self.send(status, body.encode(), "application/xml;charset=UTF-8")


class TableauServer(WebPeer):
    """``bodies`` are what was posted as JSON."""

    handler = _Handler

    def __init__(self) -> None:
        super().__init__()
        self.version = "3.24"
        self.most_on_a_page = 2
        self.views: list[dict[str, str]] = []
        self.workbooks: dict[str, str] = {}
        self.data_sources: dict[str, str] = {}
        self.fields: dict[str, list[dict[str, str]]] = {}
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.csv: dict[str, bytes] = {}
        self.vizql = True
        self.tokens: dict[str, str] = {}
        self.issued = 0
        self.signed_out = 0
        self.bodies: list[dict[str, Any]] = []

    def params(self, **more: Any) -> dict[str, Any]:
        return {"url": self.url, "site": "shop", "token_name": "reader", "token_secret": "hush-token", **more}

    def view(self, workbook: str, name: str, csv: bytes) -> str:
        number = len(self.views)
        view_id = f"view-{number}"
        self.workbooks.setdefault(workbook, f"book-{len(self.workbooks)}")
        url = f"{workbook}/sheets/{name.replace(' ', '')}"
        self.views.append({"id": view_id, "name": name, "contentUrl": url, "workbook": workbook})
        self.csv[view_id] = csv
        return view_id

    def data_source(self, name: str, fields: dict[str, str], rows: list[dict[str, Any]]) -> str:
        source_id = f"source-{len(self.data_sources)}"
        self.data_sources[source_id] = name
        self.fields[source_id] = [{"fieldCaption": one, "dataType": kind} for one, kind in fields.items()]
        self.rows[source_id] = rows
        return source_id

    def sign_in(self, body: bytes) -> str | None:
        """The token, or None for the wrong ones."""
        credentials = ElementTree.fromstring(body).find("credentials")  # noqa: S314 - our own client's
        assert credentials is not None
        said = dict(credentials.attrib)
        account = str(said.get("personalAccessTokenName") or said.get("name"))
        secret = said.get("personalAccessTokenSecret") or said.get("password")
        site = credentials.findall("site")[0].get("contentUrl")
        if (account, secret, site) not in {("reader", "hush-token", "shop"), ("asha", "hush-word", "shop")}:
            return None
        if account == "reader":
            self.tokens = {token: who for token, who in self.tokens.items() if who != account}
        self.issued += 1
        token = f"token-{self.issued}"
        self.tokens[token] = account
        return token

    def query(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        wanted = [one["fieldCaption"] for one in body["query"]["fields"]]
        rows = self.rows[body["datasource"]["datasourceLuid"]]
        for one in body["query"].get("filters", []):
            assert (one["filterType"], one["exclude"]) == ("SET", False)
            rows = [row for row in rows if row[one["field"]["fieldCaption"]] in one["values"]]
        assert body["options"] == {"returnFormat": "OBJECTS", "disaggregate": True}
        return [{name: row[name] for name in wanted} for row in rows]


def _view(one: dict[str, str], workbooks: dict[str, str]) -> str:
    known = " ".join(f"{name}={quoteattr(one[name])}" for name in ("id", "name", "contentUrl"))
    inner = f"<workbook id={quoteattr(workbooks[one['workbook']])}/><project id='p'/>"
    return f"<view {known} updatedAt='2026-11-28T09:00:00Z'>{inner}</view>"
