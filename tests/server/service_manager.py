"""A service manager's ear: a datagram socket that keeps what it is told."""

import socket
import threading
from types import TracebackType


class ServiceManager:
    """``address`` is a path, or ``@name`` in the abstract namespace. Use it as a context manager."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.told: list[str] = []
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.bind("\0" + address[1:] if address.startswith("@") else address)

    def count(self, line: str) -> int:
        """How many messages had this line."""
        return sum(line in message.splitlines() for message in list(self.told))

    def status(self) -> str:
        """The last status line."""
        for message in reversed(self.told):
            for line in message.splitlines():
                if line.startswith("STATUS="):
                    return line.removeprefix("STATUS=")
        return ""

    def __enter__(self) -> "ServiceManager":
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sock.close()

    def _listen(self) -> None:
        try:
            while message := self._sock.recv(65_536):
                self.told.append(message.decode())
        except OSError:
            return
