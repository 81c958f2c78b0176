"""The session over HTTP: who is there, that they are active, how it is opened, ended and opened again."""

from collections.abc import Callable, Iterator

import bottle

from desktop.entrance import Entrance
from desktop.offer import Offers
from desktop.session import Session
from desktop.web.parts import Dialogs, Sitting
from desktop.web.replies import Body, Empty, body, encoded, json, nothing, sse, stream_of
from shared.errors import InvalidRequest, SettingsInvalid


class SignInBody(Body, frozen=True):
    """``again``: as the person whose session it is."""

    again: bool = False


class LinkBody(Body, frozen=True):
    link: str


class SessionPages:
    def __init__(
        self,
        session: Session[Sitting],
        entrance: Entrance,
        dialogs: Dialogs,
        offers: Offers,
        launch_link: Callable[[], str],
    ) -> None:
        self._session = session
        self._entrance = entrance
        self._dialogs = dialogs
        self._offers = offers
        self._launch_link = launch_link

    def show(self) -> bottle.HTTPResponse:
        """Tells nothing of anybody but the person whose session it is."""
        news, google = self._session.news, self._entrance.google
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
                "google": {
                    "available": google.available,
                    "required": google.required,
                    "domain": google.domain,
                },
            }
        )

    def active(self) -> bottle.HTTPResponse:
        """The person has done something in the window."""
        body(Empty)
        self._session.admit(bottle.request.get_header("Vmart-Session"))
        self._entrance.act()
        return nothing()

    def confirm(self) -> bottle.HTTPResponse:
        body(Empty)
        self._entrance.confirm()
        return nothing()

    def use_local(self) -> bottle.HTTPResponse:
        body(Empty)
        self._entrance.use_local()
        return nothing()

    def sign_in(self) -> bottle.HTTPResponse:
        """A stream of steps. Whoever stops reading calls it off."""
        steps = self._entrance.sign_in(again=body(SignInBody).again)

        def lines() -> Iterator[bytes]:
            try:
                for step in steps:
                    yield b": still waiting\n\n" if step.state == "still" else sse("step", encoded(step))
            finally:
                steps.close()

        return stream_of(lines())

    def call_off(self) -> bottle.HTTPResponse:
        body(Empty)
        self._entrance.call_off()
        return nothing()

    def sign_out(self) -> bottle.HTTPResponse:
        body(Empty)
        self._entrance.sign_out()
        return nothing()

    def come_forward(self) -> bottle.HTTPResponse:
        """For a second start of the program: this one's window, if it has one, in front of all others;
        otherwise a link that a browser opens it with."""
        body(Empty)
        front = self._dialogs.front
        if front is None:
            return json({"window": False, "link": self._launch_link()})
        front()
        return json({"window": True, "link": ""})

    def offer(self) -> bottle.HTTPResponse:
        """For a second start of the program that was given a link: the window shows it, and asks."""
        link = body(LinkBody).link
        try:
            self._offers.put(link)
        except SettingsInvalid as error:
            raise InvalidRequest(error.message) from error
        return nothing(202)
