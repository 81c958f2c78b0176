"""The messages between client and backend. What a handler does with them stays in server/api.

Each body is a struct; decoding is its check. Unknown keys in a request are refused, so that a
typing mistake is an error and not a silent default.

A query's answer in JSON is one object: ``query_id``, ``columns``, ``rows``, then the fields of
:class:`QueryEnd`, which are known only when the last row has left. In NDJSON the first line is a
:class:`QueryHead`, every further line is one row as a JSON array, and the last line is a
:class:`QueryEnd`. When a query fails after its first byte, the closing fields carry ``error``
(an :class:`ErrorBody`) in place of the counts; a reader that meets neither was cut off.
"""

from shared.wire.access import (
    ConnectCodeCreate,
    ConnectCodeCreated,
    ConnectRequest,
    Effective,
    Granted,
    GrantSource,
    KeyCreate,
    KeyCreated,
    KeyFetched,
    KeyInfo,
    KeyList,
    KeyRotate,
    KeyUpdate,
    RoleCreate,
    RoleInfo,
    RoleList,
    RoleUpdate,
    ShownData,
    UserCreate,
    UserInfo,
    UserList,
    UserUpdate,
)
from shared.wire.audit import AuditEntry, AuditPage, AuditVerification
from shared.wire.base import ErrorBody, Health, Readiness, Reply, Request
from shared.wire.connections import (
    ConnectionCreate,
    ConnectionInfo,
    ConnectionList,
    ConnectionTest,
    ConnectionUpdate,
    FieldInfo,
    KindInfo,
    KindList,
    PoolFigures,
)
from shared.wire.insights import Analysis, AnalyzeRequest, Effect, Insight, Recommendation, Words
from shared.wire.queries import (
    JobInfo,
    JobList,
    JobRequest,
    QueryEnd,
    QueryFailedEnd,
    QueryHead,
    QueryRequest,
)
from shared.wire.schema import ColumnInfo, FileInfo, FileList, ForeignKey, Schema, TableInfo, Unread

__all__ = [
    "Analysis",
    "AnalyzeRequest",
    "AuditEntry",
    "AuditPage",
    "AuditVerification",
    "ColumnInfo",
    "ConnectCodeCreate",
    "ConnectCodeCreated",
    "ConnectRequest",
    "ConnectionCreate",
    "ConnectionInfo",
    "ConnectionList",
    "ConnectionTest",
    "ConnectionUpdate",
    "Effect",
    "Effective",
    "ErrorBody",
    "FieldInfo",
    "FileInfo",
    "FileList",
    "ForeignKey",
    "GrantSource",
    "Granted",
    "Health",
    "Insight",
    "JobInfo",
    "JobList",
    "JobRequest",
    "KeyCreate",
    "KeyCreated",
    "KeyFetched",
    "KeyInfo",
    "KeyList",
    "KeyRotate",
    "KeyUpdate",
    "KindInfo",
    "KindList",
    "PoolFigures",
    "QueryEnd",
    "QueryFailedEnd",
    "QueryHead",
    "QueryRequest",
    "Readiness",
    "Recommendation",
    "Reply",
    "Request",
    "RoleCreate",
    "RoleInfo",
    "RoleList",
    "RoleUpdate",
    "Schema",
    "ShownData",
    "TableInfo",
    "Unread",
    "UserCreate",
    "UserInfo",
    "UserList",
    "UserUpdate",
    "Words",
]
