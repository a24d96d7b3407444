-- Run by create-db-users. The login is made by the server's administrator.

-- IF DATABASE_PRINCIPAL_ID(N'$(reader_user)') IS NULL
--     CREATE USER [$(reader_user)] FOR LOGIN [$(reader_login)] WITH DEFAULT_SCHEMA = dbo;
-- GO
