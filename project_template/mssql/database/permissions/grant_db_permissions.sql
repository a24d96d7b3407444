-- Run by grant-db-permissions, after the roles are there.

-- GRANT SELECT ON SCHEMA::dbo TO [$(reader_role)];
-- GO
-- GRANT EXECUTE ON dbo.raise_prices TO [$(reader_role)];
-- GO
