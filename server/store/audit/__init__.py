"""The audit trail: one line a call, in one chain that shows every change. A line holds no secret and no
cell value.

A line is in a file of its process before the answer leaves (spool), and soon after in the state, in batches
(trail), where each line is sealed together with the one before it (chain).
"""

from server.store.audit.line import AuditLine
from server.store.audit.trail import AuditTrail, open_trail

__all__ = ["AuditLine", "AuditTrail", "open_trail"]
