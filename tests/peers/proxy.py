"""A company's proxy for tests: CONNECT, with or without a name and password, always to one place."""

import base64
import socket
import threading

from tests.peers.listening import TcpPeer


class ProxyPeer(TcpPeer):
    """``leads_to`` is a port of this computer; ``answers`` a status in place of a tunnel;
    ``user`` a name and password, as ``name:password``, that it wants to see."""

    def __init__(self, leads_to: int = 0, *, answers: int = 200, user: str = "") -> None:
        super().__init__()
        self._leads_to = leads_to
        self._answers = answers
        self._user = user
        self.asked: list[str] = []
        """Of each request the first line."""
        self.place = f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self._user}@{self.place}" if self._user else f"http://{self.place}"

    def accepted(self, client: socket.socket) -> None:
        threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, caller: socket.socket) -> None:
        with caller:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = caller.recv(4096)
                if not piece:
                    return
                head += piece
            lines = head.decode("latin-1").split("\r\n")
            self.asked.append(lines[0])
            wanted = f"Basic {base64.b64encode(self._user.encode()).decode()}"
            shown = any(line.lower() == f"proxy-authorization: {wanted}".lower() for line in lines)
            status = 407 if self._user and not shown else self._answers
            caller.sendall(f"HTTP/1.1 {status} Said\r\n\r\n".encode())
            if status == 200:
                with socket.create_connection(("127.0.0.1", self._leads_to)) as there:
                    back = threading.Thread(target=_pour, args=(there, caller), daemon=True)
                    back.start()
                    _pour(caller, there)
                    back.join(30)


def _pour(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
