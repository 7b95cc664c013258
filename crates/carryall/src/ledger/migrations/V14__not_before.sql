-- An export that could not be built because something did not answer waits until then.
ALTER TABLE exports ADD COLUMN not_before INTEGER;
