"""Functions that databases bring themselves and that a project's own objects may be called like."""

from __future__ import annotations

from ahjo_tasks.sql.lexer import MYSQL, POSTGRESQL, Syntax
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
