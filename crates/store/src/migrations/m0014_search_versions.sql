-- Texts are prepared for search when they are written. Since searches can compare letters in a new way after an update, this
-- keeps which version the stored texts were prepared by; 0 stands for those from before there were versions.
CREATE TABLE search_versions (version BIGINT NOT NULL);
INSERT INTO search_versions (version) VALUES (0);
