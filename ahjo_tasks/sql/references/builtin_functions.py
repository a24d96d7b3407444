"""Functions that databases bring themselves, and what extensions of PostgreSQL bring."""

from __future__ import annotations

from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, Syntax
from ahjo_tasks.sql.references.tokens import word_set

_COMMON = word_set(
    "abs acos asin atan atan2 ascii avg ceil ceiling char_length character_length coalesce concat concat_ws cos "
    "cot count cume_dist current_date current_time current_timestamp current_user degrees dense_rank exp extract "
    "first_value floor format greatest lag last_value lead least left length ln log log10 lower lpad ltrim max "
    "md5 min mod now nth_value ntile nullif percent_rank pi position pow power radians rank repeat replace "
    "reverse right round row_number rpad rtrim sign sin sqrt substring sum tan trim upper user version"
)
_POSTGRESQL = word_set(
    "age array_agg array_length array_to_string bit_and bit_or bool_and bool_or btrim cardinality chr "
    "clock_timestamp date_part date_trunc decode encode every gen_random_uuid generate_series initcap json_agg "
    "jsonb_agg json_build_object jsonb_build_object jsonb_set make_date mode overlay quote_ident quote_literal "
    "random regexp_match regexp_replace split_part string_agg strpos substr timezone to_char to_date to_json "
    "to_jsonb to_number to_timestamp translate trunc unnest xmlagg day month year date time"
)
_MYSQL = word_set(
    "adddate addtime aes_decrypt aes_encrypt any_value bin bit_and bit_length bit_or cast char compress conv "
    "convert convert_tz crc32 curdate curtime database date date_add date_format date_sub datediff day dayname "
    "dayofmonth dayofweek dayofyear default elt export_set field find_in_set found_rows from_base64 from_days "
    "from_unixtime get_lock group_concat hex hour if ifnull inet_aton inet_ntoa insert instr isnull json_array "
    "json_arrayagg json_extract json_object json_objectagg json_value last_day last_insert_id lcase load_file "
    "localtime locate log2 makedate maketime microsecond mid minute month monthname oct octet_length ord "
    "period_add period_diff quarter quote rand release_lock row_count schema sec_to_time second session_user sha "
    "sha1 sha2 sleep soundex space std stddev str_to_date strcmp subdate substr substring_index subtime sysdate "
    "system_user time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_base64 to_days "
    "to_seconds truncate ucase unhex unix_timestamp utc_date utc_time utc_timestamp uuid values variance week "
    "weekday weekofyear year yearweek"
)
BUILTIN_FUNCTIONS: dict[Syntax, frozenset[str]] = {
    POSTGRESQL: _COMMON | _POSTGRESQL,
    MYSQL: _COMMON | _MYSQL,
}
"""By dialect. MySQL means its own function by such a name; PostgreSQL the one whose parameters fit best."""
_POSTGRESQL_TYPES = word_set(
    "bigint bigserial bit bool boolean box bpchar bytea char character cid cidr circle cstring date daterange "
    "datemultirange decimal double float float4 float8 inet int int2 int4 int8 int4range int8range int4multirange "
    "int8multirange integer internal interval json jsonb jsonpath line lseg macaddr macaddr8 money name national nchar "
    "numeric nummultirange numrange oid oidvector path point polygon real record refcursor regclass regcollation "
    "regconfig regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype serial smallint "
    "smallserial text tid time timestamp timestamptz timetz trigger tsmultirange tsquery tsrange tstzmultirange "
    "tstzrange tsvector txid_snapshot uuid varbit varchar void xid xid8 xml event_trigger anyelement anyarray anyenum "
    "anynonarray anyrange anycompatible anycompatiblearray language_handler fdw_handler"
)
_MSSQL_TYPES = word_set(
    "bigint binary bit char character cursor date datetime datetime2 datetimeoffset dec decimal float "
    "geography geometry hierarchyid image int integer money national nchar ntext numeric nvarchar real rowversion "
    "smalldatetime smallint smallmoney sql_variant sysname table text time timestamp tinyint uniqueidentifier "
    "varbinary varchar xml"
)
BUILTIN_TYPES: dict[Syntax, frozenset[str]] = {POSTGRESQL: _POSTGRESQL_TYPES, MSSQL: _MSSQL_TYPES}
"""Types that the database means by a name without a schema, whatever the project calls so.

Those that only new versions of SQL Server have, `json` and `vector`, may be a project's own on older ones.
"""
EXTENSION_OBJECTS: dict[str, frozenset[str]] = {
    name: word_set(words)
    for name, words in {
        "autoinc": "autoinc",
        "btree_gist": "gist_int4_ops gist_text_ops gist_timestamp_ops gist_date_ops gist_uuid_ops",
        "citext": "citext citext_pattern_ops",
        "cube": "cube cube_dim cube_distance cube_enlarge cube_inter cube_is_point cube_ll_coord cube_size cube_subset "
        "cube_union cube_ur_coord",
        "dblink": "dblink dblink_build_sql_insert dblink_cancel_query dblink_close dblink_connect dblink_connect_u "
        "dblink_disconnect dblink_exec dblink_fdw dblink_fetch dblink_get_connections dblink_get_result dblink_is_busy "
        "dblink_open dblink_send_query",
        "dict_int": "intdict intdict_template",
        "dict_xsyn": "xsyn xsyn_template",
        "earthdistance": "earth earth_box earth_distance gc_to_sec latitude ll_to_earth longitude sec_to_gc",
        "fuzzystrmatch": "daitch_mokotoff difference dmetaphone dmetaphone_alt levenshtein levenshtein_less_equal "
        "metaphone soundex",
        "hstore": "akeys avals defined each hstore hstore_to_json hstore_to_json_loose hstore_to_jsonb "
        "hstore_to_jsonb_loose isdefined isexists skeys slice svals",
        "insert_username": "insert_username",
        "intagg": "int_array_aggregate int_array_enum",
        "intarray": "gin__int_ops gist__int_ops gist__intbig_ops icount idx intset query_int sort sort_asc sort_desc "
        "subarray uniq",
        "isn": "ean13 is_valid isbn isbn13 isn_weak ismn ismn13 issn issn13 make_valid upc",
        "lo": "lo lo_manage lo_oid",
        "ltree": "gist_ltree_ops lca lquery ltree ltree2text ltxtquery nlevel subltree subpath text2ltree",
        "moddatetime": "moddatetime",
        "pg_buffercache": "pg_buffercache",
        "pg_stat_statements": "pg_stat_statements pg_stat_statements_info pg_stat_statements_reset",
        "pg_trgm": "gin_trgm_ops gist_trgm_ops set_limit show_limit show_trgm similarity strict_word_similarity "
        "word_similarity",
        "pgcrypto": "armor crypt dearmor decrypt decrypt_iv digest encrypt encrypt_iv gen_random_bytes gen_salt hmac "
        "pgp_key_id pgp_pub_decrypt pgp_pub_encrypt pgp_sym_decrypt pgp_sym_encrypt",
        "pgstattuple": "pg_relpages pgstatindex pgstattuple pgstattuple_approx",
        "postgis": "addgeometrycolumn box2d box3d geography geometry geometry_columns gist_geometry_ops_2d "
        "gist_geometry_ops_nd spatial_ref_sys st_area st_asgeojson st_buffer st_contains st_distance st_dwithin "
        "st_geomfromtext st_intersection st_intersects st_length st_makepoint st_point st_setsrid st_transform "
        "st_union st_within st_x st_y",
        "refint": "check_foreign_key check_primary_key",
        "seg": "seg seg_center seg_lower seg_size seg_upper",
        "sslinfo": "ssl_cipher ssl_client_cert_present ssl_client_dn ssl_client_serial ssl_is_used ssl_version",
        "tablefunc": "connectby crosstab crosstab2 crosstab3 crosstab4 normal_rand tablefunc_crosstab_2 "
        "tablefunc_crosstab_3 tablefunc_crosstab_4",
        "tcn": "triggered_change_notification",
        "timescaledb": "add_continuous_aggregate_policy add_retention_policy create_hypertable time_bucket "
        "time_bucket_gapfill",
        "tsm_system_rows": "system_rows",
        "tsm_system_time": "system_time",
        "unaccent": "unaccent",
        "uuid-ossp": "uuid_generate_v1 uuid_generate_v1mc uuid_generate_v3 uuid_generate_v4 uuid_generate_v5 uuid_nil "
        "uuid_ns_dns uuid_ns_oid uuid_ns_url uuid_ns_x500",
        "vector": "cosine_distance halfvec halfvec_cosine_ops hnsw inner_product ivfflat l2_distance sparsevec vector "
        "vector_cosine_ops vector_ip_ops vector_l2_ops",
        "xml2": "xml_valid xpath_bool xpath_list xpath_nodeset xpath_number xpath_string xpath_table xslt_process",
    }.items()
}
"""Types, functions, operator classes and the like that a project may name, by extension."""
EXTENSION_OPERATORS: dict[str, frozenset[str]] = {
    name: word_set(symbols)
    for name, symbols in {
        "cube": "~>",
        "earthdistance": "<@>",
        "hstore": "#= %% %#",
        "ltree": "^<@ ^@> ^~ ^? ?@> ?<@ ?~ ?@",
        "pg_trgm": "%> %>> <% <<% <->> <<-> <->>> <<<->",
        "vector": "<#> <=> <+>",
    }.items()
}
"""Their operators that the database itself does not have."""
