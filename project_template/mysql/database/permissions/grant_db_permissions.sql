-- Run by grant-db-permissions, after the roles are there. * is every object of the database that is deployed to.

-- GRANT SELECT ON * TO `$(reader_role)`;
-- GRANT EXECUTE ON PROCEDURE raise_prices TO `$(reader_role)`;
