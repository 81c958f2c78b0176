"""Writes the function lists of shared/sql/*.toml from the engines' own catalogues.

``python -m tests.server.sql_functions duckdb`` prints the list for the DuckDB that is installed,
``… clickhouse`` that for the ClickHouse in chdb, ``… postgres HOST PORT USER PASSWORD`` that of a
running server. The rule for a function: every overload of its name only computes from its arguments. What a
name says about its danger is below, each with its reason; a test compares the lists with the engines.
"""

import re
import sys
import textwrap

import duckdb
import pg8000.native

_DUCKDB_REFUSED = re.compile(
    r"""
      current_(connection_id|database|query|query_id|role|schemas?|setting|transaction_id)  # the machinery
    | getvariable | in_search_path | txid_current | version | write_log | parse_duckdb_log_message
    | inet_.* | has_.*_privilege | pg_(?!typeof|size_pretty).* | .*_description | map_to_pg_oid
    | format_pg_type | get_block_size | stats | vector_type | error | sleep_ms | add_parquet_key
    | currval | nextval | setval | setseed | is_histogram_other_bin | .*byte_comparable
    | combine | combine_aggr | finalize | to_aggregate_state       # would deserialise bytes of the caller's
    | variant_bytes_to_variant | variant_to_parquet_variant | variant_comparator | variant_normalize
    | json_(de)?serialize_(sql|plan) | json_copy_.* | (icu_)?collate_.* | st_.* | vertex_extract
    | assert_true | create_sort_key | index_key | lttb | cast_to_type | make_type | replace_type
    | can_cast_implicitly
    """,
    re.VERBOSE,
)

_POSTGRES_REFUSED = re.compile(
    r"""
      pg_(?!typeof$|size_pretty$|size_bytes$|collation_for$|input_is_valid$).*      # the server itself
    | txid_.* | xid.* | tid.* | oid.* | acl.* | makeaclitem | has_.*_privilege | row_security_active
    | .*_to_xml(schema|_and_xmlschema)? | xmlvalidate                       # run a query given as text
    | current_setting | getdatabaseencoding | getpgusername | inet_(client|server)_.* | system_user
    | to_reg.* | querytree | ts_(debug|lexize|parse|token_type|stat|rewrite) | satisfies_hash_partition
    | postgresql_fdw_validator | col_description | shobj_description | icu_unicode_version
    | get_current_ts_config | (brin|gin|gist|spg|hash|bt|gts|in_range|network).*
    """,
    re.VERBOSE,
)

_POSTGRES_NAMES = r"""
with inner_works as (
  select oprcode::oid as id from pg_operator union select oprrest::oid from pg_operator
  union select oprjoin::oid from pg_operator union select amproc::oid from pg_amproc
  union select conproc::oid from pg_conversion
  union select unnest(array[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn,
                            aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[]) from pg_aggregate
  union select unnest(array[typinput, typoutput, typreceive, typsend, typmodin, typmodout]::oid[])
        from pg_type
  union select rngcanonical::oid from pg_range union select rngsubdiff::oid from pg_range)
select proname from pg_proc
where pronamespace = 'pg_catalog'::regnamespace
group by proname
having bool_and(provolatile <> 'v' and prokind in ('f', 'a', 'w'))
   and bool_and(not prorettype = any ('{internal,cstring,trigger,event_trigger,void,fdw_handler}'::regtype[]))
   and bool_and(not exists (select from unnest(proargtypes) as argument
                            where argument in ('internal'::regtype, 'cstring'::regtype)))
   and not bool_and(pg_proc.oid in (select id from inner_works))
order by proname
"""

_POSTGRES_WANTED = {
    # Volatile, yet they only compute.
    *("random", "random_normal", "gen_random_uuid", "clock_timestamp", "statement_timestamp", "timeofday"),
    # What an operator calls, yet people write it as a function.
    *("starts_with", "mod", "div", "power", "round", "trunc", "position", "btrim"),
    *("array_append", "array_prepend", "array_cat"),
    # What a pattern above catches by accident.
    *("left", "right", "min", "max", "bit_and", "bit_or", "date_bin", "to_bin", "sin", "asin"),
}


