-- Run by create-db-roles. $(name) is a value of db_permissions_variables in the config, "reader_role": "shop_reader".

-- DO $$
-- BEGIN
--     IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '$(reader_role)') THEN
--         CREATE ROLE "$(reader_role)" NOLOGIN;
--     END IF;
-- END;
-- $$;
