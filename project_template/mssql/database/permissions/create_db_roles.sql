-- Run by create-db-roles. $(name) is a value of db_permissions_variables in the config, "reader_role": "shop_reader".

-- IF DATABASE_PRINCIPAL_ID(N'$(reader_role)') IS NULL
--     CREATE ROLE [$(reader_role)];
-- GO
