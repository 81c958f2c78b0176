"""Tables and columns of a connection over HTTP."""

from server.api.call import Call, Whole


async def show(call: Call, _body: None) -> Whole:
    name = call.note.connection = call.path["name"]
    fresh = call.query.get("fresh") == "true"
    return Whole("application/json", {}, await call.backend.schemas.get(name, fresh=fresh))
