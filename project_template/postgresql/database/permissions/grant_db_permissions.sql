-- Run by grant-db-permissions, after the roles are there.

-- GRANT USAGE ON SCHEMA public TO "$(reader_role)";
-- GRANT SELECT ON ALL TABLES IN SCHEMA public TO "$(reader_role)";
-- GRANT EXECUTE ON PROCEDURE public.raise_prices(numeric) TO "$(reader_role)";
