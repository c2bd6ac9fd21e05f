-- Rows keep the CRM's reference to a user, and the name is looked up when they are read. Until now a row kept the name, or
-- "User 7" where the user list did not have the ID yet, and kept it forever. What was unresolved becomes the reference again;
-- the other rows get theirs when the next sync decodes them with the new version of the decoder.
UPDATE leads SET owner = SUBSTR(owner, 6)
    WHERE owner LIKE 'User %' AND LENGTH(owner) > 5 AND TRIM(SUBSTR(owner, 6), '0123456789') = '';
UPDATE pipeline_items SET owner = SUBSTR(owner, 6)
    WHERE owner LIKE 'User %' AND LENGTH(owner) > 5 AND TRIM(SUBSTR(owner, 6), '0123456789') = '';
UPDATE scheduled_activities SET owner = SUBSTR(owner, 6)
    WHERE owner LIKE 'User %' AND LENGTH(owner) > 5 AND TRIM(SUBSTR(owner, 6), '0123456789') = '';
UPDATE notes SET author = SUBSTR(author, 6)
    WHERE author LIKE 'User %' AND LENGTH(author) > 5 AND TRIM(SUBSTR(author, 6), '0123456789') = '';
