"""Results as tables of pyarrow, pandas and polars, where those are installed. Nothing is imported before."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shared.errors import DriverMissing, NotAcceptable

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


def needed(package: str) -> Any:
    """A package that is not ours to bring. Raises DriverMissing."""
    try:
        return import_module(package)
    except ImportError as error:
        raise DriverMissing(
            f"This takes {package}, which is not installed here.",
            details=f"Install it with: pip install {package}",
        ) from error


class Tabular:
    """What can be a table. ``to_arrow`` is the subclass's."""

    def to_arrow(self) -> "pa.Table":
        """All rows: integers, decimals with every digit, dates, moments in UTC where they have a zone,
        JSON as text. Raises DriverMissing when pyarrow is not installed."""
        raise NotImplementedError

    def to_pandas(self) -> "pd.DataFrame":
        """The same for pandas. Whole numbers and booleans have pandas' types that know missing values;
        decimals are ``Decimal``, dates ``datetime.date``."""
        pandas = needed("pandas")
        pa = needed("pyarrow")
        types = {
            pa.int64(): pandas.Int64Dtype(),
            pa.int32(): pandas.Int32Dtype(),
            pa.int16(): pandas.Int16Dtype(),
            pa.int8(): pandas.Int8Dtype(),
            pa.uint64(): pandas.UInt64Dtype(),
            pa.uint32(): pandas.UInt32Dtype(),
            pa.uint16(): pandas.UInt16Dtype(),
            pa.uint8(): pandas.UInt8Dtype(),
            pa.bool_(): pandas.BooleanDtype(),
        }
        frame: pd.DataFrame = self.to_arrow().to_pandas(types_mapper=types.get)
        return frame

    def to_polars(self) -> "pl.DataFrame":
        """The same for polars, whose decimals have at most 38 digits, and whose columns have a name each.
        Raises NotAcceptable for more digits, and for two columns of one name."""
        polars = needed("polars")
        table = self.to_arrow()
        twice = next((name for name in table.column_names if table.column_names.count(name) > 1), None)
        if twice is not None:
            raise NotAcceptable(
                f"Several columns are called {twice!r}, which polars cannot hold.",
                details="Name them apart in the query (AS), or use to_arrow().",
            )
        frame: pl.DataFrame = polars.from_arrow(_with_narrow_decimals(table))
        return frame


def _with_narrow_decimals(table: "pa.Table") -> "pa.Table":
    pa = needed("pyarrow")
    for position, field in enumerate(table.schema):
        if pa.types.is_decimal256(field.type):
            kind = pa.decimal128(38, min(field.type.scale, 38))
            try:
                column = table.column(position).cast(kind)
            except pa.ArrowInvalid as error:
                raise NotAcceptable(
                    f"The column {field.name!r} has decimals with more digits than polars can hold.",
                    details="Cast it in the query, or use to_arrow().",
                ) from error
            table = table.set_column(position, pa.field(field.name, kind), column)
    return table
