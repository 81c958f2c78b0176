"""Names and texts written into SQL."""


def literal(value: object) -> str:
    """As a text in quotes."""
    return "'" + str(value).replace("'", "''") + "'"


def name(text: str) -> str:
    """As an identifier in quotes."""
    return '"' + text.replace('"', '""') + '"'


def path(table: str) -> str:
    """``hr.staff`` as an identifier in quotes, part by part."""
    return ".".join(name(part) for part in table.split("."))
