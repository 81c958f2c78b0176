"""Every address of the window's server, on one page. The door stands before all of them."""

from collections.abc import Callable
from typing import Any

import bottle

from desktop.web.asking import Asking
from desktop.web.configuration import ConfigurationPages
from desktop.web.conversations import ConversationPages
from desktop.web.diagnostics import DiagnosticsPages
from desktop.web.door import envelope
from desktop.web.figures import FigurePages
from desktop.web.files import FilePages
from desktop.web.front import FrontPage
from desktop.web.pages import Pages
from desktop.web.parts import Parts
from desktop.web.results import ResultPages
from desktop.web.saving import SavePage
from desktop.web.sent import SentPages
from desktop.web.session import SessionPages
from desktop.web.setup import SetupPages
from desktop.web.sheets import SheetPages
from desktop.web.state import StatePages
from desktop.web.tasks import TaskPages
from shared.errors import AppError, MethodNotAllowed, NotFound

Handler = Callable[..., bottle.HTTPResponse]
Routes = list[tuple[str, str, Handler]]


def outside(pages: Pages, session: SessionPages) -> bottle.Bottle:
    """What is there whoever uses the program: the window's files, which hold nothing of anybody's, and the
    way in."""
    return _application(
        [
            ("GET", "/", pages.index),
            ("GET", "/favicon.ico", pages.icon),
            ("GET", "/vendor/vega.js", pages.vega),
            ("GET", "/<path:re:(?:css|js|icons)/.+>", pages.file),
            ("GET", "/api/session", session.show),
            ("POST", "/api/session/active", session.active),
            ("POST", "/api/session/confirm", session.confirm),
            ("POST", "/api/session/local", session.use_local),
            ("POST", "/api/session/google", session.sign_in),
            ("DELETE", "/api/session/google", session.call_off),
            ("DELETE", "/api/session", session.sign_out),
            ("POST", "/api/window/front", session.come_forward),
            ("POST", "/api/window/link", session.offer),
        ]
    )


