-- Run by add-users-to-roles, after roles and users are there.

-- GRANT "$(reader_role)" TO "$(reader_user)";
