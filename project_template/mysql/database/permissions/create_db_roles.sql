-- Run by create-db-roles. $(name) is a value of db_permissions_variables in the config, "reader_role": "shop_reader".

-- CREATE ROLE IF NOT EXISTS `$(reader_role)`;
