"""A gRPC channel that shows each request as the bytes that it becomes. Using them is not done here."""

from collections.abc import Callable
from typing import Any


def watched(channel: Any, serialised: Callable[[bytes], None]) -> Any:
    """``channel``, telling ``serialised`` of every message in the thread that sends it."""
    import grpc

    class Watched(grpc.Channel):  # type: ignore[misc]  # grpc has no types
        def unary_stream(self, method: str, request_serializer: Any = None, *what: Any, **more: Any) -> Any:
            return channel.unary_stream(method, _told(request_serializer), *what, **more)

        def unary_unary(self, *what: Any, **more: Any) -> Any:
            return channel.unary_unary(*what, **more)

        def stream_unary(self, *what: Any, **more: Any) -> Any:
            return channel.stream_unary(*what, **more)

        def stream_stream(self, *what: Any, **more: Any) -> Any:
            return channel.stream_stream(*what, **more)

        def subscribe(self, *what: Any, **more: Any) -> Any:
            return channel.subscribe(*what, **more)

        def unsubscribe(self, *what: Any) -> Any:
            return channel.unsubscribe(*what)

        def close(self) -> None:
            channel.close()

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            channel.close()

    def _told(serializer: Any) -> Any:
        def serialise(message: Any) -> bytes:
            data: bytes = serializer(message)
            serialised(data)
            return data

        return serialise

    return Watched()