def personal(parts: Parts) -> bottle.Bottle:
    """What belongs to one person. The gate stands before all of it."""
    asking, conversations, results = Asking(parts), ConversationPages(parts), ResultPages(parts)
    state, setup, tasks = StatePages(parts), SetupPages(parts), TaskPages(parts)
    sent, files, sheets = SentPages(parts), FilePages(parts), SheetPages(parts)
    configuration, diagnostics = ConfigurationPages(parts), DiagnosticsPages(parts)
    routes: Routes = [
        ("GET", "/api/state", state.show),
        ("GET", "/api/events", state.events),
        ("PUT", "/api/front", FrontPage(parts.front).tell),
        ("PUT", "/api/settings", state.change_settings),
        ("DELETE", "/api/notice", state.forget_notice),
        ("GET", "/api/config", configuration.show),
        ("PUT", "/api/config", configuration.change),
        ("GET", "/api/figures", FigurePages(parts).show),
        ("POST", "/api/diagnostics", diagnostics.make),
        ("GET", "/api/diagnostics/file", diagnostics.file),
        ("POST", "/api/backend/look", state.look_again),
        ("POST", "/api/backend/demo", setup.use_demo),
        ("POST", "/api/backend/connect", setup.connect),
        ("DELETE", "/api/backend/offer", setup.drop_offer),
        ("PUT", "/api/autostart", setup.set_autostart),
        ("POST", "/api/save", SavePage(parts).save),
        ("GET", "/api/schema", state.schema),
        ("GET", "/api/starters", state.starters),
        ("GET", "/api/meter", sent.meter),
        ("GET", "/api/sent", sent.list),
        ("DELETE", "/api/sent/texts", sent.forget_texts),
        ("GET", "/api/sent/<body_id>", sent.text),
        ("PUT", "/api/draft", conversations.keep_draft),
        ("GET", "/api/conversations", conversations.list),
        ("POST", "/api/conversations", conversations.create),
        ("GET", "/api/conversations/<conversation_id>", conversations.show),
        ("PATCH", "/api/conversations/<conversation_id>", conversations.change),
        ("DELETE", "/api/conversations/<conversation_id>", conversations.delete),
        ("POST", "/api/conversations/<conversation_id>/restore", conversations.restore),
        ("GET", "/api/conversations/<conversation_id>/export", conversations.export),
        ("POST", "/api/ask", asking.ask),
        ("GET", "/api/turns/<turn_id>/events", asking.watch),
        ("POST", "/api/turns/<turn_id>/stop", asking.stop),
        ("POST", "/api/turns/<turn_id>/again", asking.again),
        ("PUT", "/api/turns/<turn_id>/rating", asking.rate),
        ("POST", "/api/approvals/<approval_id>", asking.approve),
        ("POST", "/api/notifications/try", tasks.try_notification),
        ("GET", "/api/tasks", tasks.list),
        ("POST", "/api/tasks", tasks.create),
        ("POST", "/api/tasks/preview", tasks.preview),
        ("POST", "/api/tasks/late/seen", tasks.put_away),
        ("PUT", "/api/tasks/<task_id>", tasks.change),
        ("PATCH", "/api/tasks/<task_id>", tasks.enable),
        ("DELETE", "/api/tasks/<task_id>", tasks.delete),
        ("POST", "/api/tasks/<task_id>/restore", tasks.restore),
        ("POST", "/api/tasks/<task_id>/run", tasks.run),
        ("POST", "/api/tasks/<task_id>/stop", tasks.stop),
        ("GET", "/api/tasks/<task_id>/runs", tasks.history),
        ("GET", "/api/grants", files.grants),
        ("POST", "/api/grants", files.grant),
        ("POST", "/api/grants/choose", files.choose),
        ("DELETE", "/api/grants/<grant_id>", files.revoke),
        ("POST", "/api/grants/<grant_id>/restore", files.restore),
        ("GET", "/api/files", files.listing),
        ("GET", "/api/files/document", files.document),
        ("GET", "/api/files/search", files.search),
        ("POST", "/api/files/open", files.open),
        ("POST", "/api/files/remove", files.remove_dropped),
        ("POST", "/api/files/removed/<removal>/restore", files.bring_back),
        ("POST", "/api/files/written/<written>/undo", files.undo),
        ("POST", "/api/uploads", files.begin_upload),
        ("PUT", "/api/uploads/<upload_id>", files.add_to_upload),
        ("POST", "/api/uploads/<upload_id>/finish", files.finish_upload),
        ("DELETE", "/api/uploads/<upload_id>", files.cancel_upload),
        ("GET", "/api/sheets", sheets.list),
        ("POST", "/api/sheets/open", sheets.open),
        ("PUT", "/api/sheets/correction", sheets.correct),
        ("PUT", "/api/sheets/hidden", sheets.take_hidden),
        ("POST", "/api/sheets/forget", sheets.forget),
        ("GET", "/api/results/<result_id>", results.rows),
        ("GET", "/api/results/<result_id>/receipt", results.receipt),
        ("GET", "/api/results/<result_id>/export", results.export),
        ("POST", "/api/results/<result_id>/rerun", results.rerun),
        ("POST", "/api/results/<result_id>/verify", results.verify),
    ]
    return _application(routes)


def _application(routes: Routes) -> bottle.Bottle:
    app = bottle.Bottle()
    app.config["catchall"] = False  # failures belong to the door
    for method, path, handler in routes:
        app.route(path, method, handler)
    app.default_error_handler = _not_routed
    return app


def _not_routed(response: Any) -> bottle.HTTPResponse:
    """Bottle's own refusals, in our envelope."""
    error: AppError = NotFound("There is no such page.")
    if response.status_code == 405:
        error = MethodNotAllowed("This address does not take that method.")
    status, headers, body = envelope(error)
    bottle.response.status = status
    bottle.response.headers.clear()
    for name, value in headers:
        bottle.response.set_header(name, value)
    return body
