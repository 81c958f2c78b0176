"""Long queries through the client: submitted, waited for, their results read or saved."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec
import requests

from shared.backend_client.answers import decode
from shared.backend_client.arrow_stream import ArrowStream, open_arrow
from shared.backend_client.downloads import save
from shared.backend_client.failures import from_envelope
from shared.backend_client.http import PartReader, Transport
from shared.backend_client.pages import every_page
from shared.backend_client.progress import Progress, Watch
from shared.backend_client.questions import ParamValue, query_request
from shared.backend_client.retry import Failure
from shared.backend_client.stream import StreamedResult, open_stream
from shared.errors import BackendTimeoutError, InvalidRequest, NotFound, QueryCancelled
from shared.wire import JobInfo, JobList, JobRequest

_FIRST_LOOK_SECONDS, _LAST_LOOK_SECONDS = 0.1, 2.0
_MOST_RESUMES = 5


class Job:
    """One job. ``info`` is what the backend last said of it."""

    def __init__(self, client: "Jobs", info: JobInfo) -> None:
        self._client = client
        self.info = info

    @property
    def id(self) -> str:
        return self.info.id

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.info.state}>"

    def refresh(self) -> JobInfo:
        """Asks how it is. Raises NotFound when it has expired or was deleted."""
        self.info = self._client.get_job(self.id).info
        return self.info

    def wait(self, timeout: float | None = None, progress: Watch | None = None) -> JobInfo:
        """Until it is done. Raises what the query failed with, QueryCancelled, or BackendTimeoutError
        after ``timeout`` seconds; the job then goes on."""
        end = None if timeout is None else time.monotonic() + timeout
        pause = _FIRST_LOOK_SECONDS
        while True:
            info = self.refresh()
            if progress is not None:
                progress(Progress(info.rows, info.bytes, info.percent))
            if info.state == "done":
                return info
            if info.state == "cancelled":
                raise QueryCancelled("The job was cancelled.")
            if info.error is not None:
                raise from_envelope(info.error)
            if end is not None and time.monotonic() + pause > end:
                raise BackendTimeoutError(f"The job is still {info.state} after {timeout:g} seconds.")
            self._client._pause(pause)
            pause = min(pause * 1.5, _LAST_LOOK_SECONDS)

    def result(self) -> StreamedResult | ArrowStream:
        """Its rows, while and after they are written: of the formats ndjson and arrow."""
        if self.info.format not in ("ndjson", "arrow"):
            raise InvalidRequest(f"A result in {self.info.format} is a file: call job.download(path).")
        return self._client._job_result(self.info)

    def download(self, path: Path | str, progress: Watch | None = None) -> Path:
        """Waits for it, and saves its result as a file that is whole or not there; goes on where a broken
        line left off."""
        self.wait()
        return self._client._save_job(self.info, Path(path), progress)

    def cancel(self) -> None:
        """Stops it inside the source. From any thread; no harm when it is finished."""
        if not _is_final(self.refresh()):
            self._client._remove_job(self.id)

    def delete(self) -> None:
        """Stops it, and deletes it with its result."""
        self.cancel()
        self._client._remove_job(self.id)


class Jobs:
    """The part of BackendClient for jobs; BackendClient holds what this needs."""

    _transport: Transport
    _timeout: float

    def submit_job(
        self,
        connection: str,
        query: str,
        *,
        format: str = "ndjson",  # noqa: A002 - the word of the API
        params: Mapping[str, ParamValue] | None = None,
        max_rows: int | None = None,
        timeout_seconds: float | None = None,
        query_id: str | None = None,
    ) -> Job:
        """Has the backend run a query for which nobody has to wait. ``format`` is json, ndjson, csv, arrow,
        parquet or xlsx. Without ``max_rows`` it is all that this key may have. Raises an AppError."""
        asked = query_request(connection, query, params, max_rows, timeout_seconds, query_id)
        request = JobRequest(**msgspec.structs.asdict(asked), format=format)
        body = self._transport.ask("POST", "/api/jobs", msgspec.json.encode(request), repeatable=False)
        return Job(self, decode(body, JobInfo))

    def get_job(self, job_id: str) -> Job:
        """Raises NotFound."""
        path = f"/api/jobs/{quote(job_id, safe='')}"
        return Job(self, decode(self._transport.ask("GET", path, repeatable=True), JobInfo))

    def list_jobs(
        self, *, state: str | None = None, search: str | None = None, limit: int | None = None
    ) -> list[Job]:
        """This key's own, the youngest first; everybody's for an administrator. ``state`` is ``queued``,
        ``running``, ``done``, ``failed`` or ``cancelled``; ``search`` a text in the id, the connection or the
        SQL. All of them, or the first ``limit``."""
        filters = {"state": state, "search": search}
        pages = every_page(self._transport, "/api/jobs", JobList, limit, filters)
        return [Job(self, info) for page in pages for info in page.jobs][:limit]

    def _job_result(self, info: JobInfo) -> StreamedResult | ArrowStream:
        answer = self._open_result(info, 0)
        parts = PartReader(answer, host=self._transport.host, patience_seconds=self._timeout)
        if info.format == "arrow":
            return open_arrow(parts, answer.close, cancel=self._remove_job, watch=None)
        return open_stream(parts, answer.close, cancel=self._remove_job)

    def _save_job(self, info: JobInfo, path: Path, watch: Watch | None) -> Path:
        return save(self._whole_result(info), path, info.format, watch)

    def _remove_job(self, job_id: str) -> None:
        """Stops it when it is not finished, deletes it otherwise. No harm when it is gone."""
        try:
            self._transport.ask("DELETE", f"/api/jobs/{quote(job_id, safe='')}", repeatable=True)
        except NotFound:
            return

    def _pause(self, seconds: float) -> None:
        """Ends early when the client is closed."""
        self._transport.pause(seconds)

    def _open_result(self, info: JobInfo, begin: int) -> requests.Response:
        return self._transport.open(
            "GET",
            f"/api/jobs/{quote(info.id, safe='')}/result",
            None,
            accept="*/*",
            patience_seconds=self._timeout,
            headers={"Range": f"bytes={begin}-", "Accept-Encoding": "identity"} if begin else None,
        )

    def _whole_result(self, info: JobInfo) -> Iterator[bytes]:
        """Asks for the rest when the line breaks."""
        at = resumes = 0
        while True:
            answer = self._open_result(info, at)
            try:
                if at and answer.status_code != 206:
                    raise NotFound("The rest of the result is not there any more.")
                for part in PartReader(answer, host=self._transport.host, patience_seconds=self._timeout):
                    at += len(part)
                    yield part
            except Failure:
                resumes += 1
                if resumes > _MOST_RESUMES or not info.bytes:
                    raise
            else:
                return
            finally:
                answer.close()


def _is_final(info: JobInfo) -> bool:
    return info.state not in ("queued", "running")
