-- Run by create-db-users. Users belong to the whole server; the password is set by its administrator.

-- DO $$
-- BEGIN
--     IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '$(reader_user)') THEN
--         CREATE ROLE "$(reader_user)" LOGIN;
--     END IF;
-- END;
-- $$;
