"""The session over HTTP: who is there, that they are active, and how it is opened again."""

import bottle

from desktop.offer import Offers
from desktop.people import LOCAL
from desktop.session import Session
from desktop.web.parts import Dialogs, Sitting
from desktop.web.replies import Body, Empty, body, json, nothing
from shared.errors import SessionOver


class LinkBody(Body, frozen=True):
    link: str


class SessionPages:
    def __init__(self, session: Session[Sitting], dialogs: Dialogs, offers: Offers) -> None:
        self._session = session
        self._dialogs = dialogs
        self._offers = offers

    def show(self) -> bottle.HTTPResponse:
        """Tells nothing of anybody but the person whose session it is."""
        news = self._session.news
        person = news.person
        return json(
            {
                "state": news.state,
                "id": news.id if news.state == "open" else "",
                "why": news.why,
                "person": {"kind": person.kind, "name": person.name, "email": person.email}
                if person
                else None,
                "timeout_seconds": self._session.timeout_seconds,
            }
        )

    def active(self) -> bottle.HTTPResponse:
        """The person has done something in the window."""
        body(Empty)
        self._session.admit(bottle.request.get_header("Vmart-Session"))
        self._session.act()
        return nothing()

    def confirm(self) -> bottle.HTTPResponse:
        """For a local profile, who has nothing to sign in with."""
        body(Empty)
        if self._session.news.person != LOCAL:
            raise SessionOver("Sign in to go on.")
        self._session.enter(LOCAL)
        return nothing()

    def come_forward(self) -> bottle.HTTPResponse:
        """For a second start of the program: this one's window, if it has one, in front of all others."""
        body(Empty)
        front = self._dialogs.front
        if front is not None:
            front()
        return json({"window": front is not None})

    def offer(self) -> bottle.HTTPResponse:
        """For a second start of the program that was given a link: the window shows it, and asks."""
        self._offers.put(body(LinkBody).link)
        return nothing(202)
