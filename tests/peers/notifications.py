"""A desktop's notification service (org.freedesktop.Notifications) on a private session bus."""

import asyncio
import os
import shutil
import subprocess
import threading
from types import TracebackType
from typing import Annotated, Any

import pytest
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusDict, DBusInt32, DBusSignature, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method, dbus_signal

_NAME, _PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"


class Notification:
    """What a program had shown."""

    def __init__(self, number: int, app: str, title: str, text: str, actions: list[str]) -> None:
        self.number, self.app, self.title, self.text, self.actions = number, app, title, text, actions


class NotificationsPeer:
    """Use ``with``. ``address`` goes into DBUS_SESSION_BUS_ADDRESS; ``click`` is what a person does."""

    def __init__(self) -> None:
        if shutil.which("dbus-daemon") is None:
            if os.environ.get("CI") == "true":
                pytest.fail("There is no dbus-daemon on PATH; notifications are not tested without.")
            pytest.skip("NO DBUS-DAEMON ON PATH: notifications are NOT tested on this machine.")
        self.shown: list[Notification] = []
        self.arrived = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "NotificationsPeer":
        command = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
        self._bus = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._bus.stdout is not None
        self.address = self._bus.stdout.readline().strip()
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._connection.disconnect)
        self._bus.terminate()
        self._bus.wait(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def click(self, notification: Notification) -> None:
        self._loop.call_soon_threadsafe(self._service.action_invoked, notification.number, "default")

    async def _serve(self) -> None:
        self._connection = await MessageBus(bus_address=self.address).connect()
        self._service = _Service(self)
        self._connection.export(_PATH, self._service)
        await self._connection.request_name(_NAME)


_Texts = Annotated[list[str], DBusSignature("as")]
_FourTexts = Annotated[list[str], DBusSignature("ssss")]
_NumberAndText = Annotated[list[Any], DBusSignature("us")]


class _Service(ServiceInterface):
    def __init__(self, peer: NotificationsPeer) -> None:
        super().__init__(_NAME)
        self._peer = peer

    @dbus_method(name="Notify")
    def notify(
        self,
        app: DBusStr,
        replaces: DBusUInt32,
        icon: DBusStr,
        title: DBusStr,
        text: DBusStr,
        actions: _Texts,
        hints: DBusDict,
        timeout: DBusInt32,
    ) -> DBusUInt32:
        number = len(self._peer.shown) + 1
        self._peer.shown.append(Notification(number, app, title, text, list(actions)))
        self._peer.arrived.set()
        return number

    @dbus_method(name="GetCapabilities")
    def capabilities(self) -> _Texts:
        return ["body", "body-markup", "actions"]

    @dbus_method(name="GetServerInformation")
    def information(self) -> _FourTexts:
        return ["peer", "vmart", "1", "1.2"]

    @dbus_method(name="CloseNotification")
    def close(self, number: DBusUInt32) -> None:
        return

    @dbus_signal(name="ActionInvoked")
    def action_invoked(self, number: int, action: str) -> _NumberAndText:
        return [number, action]