CLICKHOUSE_REFUSED = re.compile(
    r"""
      (global)?(not)?(null)?in(ignoreset)?               # in(x, 'table') reads a table
    | joinget.* | dictget.* | dicthas | dictis.* | region.* | .*dictionary.* | hascolumnintable | getsubcolumn
    | .*eval(uate)?(ml.*)? | catboost.* | naivebayes.* | ai.* | stem | lemmatize | synonyms | detect.*
    | file | filesystem.* | structureto.* | showcertificate | sleep.* | trap | logtrace | throwif | aggthrow
    | (current|initial)?_?query_?id | initial_?query.* | .*connection_?id | transaction.* | generateserialid
    | get(setting|settingordefault|macro|serverport|serversetting|oskernelversion|mergetreesetting)
    | getclienthttpheader | current(handler|requesturl) | globalvariable | getmaxtable.* | shard(num|count)
    | host_?name | fqdn.* | fullhostname | displayname | tcpport | server(uuid|timezone) | buildid | uptime
    | revision | version | zookeeper.* | .*keeper.* | tid | errorcodetoname | addressto.* | demangle | chdb
    | current_?(profiles|roles|schemas|user|database) | (default|enabled)(profiles|roles) | schema | database
    | user | authuser | session_user | authenticateduser | initial_?user | hasthreadfuzzer
    | runningconcurrency
    | block(number|serializedsize|size) | mergetree.* | ismergetree.* | pg_?(get|table).* | rowpolicy.* | _.*
    | ignore | indexhint | replicate | fuzz.* | flamegraph | formatquery.* | formatrow.* | obfuscate.*
    | hypothesis.* | nothing.* | estimatecompressionratio | initializeaggregation | kqlparametercast
    | timeseries(store|throw).* | readwkb.* | st_.* | mvt.*
    """,
    re.VERBOSE,
)
"""Lower case: what reads tables by name, files, dictionaries; what shows, leaves or stalls the server."""


def duckdb_functions() -> list[str]:
    rows = duckdb.connect().execute(
        "select distinct lower(function_name) from duckdb_functions()"
        " where function_type in ('scalar', 'aggregate', 'macro', 'window')"
    )
    names = {name for (name,) in rows.fetchall() if re.fullmatch(r"[a-z][a-z0-9_]*", name)}
    return sorted(name for name in names if not _DUCKDB_REFUSED.fullmatch(name))


def clickhouse_functions() -> list[str]:
    import chdb  # here, for it complains when the process ends

    sql = "SELECT DISTINCT lower(name) FROM system.functions WHERE origin = 'System'"
    text = str(chdb.query(sql, "TSV"))  # type: ignore[no-untyped-call]
    return sorted(harmless_in_clickhouse(set(text.split())))


def harmless_in_clickhouse(names: set[str]) -> set[str]:
    """Of the names in lower case."""
    plain = {name for name in names if re.fullmatch(r"[a-z][a-z0-9_]*", name)}
    return {name for name in plain if not CLICKHOUSE_REFUSED.fullmatch(name)}


def postgres_functions(connection: pg8000.native.Connection) -> list[str]:
    names = {name for (name,) in connection.run(_POSTGRES_NAMES)}
    known = {name for (name,) in connection.run("select distinct proname from pg_proc")}
    kept = {name for name in names if not _POSTGRES_REFUSED.fullmatch(name)}
    return sorted(kept | (known & _POSTGRES_WANTED))


def main() -> None:
    match sys.argv[1:]:
        case ["duckdb"]:
            names = duckdb_functions()
        case ["clickhouse"]:
            names = clickhouse_functions()
        case ["postgres", host, port, user, password]:
            names = postgres_functions(
                pg8000.native.Connection(user, host=host, port=int(port), password=password)
            )
        case _:
            raise SystemExit(__doc__)
    print("\n".join(textwrap.wrap(" ".join(names), 108)))


if __name__ == "__main__":
    main()
